//! Webfinger, asking side (RFC 7033): from a handle to an actor, and from an actor to the handle that its domain confirms.
//! A domain may speak for accounts of another one only if that one says the same: a subject elsewhere is looked up there.

use std::fmt;

use serde::Deserialize;
use url::Url;

use crate::client::{Budget, Client, ClientError};
use crate::vocab::{Actor, document, id};

const ACCEPT: &str = "application/jrd+json, application/json";
/// Links of one answer that are looked at.
const MAX_LINKS: usize = 100;
/// Characters of a name: more than any server allows.
const MAX_USER: usize = 256;

/// An account, `user@domain`: the user as written, the domain in lower-case ASCII with a port only among private peers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acct {
    /// The name before the `@`.
    pub user: String,
    /// The domain behind it.
    pub domain: String,
}

impl Acct {
    /// Reads `user@domain`, `@user@domain` or `acct:user@domain`. Domains in other scripts become ASCII (IDNA).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("acct:").unwrap_or(text);
        let (user, domain) = text.strip_prefix('@').unwrap_or(text).split_once('@')?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '%');
        if user.is_empty() || user.len() > MAX_USER || !user.chars().all(plain) {
            return None;
        }
        Some(Self { user: user.to_owned(), domain: parse_domain(domain)? })
    }

    /// The same account: names of users are compared without case, as every peer does.
    pub fn is_same(&self, other: &Self) -> bool {
        self.domain == other.domain && self.user.to_lowercase() == other.user.to_lowercase()
    }
}

/// Writes `user@domain`.
impl fmt::Display for Acct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.domain)
    }
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The account as its own domain writes it. Differs from what was asked for where a handle's domain is not the server's.
    pub account: Acct,
    /// The id of the actor. It still has to be fetched, and its id must be this.
    pub actor: Url,
}

/// Why a look-up failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebfingerError {
    /// The request failed.
    Client(ClientError),
    /// The domain knows the account, but names no actor for it.
    NoActor,
    /// The answer is about another account, and that one's domain does not confirm it.
    NotConfirmed,
}

impl WebfingerError {
    /// Whether there is no such account, as opposed to an answer that could not be had.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_gone())
    }
}

impl fmt::Display for WebfingerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(f, "webfinger: {error}"),
            Self::NoActor => f.write_str("webfinger names no actor"),
            Self::NotConfirmed => f.write_str("webfinger's subject is not confirmed by its domain"),
        }
    }
}

impl std::error::Error for WebfingerError {}

impl From<ClientError> for WebfingerError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// Finds the actor of an account. Where the answer's subject is another account (`@amal@example.org` whose server is
/// `social.example.org`), that one is looked up too and must name the same actor: then it is the account.
///
/// # Errors
/// [`WebfingerError`].
pub async fn look_up(client: &Client, account: &Acct, budget: &Budget) -> Result<Found, WebfingerError> {
    let first = ask(client, account, budget).await?;
    let actor = first.actor().ok_or(WebfingerError::NoActor)?;
    let Some(subject) = first.account() else {
        // No subject that is an account: the domain has answered for what it was asked.
        return Ok(Found { account: account.clone(), actor });
    };
    if subject.is_same(account) {
        return Ok(Found { account: subject, actor });
    }
    let second = ask(client, &subject, budget).await?;
    let confirmed = second.account().is_some_and(|own| own.is_same(&subject)) && second.actor().as_ref() == Some(&actor);
    if confirmed { Ok(Found { account: subject, actor }) } else { Err(WebfingerError::NotConfirmed) }
}

/// The account of an actor that was fetched by its id: the handle that it claims (FEP-2c59), else its name at its own host,
/// provided that webfinger leads back to the actor.
///
/// # Errors
/// [`WebfingerError::NotConfirmed`] when it leads to another actor.
pub async fn account_of(client: &Client, actor: &Actor, budget: &Budget) -> Result<Acct, WebfingerError> {
    let by_host = || Acct::parse(&format!("{}@{}", actor.preferred_username, id::authority(&actor.id)?));
    let claimed = actor.handle().and_then(Acct::parse).or_else(by_host).ok_or(WebfingerError::NotConfirmed)?;
    let found = look_up(client, &claimed, budget).await?;
    if id::url(&actor.id).as_ref() == Some(&found.actor) { Ok(found.account) } else { Err(WebfingerError::NotConfirmed) }
}

