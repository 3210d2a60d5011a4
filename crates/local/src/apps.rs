//! Client applications, as they register themselves before anybody logs in (RFC 6749 §2, RFC 7591 in spirit).

use diesel::prelude::*;

use crate::connection::{Connection, cols};
use crate::error::{Error, Flaw, Problem, Result};
use crate::ids::AppId;
use crate::json::Json;
use crate::schema::{apps, oauth_codes, tokens};
use crate::scopes::Scopes;
use crate::secrets;
use crate::time::Timestamp;

/// Show the code on a page instead of redirecting: for programs that cannot be redirected to.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// A name longer than this is refused, in characters.
const NAME_LIMIT: usize = 60;
/// An address longer than this is refused, in bytes.
const URL_LIMIT: usize = 2_000;
/// More redirect addresses than this are refused.
const REDIRECTS_LIMIT: usize = 32;
/// Schemes by which a redirect would run or leak something in the browser.
const FORBIDDEN_SCHEMES: &[&str] = &["data", "vbscript", "javascript", "mailto", "about", "blob", "file"];

/// A registered application.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = apps)]
pub struct App {
    /// The row.
    pub id: AppId,
    /// What the app calls itself by in OAuth.
    pub client_id: String,
    /// The hash of its secret.
    pub client_secret_hash: String,
    /// Shown to those who are asked to let it in, and beneath posts.
    pub name: String,
    /// Its home page.
    pub website: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Json<Vec<String>>,
    /// The most that it may ask for.
    pub scopes: Scopes,
    /// When it registered.
    pub created_at: Timestamp,
}

impl App {
    /// Whether the app may have codes sent to this address: exactly one of those it registered (RFC 6749 §3.1.2.3).
    /// On loopback the port may differ, since native apps listen where they can (RFC 8252 §7.3).
    pub fn allows_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == uri || same_but_for_a_loopback_port(registered, uri))
    }

    /// Whether this is the app's secret.
    pub fn has_secret(&self, secret: &str) -> bool {
        secrets::matches(secret, &self.client_secret_hash)
    }
}

/// What an application says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewApp {
    /// Required, up to 60 characters.
    pub name: String,
    /// An http(s) URL.
    pub website: Option<String>,
    /// At least one; `urn:ietf:wg:oauth:2.0:oob` and schemes of the app's own are fine.
    pub redirect_uris: Vec<String>,
    /// Names with spaces between them; `read` when empty.
    pub scopes: String,
}

/// Registers an application and gives it back with its secret, which is not stored and cannot be had again.
///
/// # Errors
/// [`Error::Invalid`] naming `client_name`, `website`, `redirect_uris` and `scopes`, all at once.
pub fn create(c: &mut Connection, new: NewApp) -> Result<(App, String)> {
    let scopes = check(&new)?;
    let secret = secrets::generate();
    let app = diesel::insert_into(apps::table)
        .values((
            apps::id.eq(AppId::new()),
            apps::client_id.eq(secrets::generate()),
            apps::client_secret_hash.eq(secrets::hash(&secret)),
            apps::name.eq(new.name.trim()),
            apps::website.eq(new.website.as_deref().map(str::trim).filter(|w| !w.is_empty())),
            apps::redirect_uris.eq(Json(new.redirect_uris)),
            apps::scopes.eq(scopes),
            apps::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<App>())
        .get_result(c)?;
    Ok((app, secret))
}

/// The application with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: AppId) -> Result<App> {
    apps::table.find(id).select(App::as_select()).first(c).optional()?.ok_or(Error::NotFound("application"))
}

/// Those of these applications that are there, in no particular order: for the names beneath posts.
pub fn find_many(c: &mut Connection, ids: &[AppId]) -> Result<Vec<App>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(apps::table.filter(crate::connection::any_of(apps::id, ids)).select(App::as_select()).load(c)?)
}

/// The application with this `client_id`.
pub fn by_client_id(c: &mut Connection, client_id: &str) -> Result<Option<App>> {
    Ok(apps::table.filter(apps::client_id.eq(client_id)).select(App::as_select()).first(c).optional()?)
}

