//! What watches the server: `/health` for whoever restarts it, `/metrics` for Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use majlis_local::{Db, jobs};
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often samples are summed up; without it they would pile up where nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the classes in which durations are counted, in seconds.
const CLASSES: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The numbers of this process: there is one recorder, however many servers run in it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The process's recorder, installed at the first call.
    pub fn install() -> Self {
        static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = RECORDER.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), CLASSES).unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Somebody else's recorder keeps its place: the numbers go there, and our page stays empty.
            let _ = metrics::set_global_recorder(recorder);
            describe();
            handle
        });
        Self(handle.clone())
    }

    /// Sums up samples until `stop`.
    pub async fn upkeep(self, stop: CancellationToken) {
        while tokio::time::timeout(UPKEEP, stop.cancelled()).await.is_err() {
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    describe_counter!("majlis_requests_total", "Requests answered, by method, route and class of status");
    describe_histogram!("majlis_request_seconds", "Time from a request's head to its answer's head, by route");
    describe_counter!("majlis_jobs_total", "Jobs that ended, by outcome");
    describe_gauge!("majlis_jobs_in_hand", "Jobs that are being worked on");
    describe_histogram!("majlis_job_seconds", "Time that a job took, by kind");
    describe_counter!("majlis_chores_rows_total", "Old rows thrown away, by chore");
    describe_gauge!("majlis_build_info", "1, with the version as a label");
    describe_gauge!("process_resident_memory_bytes", "Memory that the process holds");
    gauge!("majlis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// The two pages on the public port. `/metrics` answers there to this machine only.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/health", web::get().to(health)).route("/metrics", web::get().to(own_metrics));
}

/// The public port where the numbers have a port of their own.
pub fn configure_without_metrics(cfg: &mut ServiceConfig) {
    cfg.route("/health", web::get().to(health));
}

/// The two pages on a port of their own, for whoever reaches it.
pub fn configure_own_port(cfg: &mut ServiceConfig) {
    cfg.route("/health", web::get().to(health)).route("/metrics", web::get().to(metrics));
}

async fn health(db: Data<Db>) -> HttpResponse {
    match tokio::time::timeout(PATIENCE, db.read(jobs::next_due)).await {
        Ok(Ok(_)) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK"),
        Ok(Err(error)) => {
            tracing::error!(%error, "the database does not answer");
            unhealthy()
        }
        Err(_) => {
            tracing::error!("the database does not answer in time");
            unhealthy()
        }
    }
}

fn unhealthy() -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body("the database does not answer")
}

async fn own_metrics(req: HttpRequest, page: Data<Metrics>) -> HttpResponse {
    if is_from_here(&req) { metrics(page).await } else { HttpResponse::NotFound().finish() }
}

async fn metrics(page: Data<Metrics>) -> HttpResponse {
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(page.0.render())
}

/// Whether a request was made on this machine and not handed on by a proxy on it.
fn is_from_here(req: &HttpRequest) -> bool {
    let forwarded =
        [header::FORWARDED, header::X_FORWARDED_FOR, header::X_FORWARDED_HOST, header::X_FORWARDED_PROTO, header::VIA];
    req.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !forwarded.iter().any(|name| req.headers().contains_key(name))
        && !req.headers().contains_key("x-real-ip")
}

/// Memory that the process holds, in bytes, where the system says so (Linux).
pub fn resident_memory() -> Option<u64> {
    let page: String = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = page.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_this_machine_sees_the_numbers() {
        let from = |peer: &str, headers: &[(&'static str, &'static str)]| {
            let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
            for header in headers {
                request = request.insert_header(*header);
            }
            is_from_here(&request.to_http_request())
        };
        assert!(from("127.0.0.1:5", &[]) && from("[::1]:5", &[]) && from("[::ffff:127.0.0.1]:5", &[]));
        assert!(!from("192.0.2.1:5", &[]));
        assert!(!from("127.0.0.1:5", &[("x-forwarded-for", "192.0.2.1")]));
        assert!(!from("127.0.0.1:5", &[("x-real-ip", "192.0.2.1")]));
    }
}
