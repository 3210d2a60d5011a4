//! The clients: requests over connections that are kept, several at a time, and how long each took.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::Failure;

/// Requests that are under way at the same time.
const AT_ONCE: usize = 4;

/// A request to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn post(path: impl Into<String>, content_type: &str, body: String) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { method: Method::POST, path: path.into(), headers, body }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As the owner of a token.
    pub(crate) fn by(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }
}

/// How long requests took.
#[derive(Debug, Clone)]
pub(crate) struct Timings {
    /// Sorted.
    each: Vec<Duration>,
    pub(crate) whole: Duration,
}

impl Timings {
    /// The time within which `share` (0 to 1) of the requests were answered.
    pub(crate) fn within(&self, share: f64) -> Duration {
        let last = self.each.len().saturating_sub(1);
        self.each.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.each.len() as f64 / self.whole.as_secs_f64().max(1e-9)
    }
}

/// A client of the server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    origin: String,
}

impl Client {
    pub(crate) fn new(port: u16) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .resolve("localhost", ([127, 0, 0, 1], port).into())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { http, origin: format!("http://localhost:{port}") })
    }

    /// Makes a request and gives back its answer's body; anything but success is an error.
    pub(crate) async fn send(&self, call: &Call) -> Result<String, Failure> {
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.origin, call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(call.body.clone()).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        if status.is_success() { Ok(body) } else { Err(format!("{} {} answers {status}: {body}", call.method, call.path).into()) }
    }

    /// Makes all of them, four at a time; the first that fails ends it.
    pub(crate) async fn run(&self, calls: Vec<Call>) -> Result<Timings, Failure> {
        let calls = Arc::new(calls);
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let workers = (0..AT_ONCE).map(|_| {
            let (client, calls, next) = (self.clone(), calls.clone(), next.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    client.send(call).await?;
                    took.push(begun.elapsed());
                }
                Ok::<_, Failure>(took)
            })
        });
        let mut each = Vec::with_capacity(calls.len());
        for worker in futures_util::future::join_all(workers).await {
            each.extend(worker??);
        }
        let whole = begun.elapsed();
        each.sort_unstable();
        Ok(Timings { each, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_the_sorted_times() {
        let timings = Timings { each: (1..=101).map(Duration::from_millis).collect(), whole: Duration::from_secs(2) };
        assert_eq!((timings.within(0.5).as_millis(), timings.within(0.99).as_millis()), (51, 100));
        assert_eq!(timings.rate(), 50.5);
        assert_eq!(Timings { each: vec![], whole: Duration::ZERO }.within(0.5), Duration::ZERO);
    }
}
