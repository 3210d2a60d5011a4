//! What the other servers send: activities, signed before the clock runs.

use chrono::Utc;
use majlis_federation::sig::{BodyDigest, Outgoing, PrivateKey, Scheme, sign};
use serde_json::{Value, json};
use url::Url;

use crate::Failure;
use crate::calls::Call;
use crate::words::Dice;

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Something that an actor does, with an id of its own on the actor's host.
pub(crate) fn activity(kind: &str, actor: &str, id: &str, object: Value) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": kind, "actor": actor, "object": object,
        "to": [PUBLIC], "cc": [format!("{actor}/followers")], "published": Utc::now().to_rfc3339(),
    })
}

/// A note of an actor.
pub(crate) fn note(actor: &str, id: &str, dice: &mut Dice) -> Value {
    let text = dice.sentence();
    json!({
        "id": id, "type": "Note", "attributedTo": actor, "content": format!("<p>{text}</p>"), "url": id,
        "published": Utc::now().to_rfc3339(), "to": [PUBLIC], "cc": [format!("{actor}/followers")], "sensitive": false,
        "summary": null, "inReplyTo": null, "attachment": [], "tag": [], "contentMap": {"en": format!("<p>{text}</p>")},
    })
}

/// The request that brings an activity to `path` of the server at `origin`, signed as Mastodon signs.
pub(crate) fn delivery(origin: &str, path: &str, actor: &str, key: &PrivateKey, activity: &Value) -> Result<Call, Failure> {
    let body = activity.to_string();
    let url: Url = format!("{origin}{path}").parse()?;
    let digest = BodyDigest::of(body.as_bytes());
    let outgoing = Outgoing { method: "POST", url: &url, digest: Some(&digest) };
    let fields = sign(outgoing, Scheme::Cavage, &format!("{actor}#main-key"), key, Utc::now())?;
    let mut call = Call::post(path, "application/activity+json", body);
    call.headers.extend(fields);
    Ok(call)
}
