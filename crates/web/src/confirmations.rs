//! Confirming an e-mail address: by the link in a letter, with another letter if that one has not come, and with another
//! address if the first was wrong. A link alone changes nothing, since programs that look into mail follow links too.

use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::ids::ActorId;
use majlis_local::tickets::{self, Purpose};
use majlis_local::users::Standing;
use majlis_local::{Error as LocalError, Problem, confirmations, users};

use crate::ask::{Ask, Field, Next, ask as show, tell};
use crate::error::{Error, Key, Result};
use crate::frame::Visit;

/// The query of the link.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    confirmation_token: String,
}

/// `GET /auth/confirmation`: whose address is it to be?
///
/// # Errors
/// The database's.
pub async fn ask(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let token = query.confirmation_token.clone();
    let Some(asked) = visit.web.db.read(move |c| confirmations::asked(c, &token)).await? else { return gone(&visit) };
    let t = visit.words();
    let handle = format!("@{}@{}", asked.username, visit.site().domain());
    show(
        &visit,
        &Ask {
            heading: t.say("confirm-title"),
            text: vec![t.with("confirm-text", &[("address", &asked.email), ("handle", &handle)])],
            action: "/auth/confirmation",
            hidden: vec![("confirmation_token", query.into_inner().confirmation_token)],
            button: t.say("confirm-button"),
            ..Ask::default()
        },
    )
}

/// The button below it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Confirm {
    token: String,
    confirmation_token: String,
}

/// `POST /auth/confirmation`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn confirm(req: HttpRequest, visit: Visit, form: Option<web::Form<Confirm>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let t = visit.words();
    let user = match visit.web.db.write(move |c| confirmations::confirm(c, &form.confirmation_token)).await {
        Ok(Some(user)) => user,
        Ok(None) => return gone(&visit),
        Err(LocalError::Invalid(_)) => {
            return tell(&visit, t.say("confirm-gone"), (t.say("problem-email-taken"), String::new(), ""), &Next::Home);
        }
        Err(error) => return Err(error.into()),
    };
    if user.standing() == Standing::Pending {
        return tell(&visit, t.say("sign-up-asked"), (t.say("sign-up-asked-text"), String::new(), ""), &Next::Home);
    }
    let next = if visit.person.is_some() { Next::Home } else { Next::Do(t.say("log-in"), "/auth/sign_in") };
    tell(&visit, t.say("confirm-done"), (t.say("confirm-done-text"), String::new(), ""), &next)
}

/// `GET /auth/confirmation/new`: the letter has not come.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(visit: Visit) -> Result<HttpResponse> {
    let t = visit.words();
    show(
        &visit,
        &Ask {
            heading: t.say("confirm-again-title"),
            text: vec![t.say("confirm-again-text").to_owned()],
            action: "/auth/confirmation/new",
            fields: vec![Field::email(t.say("sign-up-email"), String::new())],
            button: t.say("confirm-again"),
            ..Ask::default()
        },
    )
}

/// An address, and nothing that proves who sends it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Address {
    pub(crate) token: String,
    pub(crate) email: String,
}

/// `POST /auth/confirmation/new`. The answer is the same for addresses that nobody has, and takes as long.
///
/// # Errors
/// [`Error::Forged`].
pub async fn again(req: HttpRequest, visit: Visit, form: Option<web::Form<Address>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let db = visit.web.db.clone();
    actix_web::rt::spawn(async move {
        let asked = db.write(move |c| match users::by_email(c, &form.email)? {
            Some(user) if user.confirmed_at.is_none() => confirmations::ask_again(c, user.actor_id, None),
            _ => Ok(()),
        });
        if let Err(error) = asked.await {
            tracing::error!(%error, "cannot ask for a confirmation once more");
        }
    });
    let t = visit.words();
    tell(&visit, t.say("forgot-sent"), (t.say("confirm-again-sent"), String::new(), ""), &Next::Home)
}

