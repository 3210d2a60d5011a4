//! Nodeinfo, asking side (NodeInfo 2.1, FEP-f1d5): what software another server runs, as it says itself.

use serde::Deserialize;
use url::Url;

use crate::client::{Budget, Client, ClientError};
use crate::vocab::id;

const ACCEPT: &str = "application/json";
/// Every schema that has `software` begins so.
const SCHEMA: &str = "http://nodeinfo.diaspora.software/ns/schema/";
/// Links of one answer that are looked at.
const MAX_LINKS: usize = 20;
/// Characters that are kept of a name or a version.
const MAX_TEXT: usize = 100;

/// What a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// In lower case: `mastodon`, `gotosocial` …
    pub name: String,
    /// As it calls it itself.
    pub version: Option<String>,
}

/// Asks a host. `None` when it has no nodeinfo that can be read, or keeps it at another host: anybody could say anything there.
///
/// # Errors
/// [`ClientError`] when it could not be asked.
pub async fn look_up(client: &Client, host: &str, budget: &Budget) -> Result<Option<Software>, ClientError> {
    let links: Links = client.get_json(&client.well_known(host, "nodeinfo")?, ACCEPT, budget).await?;
    let Some(url) = links.newest().filter(|url| id::authority(url.as_str()).as_deref() == Some(host)) else {
        return Ok(None);
    };
    let Answer { software } = client.get_json(&url, ACCEPT, budget).await?;
    let short = |text: String| text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect::<String>();
    let name = short(software.name).to_lowercase();
    let version = software.version.map(short).filter(|version| !version.is_empty());
    Ok(if name.is_empty() { None } else { Some(Software { name, version }) })
}

#[derive(Deserialize)]
struct Links {
    #[serde(default)]
    links: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Link {
    rel: String,
    href: String,
}

impl Links {
    fn newest(&self) -> Option<Url> {
        let links = self.links.iter().take(MAX_LINKS).filter_map(|link| Link::deserialize(link).ok());
        let newest = links.filter(|link| link.rel.starts_with(SCHEMA)).max_by(|a, b| a.rel.cmp(&b.rel))?;
        id::url(&newest.href)
    }
}

#[derive(Deserialize)]
struct Answer {
    software: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    version: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::tests::{Server, client, json_of_type, status};

    async fn ask(links: impl Fn(&Url) -> serde_json::Value + Send + Sync + 'static) -> Result<Option<Software>, ClientError> {
        let server = Server::start(move |seen, own| match seen.target.as_str() {
            "/.well-known/nodeinfo" => json_of_type("application/json", links(own)),
            "/nodeinfo/2.1" => json_of_type(
                "application/json",
                json!({"software": {"name": "GoToSocial\u{1}", "version": "0.20.1"}, "usage": 5}),
            ),
            "/nodeinfo/2.0" => json_of_type("application/json", json!({"software": {"name": "old"}})),
            _ => status(404, vec![]),
        })
        .await;
        look_up(&client(), server.origin.authority(), &Budget::for_look_up()).await
    }

    fn link(own: &Url, version: &str) -> serde_json::Value {
        json!({"rel": format!("{SCHEMA}{version}"), "href": own.join(&format!("/nodeinfo/{version}")).unwrap().as_str()})
    }

    #[tokio::test]
    async fn the_newest_schema_says_what_a_host_runs() {
        let found = ask(|own| json!({"links": [link(own, "2.1"), link(own, "2.0"), 7, {"rel": "other"}]})).await.unwrap();
        assert_eq!(found, Some(Software { name: "gotosocial".to_owned(), version: Some("0.20.1".to_owned()) }));
        let old = ask(|own| json!({"links": [link(own, "2.0")]})).await.unwrap();
        assert_eq!(old, Some(Software { name: "old".to_owned(), version: None }));
    }

    #[tokio::test]
    async fn what_is_kept_elsewhere_or_missing_says_nothing() {
        assert_eq!(ask(|_| json!({"links": []})).await.unwrap(), None);
        let elsewhere = Url::parse("http://127.0.0.2:1/").unwrap();
        assert_eq!(ask(move |_| json!({"links": [link(&elsewhere, "2.1")]})).await.unwrap(), None);
        assert!(ask(|own| json!({"links": [link(own, "9.9")]})).await.is_err());
    }
}
