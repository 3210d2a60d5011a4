//! The inboxes, shared and personal: the order in which an activity is believed. Cheap refusals come first; with a known
//! key no network is used; what is accepted is on the disk before the answer.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use majlis_local::actors;
use majlis_local::instances::Policy;
use majlis_local::jobs::{self, Job};
use majlis_local::{Error, instances, received};

use crate::activities::{self, Handled};
use crate::sig::{Headers, Request, Scheme};
use crate::signer::{SignedBy, SignerError};
use crate::state::{Federation, stored};
use crate::vocab::{Activity, Envelope, ParseError, document};

/// Bytes of an activity. Mastodon's and ours stay below 64 KiB; articles are longer.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Why an activity is not taken: what the sender hears, and what the log says.
struct Refusal {
    status: StatusCode,
    reason: &'static str,
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str) -> Self {
        Self { status, reason }
    }
}

/// `POST /inbox` and `POST /users/{name}/inbox` (ActivityPub §7): 202 when it was taken, or need not be sent again.
pub async fn receive(federation: Data<Federation>, req: HttpRequest, body: Bytes) -> HttpResponse {
    let taken = take(&federation, &req, &body).await;
    let status = match &taken {
        Ok(outcome) => {
            metrics::counter!("majlis_inbox_total", "outcome" => *outcome).increment(1);
            StatusCode::ACCEPTED
        }
        Err(refusal) => {
            metrics::counter!("majlis_inbox_total", "outcome" => "refused", "status" => refusal.status.as_str().to_owned())
                .increment(1);
            refusal.status
        }
    };
    match taken {
        Ok(_) => HttpResponse::build(status).finish(),
        Err(refusal) => HttpResponse::build(status).json(serde_json::json!({ "error": refusal.reason })),
    }
}

async fn take(federation: &Federation, req: &HttpRequest, body: &Bytes) -> Result<&'static str, Refusal> {
    let kind = req.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !document::is_activity_json(kind) {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The content type must be application/activity+json"));
    }
    let envelope = Envelope::from_slice(body).map_err(|error| {
        tracing::info!(%error, bytes = body.len(), "a body that is no activity");
        match error {
            ParseError::TooLarge => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The activity is too large"),
            _ => Refusal::new(StatusCode::BAD_REQUEST, "The body is not an activity in JSON"),
        }
    })?;
    let (Some(id), Some(actor)) = (envelope.id.as_deref(), envelope.actor.as_deref()) else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "An activity needs an id and an actor"));
    };
    let Some(host) = instances::host_of(actor) else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "The actor must be an http or https URL"));
    };
    if instances::host_of(id).as_deref() != Some(host.as_str()) {
        tracing::info!(%actor, %id, "an activity with the id of another host than its actor's");
        return Err(Refusal::new(StatusCode::FORBIDDEN, "The activity and its actor must be on one host"));
    }
    if federation.site().is_own_domain(&host) {
        tracing::info!(%actor, %id, "an activity from elsewhere in the name of somebody here");
        return Err(Refusal::new(StatusCode::FORBIDDEN, "The actor is one of ours"));
    }
    match federation.db.policy(&host).await {
        Ok(Policy::Suspend) => {
            tracing::debug!(%host, "an activity of a blocked server");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Your server is blocked here"));
        }
        Ok(_) => {}
        Err(error) => return Err(broken(&error)),
    }
    if envelope.is_about_its_own_actor() && !is_known(federation, actor).await? {
        return Ok("unknown_actor");
    }
    let request = Request {
        method: req.method().as_str(),
        path_and_query: req.uri().path_and_query().map_or("/", |pq| pq.as_str()),
        headers: Headers::from(req.headers()),
        body,
    };
    let signer = federation.signed_by(&request).await.map_err(|error| unsigned(&error, actor))?;
    let activity = match Activity::from_slice(body) {
        Ok(activity) => activity,
        Err(ParseError::UnknownType(_)) => return Ok("unknown_type"),
        Err(error) => {
            tracing::info!(%actor, %error, "a body that is no activity");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "The body is not an activity"));
        }
    };
    if &*signer.uri != actor {
        return forwarded(federation, &envelope, body, &signer).await;
    }
    accept(federation, activity, envelope, body.clone(), host, signer).await
}

