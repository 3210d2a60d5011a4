//! Whether the pages that a local profile links to link back to it with `rel="me"`: read by the guarded client.

use std::time::Duration;

use majlis_local::actors::{self, Actor};
use majlis_local::ids::ActorId;
use majlis_local::instances::{self, Policy};
use majlis_local::text::page::Page;
use majlis_local::verified_links::{self, Looked};
use url::Url;

use crate::client::{Budget, ClientError};
use crate::previews::{ACCEPT_PAGE, PAGE_BYTES, decode, is_page, secure};
use crate::state::Federation;

/// Requests for one page, with redirects.
const REQUESTS: u32 = 5;
/// The time for one page.
const TIME: Duration = Duration::from_secs(15);

/// Does the job of a profile's links: what could be read is written down, and what could not be is tried again.
///
/// # Errors
/// A text for the log, when a page should be asked again later.
pub(crate) async fn verify(federation: &Federation, id: ActorId) -> Result<(), String> {
    let actor = federation.db.read(move |c| actors::get(c, id)).await.map_err(|error| error.to_string())?;
    if !actor.is_local() || actor.is_gone() {
        return Ok(());
    }
    let (mut looked, mut again) = (Vec::new(), None);
    for (value, url) in verified_links::of(&actor) {
        match links_back(federation, &actor, url).await {
            Ok(links_back) => looked.push(Looked { value, links_back }),
            Err(error) if error.is_temporary() => again = Some(error.to_string()),
            Err(error) => {
                tracing::debug!(%id, %error, "a page of a profile cannot be read");
                looked.push(Looked { value, links_back: false });
            }
        }
    }
    let written = federation.db.write(move |c| verified_links::record(c, id, &looked)).await;
    written.map_err(|error| error.to_string())?;
    again.map_or(Ok(()), Err)
}

async fn links_back(federation: &Federation, actor: &Actor, url: Url) -> Result<bool, ClientError> {
    let url = secure(url, federation);
    let host = instances::host_of(url.as_str()).ok_or(ClientError::Refused("no address of the web"))?;
    if federation.db.policy(&host).await.unwrap_or(Policy::Suspend) == Policy::Suspend {
        return Err(ClientError::Refused("the server is blocked here"));
    }
    let budget = Budget::new(REQUESTS, TIME);
    let fetched = federation.client.get_beginning(&url, ACCEPT_PAGE, is_page, PAGE_BYTES, &budget).await?;
    let page = Page::read(&decode::text(&fetched.body, fetched.content_type.as_deref()));
    let own: Vec<String> = [actor.page_url(), &actor.uri].into_iter().filter_map(|url| plain(&Url::parse(url).ok()?)).collect();
    let mut named = page.me.iter().filter_map(|href| plain(&fetched.url.join(href).ok()?));
    Ok(named.any(|href| own.contains(&href)))
}

/// An address without what does not tell pages apart: case, a slash at the end, a place on the page.
fn plain(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}://{host}{port}{}{query}", url.scheme(), url.path().trim_end_matches('/').to_lowercase()))
}

#[cfg(test)]
mod tests {
    use majlis_local::profiles::{self, FieldSource, ProfileEdit};
    use majlis_local::testing::{TestDb, people};

    use super::*;
    use crate::client::PrivatePeers;
    use crate::client::tests::{Answer, Server, status};
    use crate::state::ServerInfo;

    #[tokio::test]
    async fn a_page_that_links_back_verifies_its_link() {
        let db = TestDb::new();
        let info = ServerInfo::default();
        let federation = Federation::new((*db).clone(), PrivatePeers::On, info).unwrap();
        let peer = Server::start(|seen, _| match seen.target.as_str() {
            "/back" => page("<a class=x rel=\"nofollow ME\" href='https://majlis.example/@Ali/'>"),
            "/id" => page("<link rel=me href=https://majlis.example/users/ali>"),
            "/other" => page("<a rel=me href=https://majlis.example/@badr>"),
            "/down" => status(503, vec![]),
            _ => status(404, vec![]),
        })
        .await;
        let paths = ["/back", "/id", "/other", "/gone"];
        let urls: Vec<String> = paths.iter().map(|path| peer.url(path).to_string()).collect();
        let id = db
            .write(move |c| {
                let ali = people::local(c, "ali").id;
                set(c, ali, &urls);
                Ok(ali)
            })
            .await
            .unwrap();
        verify(&federation, id).await.unwrap();
        let verified = async || -> Vec<bool> {
            let actor = db.read(move |c| actors::get(c, id)).await.unwrap();
            actor.fields.unwrap().iter().map(|field| field.verified_at.is_some()).collect()
        };
        assert_eq!(verified().await, [true, true, false, false]);
        // What cannot be asked just now stays as it is and is asked again.
        let urls = [peer.url("/back").to_string(), peer.url("/down").to_string()];
        db.write(move |c| {
            set(c, id, &urls);
            Ok(())
        })
        .await
        .unwrap();
        assert!(verify(&federation, id).await.is_err());
        assert_eq!(verified().await, [true, false]);
    }

    fn page(html: &str) -> Answer {
        Answer::Plain(200, vec![("content-type", "text/html".to_owned())], html.as_bytes().to_vec())
    }

    fn set(c: &mut majlis_local::Connection, id: ActorId, urls: &[String]) {
        let fields = urls.iter().map(|url| FieldSource { name: "x".into(), value: url.clone() }).collect();
        profiles::edit(c, &people::site(), id, ProfileEdit { fields: Some(fields), ..ProfileEdit::default() }).unwrap();
    }
}