/// The server's own application, for tokens that are made on the command line; registered on the first call.
pub fn own(c: &mut Connection, name: &str) -> Result<App> {
    // Its client id is no secret of any kind: nobody can authorise with it, having no redirect to go to.
    let client_id = "majlis";
    if let Some(app) = by_client_id(c, client_id)? {
        return Ok(app);
    }
    let redirect_uris: Json<Vec<String>> = Json(Vec::new());
    let everything: Scopes = crate::scopes::Scope::ALL.iter().copied().collect();
    Ok(diesel::insert_into(apps::table)
        .values((
            apps::id.eq(AppId::new()),
            apps::client_id.eq(client_id),
            apps::client_secret_hash.eq(secrets::hash(&secrets::generate())),
            apps::name.eq(name),
            apps::redirect_uris.eq(redirect_uris),
            apps::scopes.eq(everything),
            apps::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<App>())
        .get_result(c)?)
}

/// Deletes the applications that registered before `before` and that nobody uses: apps register anew for every log-in.
pub fn prune(c: &mut Connection, before: Timestamp) -> Result<usize> {
    let unused = apps::table
        .filter(apps::created_at.lt(before))
        .filter(apps::client_id.ne("majlis"))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            tokens::table.filter(tokens::app_id.eq(apps::id)).filter(tokens::actor_id.is_not_null()),
        )))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            tokens::table.filter(tokens::app_id.eq(apps::id)).filter(tokens::created_at.ge(before)),
        )))
        .filter(diesel::dsl::not(diesel::dsl::exists(oauth_codes::table.filter(oauth_codes::app_id.eq(apps::id)))))
        .order(apps::id)
        .limit(10_000)
        .select(apps::id)
        .load::<AppId>(c)?;
    Ok(diesel::delete(apps::table.filter(crate::connection::any_of(apps::id, &unused))).execute(c)?)
}

/// Finds everything that is wrong and, if nothing is, the scopes.
fn check(new: &NewApp) -> Result<Scopes> {
    let mut problems = Vec::new();
    let mut wrong = |field, flaw, message: &str| problems.push(Problem { field, flaw, message: message.to_owned() });
    let name = new.name.trim();
    if name.is_empty() {
        wrong("client_name", Flaw::Blank, "can't be blank");
    } else if name.chars().count() > NAME_LIMIT {
        wrong("client_name", Flaw::TooLong, "is too long (maximum is 60 characters)");
    }
    if let Some(website) = new.website.as_deref().map(str::trim).filter(|w| !w.is_empty()) {
        let is_web = url::Url::parse(website).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        if website.len() > URL_LIMIT {
            wrong("website", Flaw::TooLong, "is too long (maximum is 2000 characters)");
        } else if !is_web {
            wrong("website", Flaw::Invalid, "must be an http or https URL");
        }
    }
    if new.redirect_uris.is_empty() {
        wrong("redirect_uris", Flaw::Blank, "can't be blank");
    } else if new.redirect_uris.len() > REDIRECTS_LIMIT {
        wrong("redirect_uris", Flaw::TooLong, "has too many addresses (maximum is 32)");
    } else if let Some(message) = new.redirect_uris.iter().find_map(|uri| redirect_flaw(uri)) {
        wrong("redirect_uris", Flaw::Invalid, message);
    }
    let text = if new.scopes.trim().is_empty() { "read" } else { &new.scopes };
    let scopes = Scopes::parse(text);
    if scopes.is_err() {
        wrong("scopes", Flaw::Invalid, "doesn't match configured on the server.");
    }
    match scopes {
        Ok(scopes) if problems.is_empty() => Ok(scopes),
        _ => Err(Error::Invalid(problems)),
    }
}

/// What is wrong with a redirect address, if anything is (RFC 6749 §3.1.2: absolute, no fragment).
fn redirect_flaw(uri: &str) -> Option<&'static str> {
    if uri == OUT_OF_BAND {
        return None;
    }
    if uri.len() > URL_LIMIT {
        return Some("is too long (maximum is 2000 characters)");
    }
    let Ok(url) = url::Url::parse(uri) else {
        return Some("must be an absolute URI.");
    };
    if FORBIDDEN_SCHEMES.contains(&url.scheme()) {
        return Some("is forbidden by the server.");
    }
    if url.fragment().is_some() {
        return Some("cannot contain a fragment.");
    }
    None
}