/// The activity of whoever signed: recorded and carried out in one write.
async fn accept(
    federation: &Federation,
    activity: Activity,
    envelope: Envelope,
    body: Bytes,
    host: String,
    signer: SignedBy,
) -> Result<&'static str, Refusal> {
    let site = federation.site().clone();
    let (uri, sender) = (signer.uri.clone(), signer.uri.clone());
    let done = federation.db.write(move |c| {
        let id = envelope.id.as_deref().unwrap_or_default();
        if !received::record(c, id, &envelope.kind, &uri, envelope.object.as_deref())? {
            return Ok("replay");
        }
        instances::seen(c, &host)?;
        if signer.scheme == Scheme::Rfc9421 && instances::scheme(c, &host)?.is_none() {
            instances::learn_scheme(c, &host, stored(signer.scheme))?;
        }
        let actor = actors::get(c, signer.actor)?;
        if actor.is_gone() {
            return Ok("gone_actor");
        }
        Ok(match activities::handle(c, &site, &activity, &actor)? {
            Handled::Done => "done",
            Handled::Ignored(why) => {
                tracing::debug!(%id, why, "ignored");
                "ignored"
            }
            Handled::Fetch => {
                let activity = String::from_utf8(body.to_vec()).map_err(Error::internal)?;
                jobs::enqueue(c, &Job::Receive { activity, signer: uri.to_string(), verified: true })?;
                "deferred"
            }
        })
    });
    done.await.map_err(|error| match error {
        Error::Forbidden(reason) => {
            tracing::info!(%sender, reason, "an activity that its sender may not send");
            Refusal::new(StatusCode::FORBIDDEN, reason)
        }
        error => broken(&error),
    })
}

/// An activity that somebody passes on (ActivityPub §7.1.2): only its object's origin can prove it, so that one is asked.
async fn forwarded(
    federation: &Federation,
    envelope: &Envelope,
    body: &Bytes,
    signer: &SignedBy,
) -> Result<&'static str, Refusal> {
    if !envelope.ld_signed && !envelope.proven {
        tracing::info!(signer = %signer.uri, actor = ?envelope.actor, "signature of another actor than the activity's");
        return Err(Refusal::new(StatusCode::FORBIDDEN, "The signer is not the actor of the activity"));
    }
    if !matches!(envelope.kind.as_str(), "Create" | "Update" | "Delete") {
        return Ok("forwarded");
    }
    let (Some(id), Some(actor)) = (envelope.id.clone(), envelope.actor.clone()) else { return Ok("forwarded") };
    let Ok(activity) = String::from_utf8(body.to_vec()) else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "The body is not UTF-8"));
    };
    let (kind, object, signer) = (envelope.kind.clone(), envelope.object.clone(), signer.uri.to_string());
    let written = federation.db.write(move |c| {
        if received::record(c, &id, &kind, &actor, object.as_deref())? {
            jobs::enqueue(c, &Job::Receive { activity, signer, verified: false })?;
        }
        Ok(())
    });
    written.await.map_err(|error| broken(&error))?;
    Ok("forwarded")
}

async fn is_known(federation: &Federation, actor: &str) -> Result<bool, Refusal> {
    let uri = actor.to_owned();
    let known = federation.db.read(move |c| Ok(actors::by_uri(c, &uri)?.is_some_and(|actor| actor.deleted_at.is_none())));
    known.await.map_err(|error| broken(&error))
}

fn unsigned(error: &SignerError, actor: &str) -> Refusal {
    match error {
        SignerError::Signature { error, key_id } => {
            tracing::info!(%actor, key_id = key_id.as_deref().unwrap_or("-"), reason = %error, "signature refused");
            metrics::counter!("majlis_signatures_refused_total", "reason" => error.kind()).increment(1);
            Refusal::new(StatusCode::UNAUTHORIZED, "The signature of the request could not be verified")
        }
        SignerError::Unreachable(error) => {
            tracing::info!(%actor, reason = %error, "signature refused: its key cannot be fetched");
            metrics::counter!("majlis_signatures_refused_total", "reason" => "unreachable").increment(1);
            Refusal::new(StatusCode::UNAUTHORIZED, "The key of the signature could not be fetched")
        }
        SignerError::Local(error) => broken(error),
    }
}

fn broken(error: &Error) -> Refusal {
    tracing::error!(%error, "an activity could not be taken");
    match error {
        Error::Busy => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "Busy; try again later"),
        _ => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here; try again later"),
    }
}