/// What whoever has given the right password sees while the address is not confirmed: it may be wrong.
///
/// # Errors
/// The database's.
pub async fn unconfirmed(visit: &Visit, actor: ActorId, email: &str) -> Result<HttpResponse> {
    let ticket = visit.web.db.write(move |c| tickets::issue(c, actor, Purpose::Unconfirmed, "")).await?;
    missing(visit, ticket, email, None)
}

fn missing(visit: &Visit, ticket: String, email: &str, problem: Option<&str>) -> Result<HttpResponse> {
    let t = visit.words();
    show(
        visit,
        &Ask {
            heading: t.say("confirm-missing"),
            text: vec![t.say("confirm-missing-text").to_owned()],
            action: "/auth/setup",
            hidden: vec![("ticket", ticket)],
            fields: vec![Field::email(t.say("sign-up-email"), email.to_owned()).wrong(problem)],
            button: t.say("confirm-again"),
            ..Ask::default()
        },
    )
}

/// An address, of somebody who has just given the password.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Mended {
    token: String,
    ticket: String,
    email: String,
}

/// `POST /auth/setup`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn mend(req: HttpRequest, visit: Visit, form: Option<web::Form<Mended>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let (ticket, email) = (form.ticket.clone(), form.email.clone());
    let asked = visit.web.db.write(move |c| {
        let Some(ticket) = tickets::find(c, &ticket, Purpose::Unconfirmed)? else { return Ok(false) };
        confirmations::ask_again(c, ticket.actor_id, Some(&email))?;
        Ok(true)
    });
    let t = visit.words();
    match asked.await {
        Ok(true) => {
            let (before, after) = t.around("confirm-sent-text");
            tell(&visit, t.say("confirm-sent"), (before, form.email.trim().to_owned(), after), &Next::Home)
        }
        Ok(false) | Err(LocalError::Forbidden(_)) => Ok(visit.go("/auth/sign_in")),
        Err(LocalError::Invalid(problems)) => {
            let problem = problems.first().map(|problem: &Problem| t.problem(problem));
            missing(&visit, form.ticket, &form.email, problem)
        }
        Err(error) => Err(error.into()),
    }
}

