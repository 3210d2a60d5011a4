//! Authorisation requests (RFC 6749 §4.1.1, RFC 7636 §4.3): whether an app may ask what it asks, what the person is shown,
//! and where the answer goes. The page itself is the web's.

use crate::apps::{self, App, OUT_OF_BAND};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::ids::ActorId;
use crate::oauth_codes::{self, Grant};
use crate::scopes::{Scope, Scopes};
use crate::tokens;
use crate::users::Standing;

/// What an app asks in the query of `/oauth/authorize`; the page's form sends it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Request {
    /// `code`; nothing else is offered.
    pub response_type: Option<String>,
    /// The app.
    pub client_id: Option<String>,
    /// Where the answer goes; may be left out when the app registered a single address.
    pub redirect_uri: Option<String>,
    /// Names with spaces between them; `read` when left out.
    pub scope: Option<String>,
    /// Given back as it came.
    pub state: Option<String>,
    /// The hash of a secret that the app shows when it redeems the code.
    pub code_challenge: Option<String>,
    /// `S256`; nothing else is offered.
    pub code_challenge_method: Option<String>,
}

/// A request that is in order: what the person is asked to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who asks.
    pub app: App,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Scopes,
    state: Option<String>,
    code_challenge: Option<String>,
}

/// Where the person is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To this URL, which may have a scheme of the app's own.
    Redirect(String),
    /// To a page that shows this code, to be typed into the app.
    ShowCode(String),
    /// To a page that says that the app was refused.
    ShowRefusal,
}

/// Why a request is not in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub fault: Fault,
    /// The app's address with the error in its query, where the person is sent. `None`: the address cannot be trusted, and
    /// the person is told on a page (RFC 6749 §4.1.2.1).
    pub redirect: Option<String>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such app has registered here.
    UnknownApp,
    /// The address is none that the app registered.
    RedirectUri,
    /// Something else than a code is asked for.
    ResponseType,
    /// A scope is unknown, or more than the app registered.
    Scope,
    /// The challenge is not of the form that `S256` gives, or of another method.
    Challenge,
}

impl Fault {
    /// The code of RFC 6749 §4.1.2.1.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownApp => "invalid_client",
            Self::RedirectUri | Self::Challenge => "invalid_request",
            Self::ResponseType => "unsupported_response_type",
            Self::Scope => "invalid_scope",
        }
    }

    /// A sentence for developers.
    pub fn description(self) -> &'static str {
        match self {
            Self::UnknownApp => "Client authentication failed due to unknown client.",
            Self::RedirectUri => "The redirect URI is none that the application registered.",
            Self::ResponseType => "The authorization server does not support this response type.",
            Self::Scope => "The requested scope is invalid, unknown, or malformed.",
            Self::Challenge => "The code challenge must be 43 characters by the method S256.",
        }
    }
}

/// Whether a request is in order.
///
/// # Errors
/// Those of the database; what is wrong with the request is a [`Refusal`].
pub fn check(c: &mut Connection, request: &Request) -> Result<Result<Authorization, Refusal>> {
    let told = |fault| Ok(Err(Refusal { fault, redirect: None }));
    let client_id = given(&request.client_id);
    let Some(app) = client_id.map(|id| apps::by_client_id(c, id)).transpose()?.flatten() else {
        return told(Fault::UnknownApp);
    };
    let redirect_uri = match (given(&request.redirect_uri), app.redirect_uris.as_slice()) {
        (Some(asked), _) if app.allows_redirect(asked) => asked.to_owned(),
        (None, [only]) => only.clone(),
        _ => return told(Fault::RedirectUri),
    };
    let state = given(&request.state).map(str::to_owned);
    let refused = |fault: Fault| {
        let error = [("error", fault.code()), ("error_description", fault.description())];
        let redirect = (redirect_uri != OUT_OF_BAND).then(|| with_query(&redirect_uri, &error, state.as_deref()));
        Ok(Err(Refusal { fault, redirect }))
    };
    if given(&request.response_type) != Some("code") {
        return refused(Fault::ResponseType);
    }
    let scopes = match given(&request.scope).map(Scopes::parse) {
        None => Scopes::from_iter([Scope::Read]),
        Some(Ok(scopes)) if !scopes.is_empty() => scopes,
        Some(_) => return refused(Fault::Scope),
    };
    if !app.scopes.covers(scopes) {
        return refused(Fault::Scope);
    }
    let code_challenge = given(&request.code_challenge).map(str::to_owned);
    let method = given(&request.code_challenge_method);
    if code_challenge.as_deref().is_some_and(|challenge| method != Some("S256") || !is_challenge(challenge)) {
        return refused(Fault::Challenge);
    }
    Ok(Ok(Authorization { app, redirect_uri, scopes, state, code_challenge }))
}