/// `http://127.0.0.1:1/cb` and `http://127.0.0.1:2/cb`.
fn same_but_for_a_loopback_port(registered: &str, asked: &str) -> bool {
    let (Ok(registered), Ok(mut asked)) = (url::Url::parse(registered), url::Url::parse(asked)) else {
        return false;
    };
    let is_loopback = matches!(registered.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    registered.scheme() == "http" && is_loopback && asked.set_port(registered.port()).is_ok() && asked == registered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    fn new(redirects: &[&str], scopes: &str) -> NewApp {
        NewApp {
            name: "Tusky".to_owned(),
            website: Some("https://tusky.app".to_owned()),
            redirect_uris: redirects.iter().map(|&r| r.to_owned()).collect(),
            scopes: scopes.to_owned(),
        }
    }

    #[test]
    fn an_app_registers_and_proves_itself() {
        let db = TestDb::new();
        let (app, secret) = db.write_now(|c| create(c, new(&["oauth2redirect://tusky/", OUT_OF_BAND], "read write"))).unwrap();
        let found = db.read_now({
            let id = app.client_id.clone();
            move |c| by_client_id(c, &id)
        });
        assert_eq!(found.unwrap(), Some(app.clone()));
        assert!(app.has_secret(&secret));
        assert!(!app.has_secret("x"));
        assert!(app.allows_redirect("oauth2redirect://tusky/"));
        assert!(app.allows_redirect(OUT_OF_BAND));
        assert!(!app.allows_redirect("oauth2redirect://tusky/other"));
        assert_eq!(app.scopes.to_string(), "read write");
    }

    #[test]
    fn a_loopback_redirect_may_change_its_port() {
        let db = TestDb::new();
        let (app, _) = db.write_now(|c| create(c, new(&["http://127.0.0.1/cb", "https://elk.example/cb"], ""))).unwrap();
        assert!(app.allows_redirect("http://127.0.0.1:49152/cb"));
        assert!(!app.allows_redirect("http://127.0.0.1:49152/other"));
        assert!(!app.allows_redirect("https://elk.example:8443/cb"));
        assert_eq!(app.scopes.to_string(), "read");
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let db = TestDb::new();
        let wrong = NewApp {
            name: " ".to_owned(),
            website: Some("tusky.app".to_owned()),
            redirect_uris: vec!["javascript:alert(1)".to_owned()],
            scopes: "read fly".to_owned(),
        };
        let Err(Error::Invalid(problems)) = db.write_now(|c| create(c, wrong)) else { panic!("accepted") };
        let named: Vec<_> = problems.iter().map(|p| (p.field, p.flaw)).collect();
        assert_eq!(
            named,
            [
                ("client_name", Flaw::Blank),
                ("website", Flaw::Invalid),
                ("redirect_uris", Flaw::Invalid),
                ("scopes", Flaw::Invalid)
            ]
        );
    }

    #[test]
    fn redirects_that_would_leak_are_refused() {
        for bad in ["/relative", "https://x.example/#fragment", "data:text/html,x", ""] {
            assert!(redirect_flaw(bad).is_some(), "{bad}");
        }
        for good in ["icecubesapp://", "com.app:/oauth", "http://localhost:3000/callback?x=1", OUT_OF_BAND] {
            assert!(redirect_flaw(good).is_none(), "{good}");
        }
    }

    #[test]
    fn unused_apps_are_pruned() {
        let db = TestDb::new();
        let pruned = db
            .write_now(|c| {
                create(c, new(&[OUT_OF_BAND], "read"))?;
                let (used, _) = create(c, new(&[OUT_OF_BAND], "read"))?;
                own(c, "Majlis")?;
                crate::tokens::issue(c, used.id, None, used.scopes)?;
                prune(c, Timestamp::now().plus_seconds(-1))?;
                prune(c, Timestamp::now().plus_seconds(60))
            })
            .unwrap();
        // The app token is older than the border, too: without a person's token the app is unused.
        assert_eq!(pruned, 2);
    }
}