async fn ask(client: &Client, account: &Acct, budget: &Budget) -> Result<Jrd, WebfingerError> {
    let mut url = client.well_known(&account.domain, "webfinger")?;
    url.query_pairs_mut().append_pair("resource", &format!("acct:{account}"));
    Ok(client.get_json(&url, ACCEPT, budget).await?)
}

/// Host, and port if there is one, as a URL would write them.
fn parse_domain(domain: &str) -> Option<String> {
    if domain.is_empty() || domain.contains(['/', '?', '#', '@', '\\', '%']) || domain.contains(char::is_whitespace) {
        return None;
    }
    let url = Url::parse(&format!("https://{}/", domain.trim_end_matches('.'))).ok()?;
    Some(crate::sig::sign::authority(&url).to_owned())
}

/// A JSON Resource Descriptor (RFC 7033 §4.4), as much of it as we use.
#[derive(Deserialize)]
struct Jrd {
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    links: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Link {
    rel: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    href: String,
}

impl Jrd {
    fn account(&self) -> Option<Acct> {
        self.subject.as_deref().filter(|subject| subject.starts_with("acct:")).and_then(Acct::parse)
    }

    /// The first link to the account itself that is ActivityPub.
    fn actor(&self) -> Option<Url> {
        self.links.iter().take(MAX_LINKS).filter_map(|link| Link::deserialize(link).ok()).find_map(|link| {
            let is_actor = link.rel == "self" && link.kind.as_deref().is_some_and(document::is_activity_json);
            if is_actor { id::url(&link.href) } else { None }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::client::tests::{Seen, Server, client, json_of_type, status};

    fn acct(text: &str) -> Acct {
        Acct::parse(text).unwrap()
    }

    #[test]
    fn handles_are_read_in_every_form() {
        for text in ["amal@peer.example", "@amal@peer.example", "acct:amal@peer.example", " @amal@PEER.example. "] {
            assert_eq!(acct(text), Acct { user: "amal".into(), domain: "peer.example".into() }, "{text}");
        }
        assert_eq!(acct("@أمل@مثال.example").domain, "xn--mgbh0fb.example");
        assert_eq!(acct("amal@127.0.0.1:8081").to_string(), "amal@127.0.0.1:8081");
        assert_eq!(acct("amal@peer.example:443").domain, "peer.example");
        assert!(acct("Amal@peer.example").is_same(&acct("amal@peer.example")));
        for text in [
            "",
            "amal",
            "@amal",
            "amal@",
            "@@peer.example",
            "a b@peer.example",
            "amal@peer.example/x",
            "amal@a@b",
            "amal@pe er",
            "a\"@b.c",
        ] {
            assert_eq!(Acct::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_actor_is_the_self_link_that_is_activitypub() {
        let jrd = |links: Value| Jrd::deserialize(json!({"links": links})).unwrap();
        let good = json!({"rel": "self", "type": "application/activity+json", "href": "https://a.example/amal"});
        let page =
            json!({"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": "https://a.example/@amal"});
        let ld = json!({"rel": "self", "type": "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"", "href": "https://a.example/ld"});
        assert_eq!(jrd(json!([5, page, {"rel": "self"}, good])).actor().unwrap().as_str(), "https://a.example/amal");
        assert_eq!(jrd(json!([ld])).actor().unwrap().as_str(), "https://a.example/ld");
        assert_eq!(
            jrd(json!([page, {"rel": "self", "type": "application/activity+json", "href": "javascript:x"}])).actor(),
            None
        );
    }

    /// The descriptor of an account on the server that is asked.
    fn descriptor(subject: &str, actor: &str) -> Value {
        json!({"subject": subject, "links": [{"rel": "self", "type": "application/activity+json", "href": actor}]})
    }

    fn resource(target: &str) -> String {
        let url = Url::parse(&format!("http://x{target}")).unwrap();
        url.query_pairs().find(|(name, _)| name == "resource").unwrap().1.into_owned()
    }

    fn user(seen: &Seen) -> &'static str {
        if resource(&seen.target).contains("amal") { "amal" } else { "eve" }
    }

    fn actor(id: &str, webfinger: Option<String>) -> Actor {
        let mut actor = Actor::new(crate::vocab::ActorKind::Person, id, "amal", format!("{id}/inbox"));
        actor.webfinger = webfinger;
        actor
    }

    #[tokio::test]
    async fn an_account_leads_to_its_actor_and_back() {
        let server = Server::start(|seen, own| match resource(&seen.target) {
            account if account.to_lowercase().starts_with("acct:amal@") => {
                let subject = format!("acct:amal@{}", own.authority());
                json_of_type(
                    "application/jrd+json; charset=utf-8",
                    descriptor(&subject, own.join("/users/amal").unwrap().as_str()),
                )
            }
            _ => status(404, vec![]),
        })
        .await;
        let domain = server.origin.authority();
        let (client, budget) = (client(), Budget::for_look_up());
        let found = look_up(&client, &acct(&format!("@AMAL@{domain}")), &budget).await.unwrap();
        assert_eq!(found, Found { account: acct(&format!("amal@{domain}")), actor: server.url("/users/amal") });
        assert!(look_up(&client, &acct(&format!("nobody@{domain}")), &budget).await.unwrap_err().is_gone());

        let own = actor(server.url("/users/amal").as_str(), None);
        assert_eq!(account_of(&client, &own, &budget).await.unwrap(), found.account);
        let impostor = actor(server.url("/users/other").as_str(), None);
        assert_eq!(account_of(&client, &impostor, &budget).await, Err(WebfingerError::NotConfirmed));
    }

    #[tokio::test]
    async fn a_split_domain_must_be_confirmed_by_both() {
        // One server has the actors, the other the domain of their handles; they agree on amal only.
        let handles_at = Arc::new(OnceLock::new());
        let domain: Arc<OnceLock<String>> = handles_at.clone();
        let server = Server::start(move |seen, own| {
            let user = user(seen);
            let actor = own.join(&format!("/users/{user}")).unwrap();
            json_of_type("application/jrd+json", descriptor(&format!("acct:{user}@{}", domain.get().unwrap()), actor.as_str()))
        })
        .await;
        let social = server.origin.clone();
        let handles = Server::start(move |seen, own| {
            let user = user(seen);
            let actor = social.join(if user == "amal" { "/users/amal" } else { "/users/someone-else" }).unwrap();
            json_of_type("application/json", descriptor(&format!("acct:{user}@{}", own.authority()), actor.as_str()))
        })
        .await;
        handles_at.set(handles.origin.authority().to_owned()).unwrap();
        let (client, budget) = (client(), Budget::for_look_up());
        let at = |user: &str, server: &Server| acct(&format!("{user}@{}", server.origin.authority()));

        let found = look_up(&client, &at("amal", &server), &budget).await.unwrap();
        assert_eq!(found, Found { account: at("amal", &handles), actor: server.url("/users/amal") });
        assert_eq!(server.seen().len() + handles.seen().len(), 2);
        assert_eq!(look_up(&client, &at("amal", &handles), &budget).await.unwrap(), found);
        assert_eq!(look_up(&client, &at("eve", &server), &budget).await, Err(WebfingerError::NotConfirmed));

        let amal = actor(server.url("/users/amal").as_str(), Some(at("amal", &handles).to_string()));
        assert_eq!(account_of(&client, &amal, &budget).await.unwrap(), at("amal", &handles));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,64}") {
            if let Some(account) = Acct::parse(&text) {
                prop_assert_eq!(Acct::parse(&account.to_string()), Some(account));
            }
        }
    }
}