impl Authorization {
    /// The person lets the app in.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the person may not act.
    pub fn approve(&self, c: &mut Connection, actor: ActorId) -> Result<Answer> {
        if tokens::person(c, actor)?.standing == Standing::Disabled {
            return Err(Error::Forbidden("Your login is currently disabled"));
        }
        let grant = Grant {
            app: self.app.id,
            actor,
            redirect_uri: self.redirect_uri.clone(),
            scopes: self.scopes,
            code_challenge: self.code_challenge.clone(),
        };
        let code = oauth_codes::issue(c, &grant)?;
        if self.redirect_uri == OUT_OF_BAND {
            return Ok(Answer::ShowCode(code));
        }
        Ok(Answer::Redirect(with_query(&self.redirect_uri, &[("code", &code)], self.state.as_deref())))
    }

    /// The person does not let the app in.
    pub fn deny(&self) -> Answer {
        if self.redirect_uri == OUT_OF_BAND {
            return Answer::ShowRefusal;
        }
        let error =
            [("error", "access_denied"), ("error_description", "The resource owner or authorization server denied the request.")];
        Answer::Redirect(with_query(&self.redirect_uri, &error, self.state.as_deref()))
    }
}

/// What was sent, unless it is empty.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|v| !v.is_empty())
}

/// 43 letters, digits, `-` and `_`: a SHA-256 in base64url (RFC 7636 §4.2).
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The app's address with more in its query. The address itself stays as the app wrote it, letter by letter: schemes of
/// apps' own are not always what a URL library makes of them.
fn with_query(uri: &str, pairs: &[(&str, &str)], state: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::NewApp;
    use crate::secrets;
    use crate::testing::{TestDb, people};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn app(db: &TestDb, redirects: &[&str]) -> App {
        let redirect_uris = redirects.iter().map(|&r| r.to_owned()).collect();
        let new = NewApp { name: "Tusky".into(), redirect_uris, scopes: "read write push".into(), website: None };
        db.write_now(|c| Ok(apps::create(c, new)?.0)).unwrap()
    }

    fn request(app: &App, redirect_uri: &str) -> Request {
        Request {
            response_type: Some("code".into()),
            client_id: Some(app.client_id.clone()),
            redirect_uri: Some(redirect_uri.into()),
            scope: Some("read write".into()),
            ..Request::default()
        }
    }

    fn checked(db: &TestDb, request: Request) -> Result<Authorization, Refusal> {
        db.read_now(move |c| check(c, &request)).unwrap()
    }

    #[test]
    fn an_approval_sends_a_code_that_its_app_can_redeem() {
        let db = TestDb::new();
        let app = app(&db, &["tusky://oauth?from=majlis", OUT_OF_BAND]);
        let asked = Request {
            state: Some("a b".into()),
            code_challenge: Some(secrets::hash(VERIFIER)),
            code_challenge_method: Some("S256".into()),
            ..request(&app, "tusky://oauth?from=majlis")
        };
        let authorization = checked(&db, asked).unwrap();
        assert_eq!((authorization.app.name.as_str(), authorization.scopes.to_string().as_str()), ("Tusky", "read write"));
        let (ali, answer) = db
            .write_now(move |c| {
                let ali = people::local(c, "ali").id;
                Ok((ali, authorization.approve(c, ali)?))
            })
            .unwrap();
        let Answer::Redirect(url) = answer else { panic!("{answer:?}") };
        let rest = url.strip_prefix("tusky://oauth?from=majlis&code=").unwrap();
        let (code, state) = rest.split_once('&').unwrap();
        assert_eq!(state, "state=a+b");
        let code = code.to_owned();
        let (whose, scopes) = db
            .write_now(move |c| {
                let redeemed = oauth_codes::redeem(c, &app, &code, "tusky://oauth?from=majlis", Some(VERIFIER))?.unwrap();
                let access = tokens::access(c, &secrets::hash(&redeemed.token))?.unwrap();
                Ok((access.person.map(|person| person.actor), redeemed.scopes.to_string()))
            })
            .unwrap();
        assert_eq!((whose, scopes.as_str()), (Some(ali), "read write"));
    }

    #[test]
    fn out_of_band_shows_the_code() {
        let db = TestDb::new();
        let app = app(&db, &[OUT_OF_BAND]);
        let authorization = checked(&db, Request { redirect_uri: None, scope: None, ..request(&app, "") }).unwrap();
        assert_eq!(authorization.scopes.to_string(), "read");
        assert_eq!(authorization.deny(), Answer::ShowRefusal);
        let answer = db
            .write_now(move |c| {
                let ali = people::local(c, "ali").id;
                authorization.approve(c, ali)
            })
            .unwrap();
        assert!(matches!(answer, Answer::ShowCode(code) if code.len() == 43));
    }

    #[test]
    fn a_refusal_goes_to_the_app_only_when_its_address_is_its_own() {
        let db = TestDb::new();
        let app = app(&db, &["https://elk.example/cb", "icecubes://"]);
        let good = || request(&app, "https://elk.example/cb");
        let fault = |request: Request| {
            let refusal = checked(&db, request).unwrap_err();
            (refusal.fault, refusal.redirect.is_some())
        };
        assert_eq!(fault(Request { client_id: Some("x".into()), ..good() }), (Fault::UnknownApp, false));
        assert_eq!(fault(Request { client_id: None, ..good() }), (Fault::UnknownApp, false));
        assert_eq!(fault(request(&app, "https://evil.example/cb")), (Fault::RedirectUri, false));
        assert_eq!(fault(Request { redirect_uri: None, ..good() }), (Fault::RedirectUri, false));
        assert_eq!(fault(Request { response_type: Some("token".into()), ..good() }), (Fault::ResponseType, true));
        assert_eq!(fault(Request { scope: Some("fly".into()), ..good() }), (Fault::Scope, true));
        assert_eq!(fault(Request { scope: Some("read follow".into()), ..good() }), (Fault::Scope, true));
        let challenge = secrets::hash(VERIFIER);
        for (challenge, method) in [(VERIFIER, Some("plain")), (VERIFIER, None), ("short", Some("S256"))] {
            let wrong =
                Request { code_challenge: Some(challenge.into()), code_challenge_method: method.map(str::to_owned), ..good() };
            assert_eq!(fault(wrong), (Fault::Challenge, true));
        }
        let fine = Request { code_challenge: Some(challenge), code_challenge_method: Some("S256".into()), ..good() };
        assert!(checked(&db, fine).is_ok());
        let denied = checked(&db, Request { state: Some("s".into()), ..request(&app, "icecubes://") }).unwrap().deny();
        assert_eq!(
            denied,
            Answer::Redirect(
                "icecubes://?error=access_denied&error_description=The+resource+owner+or+authorization+server+denied+the+request.&state=s"
                    .into()
            )
        );
    }
}