fn gone(visit: &Visit) -> Result<HttpResponse> {
    let t = visit.words();
    let next = Next::Do(t.say("confirm-again"), "/auth/confirmation/new");
    tell(visit, t.say("confirm-gone"), (t.say("confirm-gone-text"), String::new(), ""), &next)
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Job};
    use majlis_local::mail::{Letter, Mail};

    use crate::Config;
    use crate::testing::{Browser, PASSWORD, Pages};

    const NEW: [(&str, &str); 4] =
        [("username", "amina"), ("email", "amina@example.org"), ("password", PASSWORD), ("agreement", "true")];

    async fn letters(pages: &Pages) -> Vec<Mail> {
        let all = pages.write(jobs::all).await;
        all.into_iter().filter_map(|job| if let Job::Mail { mail } = job { Some(mail) } else { None }).collect()
    }

    /// The path of the link in a letter.
    async fn link(pages: &Pages, mail: &Mail) -> String {
        let text = pages.web.letter(mail).await.unwrap().unwrap().text;
        text.lines().find_map(|line| line.strip_prefix("https://majlis.example")).unwrap().to_owned()
    }

    async fn press(browser: &mut Browser, path: &str) -> String {
        let page = browser.get(path).await.ok();
        let secret = page.split("name=\"confirmation_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser.post("/auth/confirmation", &[("confirmation_token", &secret)]).await.ok()
    }

    #[actix_web::test]
    async fn whoever_signs_up_confirms_the_address_and_then_logs_in() {
        let pages = Pages::with(Config { confirm_emails: true, ..Config::default() });
        let mut browser = pages.browser();
        browser.get("/auth/sign_up").await;
        let page = browser.post("/auth/sign_up", &NEW).await.ok();
        assert!(page.contains("A letter is on its way to <strong class=\"ltr\">amina@example.org</strong>"), "{page}");
        // The address was wrong: whoever knows the password mends it.
        browser.get("/auth/sign_in").await;
        let page = browser.post("/auth/sign_in", &[("name", "amina"), ("password", PASSWORD)]).await.ok();
        let ticket = page.split("name=\"ticket\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let wrong = browser.post("/auth/setup", &[("ticket", &ticket), ("email", "nothing")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("This is no e-mail address."), "{}", wrong.text);
        browser.post("/auth/setup", &[("ticket", &ticket), ("email", "amina@example.net")]).await.ok();
        assert_eq!(
            browser.post("/auth/setup", &[("ticket", "made up"), ("email", "x@example.net")]).await.goes_to(),
            "/auth/sign_in"
        );
        let sent = letters(&pages).await;
        assert_eq!(sent.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["amina@example.org", "amina@example.net"]);
        let first = link(&pages, &sent[0]).await;
        assert!(browser.get(&first).await.ok().contains("no longer good"));
        let second = link(&pages, &sent[1]).await;
        assert!(press(&mut browser, &second).await.contains("Your address is confirmed"));
        assert!(browser.get(&second).await.ok().contains("no longer good"), "once");
        browser.get("/auth/sign_in").await;
        assert_eq!(browser.post("/auth/sign_in", &[("name", "amina"), ("password", PASSWORD)]).await.goes_to(), "/");
    }

    #[actix_web::test]
    async fn asking_once_more_tells_nobody_who_has_an_account() {
        let pages = Pages::with(Config { confirm_emails: true, ..Config::default() });
        pages.user("ali").await;
        let mut browser = pages.browser();
        browser.get("/auth/sign_up").await;
        browser.post("/auth/sign_up", &NEW).await.ok();
        browser.get("/auth/confirmation/new").await.ok();
        let answers: Vec<String> = {
            let mut answers = Vec::new();
            for email in ["amina@example.org", "ali@example.org", "nobody@example.org"] {
                answers.push(browser.post("/auth/confirmation/new", &[("email", email)]).await.ok());
            }
            answers
        };
        let words = |page: &str| page.split("<main").nth(1).unwrap().to_owned();
        assert!(answers.iter().all(|page| words(page) == words(&answers[0])));
        for _ in 0..200 {
            if letters(&pages).await.len() == 2 {
                break;
            }
            actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let sent = letters(&pages).await;
        assert!(sent.len() == 2 && sent.iter().all(|mail| mail.to == "amina@example.org"), "{sent:?}");
        assert_eq!(browser.clone().without_token().post("/auth/confirmation/new", &[("email", "x")]).await.status, 403);
    }

    #[actix_web::test]
    async fn a_forgotten_password_is_chosen_anew() {
        let pages = Pages::new();
        pages.user("ali").await;
        let mut elsewhere = pages.logged_in("ali").await;
        let mut browser = pages.browser();
        browser.get("/auth/password/new").await.ok();
        assert!(browser.post("/auth/password", &[("email", "ali@example.org")]).await.ok().contains("a letter is on its way"));
        for _ in 0..200 {
            if !letters(&pages).await.is_empty() {
                break;
            }
            actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let sent = letters(&pages).await;
        assert!(matches!(sent[0].letter, Letter::PasswordReset { .. }));
        let path = link(&pages, &sent[0]).await;
        let page = browser.get(&path).await.ok();
        let secret = page.split("name=\"reset_password_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let choose = |password: &'static str| [("reset_password_token", secret.clone()), ("password", password.to_owned())];
        let short = choose("short");
        let fields: Vec<(&str, &str)> = short.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let wrong = browser.post("/auth/password/edit", &fields).await;
        assert!(wrong.status == 422 && wrong.text.contains("At least 8 characters."), "{}", wrong.text);
        let good = choose("an even better one");
        let fields: Vec<(&str, &str)> = good.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(browser.post("/auth/password/edit", &fields).await.ok().contains("Your password was changed"));
        assert!(browser.post("/auth/password/edit", &fields).await.ok().contains("no longer good"));
        assert!(browser.get(&path).await.ok().contains("no longer good"));
        assert_eq!(elsewhere.get("/settings").await.status, 303, "everybody is logged out");
        browser.get("/auth/sign_in").await;
        assert_eq!(browser.post("/auth/sign_in", &[("name", "ali"), ("password", "an even better one")]).await.goes_to(), "/");
    }
}
