//! Newsletters: somebody without an account has a person's public posts sent by e-mail, says yes by the link in a letter, and
//! leaves by another. A link alone changes nothing, since programs that look into mail follow links too; only a mail program
//! that was told to unsubscribe does so at once, by the request that RFC 8058 describes for it.

use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::actors::{self, Actor};
use majlis_local::{Error as LocalError, newsletters};

use crate::ask::{Ask, Field, Next, ask as show, tell};
use crate::error::{Error, Key, Result};
use crate::frame::Visit;
use crate::people;
use crate::profile::{Whose, whose};

/// Where an address says yes.
pub const CONFIRM: &str = "/newsletters/confirmation";
/// Where it leaves.
pub const LEAVE: &str = "/newsletters/unsubscribe";
/// What the secret is called in both.
pub const TOKEN: &str = "subscription_token";

/// An address. Nothing proves who sends it, as nothing does when an app sends it: all that comes of it is a question to the
/// address. So the form can stand on a page that is the same for everybody.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Address {
    email: String,
}

/// `GET /@{name}/newsletter`.
///
/// # Errors
/// [`Error::NotFound`] for whoever has none, and the database's.
pub async fn form(visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    let author = author(&visit, &name).await?;
    form_page(&visit, &author, String::new(), None)
}

fn form_page(visit: &Visit, author: &Actor, email: String, problem: Option<&str>) -> Result<HttpResponse> {
    let t = visit.words();
    let (heading, page) = (t.with("newsletter-title", &[("name", people::name(author))]), format!("/@{}", author.username));
    show(
        visit,
        &Ask {
            heading: &heading,
            text: vec![t.say("newsletter-hint").to_owned()],
            action: &format!("{page}/newsletter"),
            fields: vec![Field::email(t.say("newsletter-email"), email).wrong(problem)],
            button: t.say("newsletter-button"),
            link: Some((t.say("newsletter-back"), page)),
            ..Ask::default()
        },
    )
}

/// `POST /@{name}/newsletter`. The answer is the same for addresses that have it already.
///
/// # Errors
/// [`Error::NotFound`] for whoever has none, and the database's.
pub async fn subscribe(visit: Visit, name: web::Path<String>, form: Option<web::Form<Address>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let author = author(&visit, &name).await?;
    let (site, id, email, locale) = (visit.site().clone(), author.id, form.email.clone(), visit.locale.language.code());
    let t = visit.words();
    match visit.web.db.write(move |c| newsletters::subscribe(c, &site, id, &email, Some(locale))).await {
        Ok(()) => {
            let (before, after) = t.around("newsletter-sent-text");
            tell(&visit, t.say("forgot-sent"), (before, form.email.trim().to_owned(), after), &Next::Home)
        }
        Err(LocalError::Invalid(problems)) => {
            let problem = problems.first().map(|problem| t.problem(problem));
            form_page(&visit, &author, form.email, problem)
        }
        Err(error) => Err(error.into()),
    }
}

/// A local person who has a newsletter.
async fn author(visit: &Visit, name: &str) -> Result<Actor> {
    let (site, name) = (visit.site().clone(), name.to_owned());
    let found = visit.web.db.read(move |c| {
        let actor = actors::by_handle(c, &name, None)?;
        let is_offered = match &actor {
            Some(actor) => newsletters::is_offered(c, &site, actor)?,
            None => false,
        };
        Ok((actor, is_offered))
    });
    let (actor, is_offered) = found.await?;
    match whose(visit.site(), actor)? {
        Whose::Ours(actor) if is_offered => Ok(actor),
        _ => Err(Error::NotFound),
    }
}

/// The query of a link in a letter.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Link {
    subscription_token: String,
}

/// `GET /newsletters/confirmation`: does whoever reads the address want the letters?
///
/// # Errors
/// The database's.
pub async fn ask(visit: Visit, link: web::Query<Link>) -> Result<HttpResponse> {
    let token = link.into_inner().subscription_token;
    let Some((address, handle)) = known(&visit, &token).await? else { return gone(&visit) };
    let t = visit.words();
    show(
        &visit,
        &Ask {
            heading: t.say("newsletter-confirm"),
            text: vec![t.with("newsletter-confirm-text", &[("handle", &handle), ("address", &address)])],
            action: CONFIRM,
            hidden: vec![(TOKEN, token)],
            button: t.say("newsletter-confirm-button"),
            ..Ask::default()
        },
    )
}

/// The button below it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Confirm {
    token: String,
    subscription_token: String,
}

/// `POST /newsletters/confirmation`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn confirm(req: HttpRequest, visit: Visit, form: Option<web::Form<Confirm>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let secret = form.subscription_token;
    if !visit.web.db.write(move |c| newsletters::confirm(c, &secret)).await? {
        return gone(&visit);
    }
    let t = visit.words();
    tell(&visit, t.say("newsletter-confirmed"), (t.say("newsletter-confirmed-text"), String::new(), ""), &Next::Home)
}

/// `GET /newsletters/unsubscribe`: no more letters?
///
/// # Errors
/// The database's.
pub async fn farewell(visit: Visit, link: web::Query<Link>) -> Result<HttpResponse> {
    let token = link.into_inner().subscription_token;
    // Whoever has left already may press the button once more, and hears the same.
    let Some((address, handle)) = known(&visit, &token).await? else { return left(&visit) };
    let t = visit.words();
    show(
        &visit,
        &Ask {
            heading: t.say("newsletter-leave"),
            text: vec![t.with("newsletter-leave-text", &[("handle", &handle), ("address", &address)])],
            action: LEAVE,
            hidden: vec![(TOKEN, token)],
            button: t.say("newsletter-leave-button"),
            ..Ask::default()
        },
    )
}

/// `POST /newsletters/unsubscribe`: by the button, or by a mail program, which has no cookies and the secret in the address
/// (RFC 8058 §3.2). Whoever has the secret may do this, and nothing else is asked.
///
/// # Errors
/// The database's.
pub async fn leave(visit: Visit, link: web::Query<Link>, form: Option<web::Form<Link>>) -> Result<HttpResponse> {
    let by_form = form.map(|form| form.into_inner().subscription_token).filter(|token| !token.is_empty());
    let token = by_form.unwrap_or(link.into_inner().subscription_token);
    visit.web.db.write(move |c| newsletters::leave(c, &token)).await?;
    left(&visit)
}

fn left(visit: &Visit) -> Result<HttpResponse> {
    let t = visit.words();
    tell(visit, t.say("newsletter-left"), (t.say("newsletter-left-text"), String::new(), ""), &Next::Home)
}

/// The address and the author's handle of a secret.
async fn known(visit: &Visit, token: &str) -> Result<Option<(String, String)>> {
    let token = token.to_owned();
    let found = visit.web.db.read(move |c| newsletters::find(c, &token)).await?;
    Ok(found.map(|(subscription, author)| (subscription.email, people::full_handle(visit.site(), &author))))
}

fn gone(visit: &Visit) -> Result<HttpResponse> {
    let t = visit.words();
    tell(visit, t.say("confirm-gone"), (t.say("newsletter-gone-text"), String::new(), ""), &Next::Home)
}

#[cfg(test)]
mod tests {
    use majlis_local::attachments::{self, AttachmentKind, NewAttachment};
    use majlis_local::ids::{ActorId, NewsletterSubscriptionId, PostId};
    use majlis_local::jobs::{self, Job};
    use majlis_local::mail::{Letter, Mail};
    use majlis_local::newsletters::issues;
    use majlis_local::publish::{self, Draft};
    use majlis_local::testing::people as who;
    use majlis_local::{Timestamp, newsletters};

    use crate::letters::Written;
    use crate::testing::{Browser, Pages};

    const LEAVE: &str = super::LEAVE;

    async fn letters(pages: &Pages) -> Vec<Mail> {
        let all = pages.write(jobs::all).await;
        all.into_iter().filter_map(|job| if let Job::Mail { mail } = job { Some(mail) } else { None }).collect()
    }

    async fn written(pages: &Pages, mail: &Mail) -> Option<Written> {
        pages.web.letter(mail).await.unwrap()
    }

    /// The path of a link in a letter.
    fn link(letter: &Written) -> String {
        let mut addresses = letter.text.lines().filter_map(|line| line.strip_prefix("https://majlis.example"));
        addresses.find(|path| path.contains("subscription_token=")).unwrap().to_owned()
    }

    async fn author(pages: &Pages) -> ActorId {
        let ali = pages.user("ali").await.id;
        let site = pages.web.site().clone();
        pages.write(move |c| newsletters::set(c, &site, ali, true)).await;
        ali
    }

    async fn press(browser: &mut Browser, path: &str) -> String {
        let page = browser.get(path).await.ok();
        let secret = page.split("name=\"subscription_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser.post(path.split('?').next().unwrap(), &[("subscription_token", &secret)]).await.ok()
    }

    async fn readers(pages: &Pages, author: ActorId) -> i64 {
        pages.write(move |c| newsletters::readers(c, author)).await
    }

    /// Publishes drafts and hands the letter out, as the job does.
    async fn send(pages: &Pages, author: ActorId, drafts: Vec<Draft>) -> (Vec<PostId>, Mail) {
        let site = pages.web.site().clone();
        let posts = pages
            .write(move |c| {
                let said = drafts.into_iter().map(|draft| publish::publish(c, &site, author, draft).map(|post| post.id));
                let said = said.collect::<majlis_local::Result<Vec<_>>>()?;
                let job = Job::Newsletter { author, posts: said.clone(), after: NewsletterSubscriptionId(0) };
                let job = jobs::enqueue_at(c, &job, Timestamp::now())?;
                issues::hand_out(c, &site, job, author, said.clone(), NewsletterSubscriptionId(0))?;
                Ok(said)
            })
            .await;
        (posts, letters(pages).await.pop().unwrap())
    }

    #[actix_web::test]
    async fn a_visitor_subscribes_reads_and_leaves() {
        let pages = Pages::with_newsletters();
        let ali = author(&pages).await;
        let mut browser = pages.browser();
        let page = browser.get("/@ali").await;
        assert!(page.header("cache-control").starts_with("public"), "everybody gets the same page");
        assert!(page.ok().contains("action=\"/@ali/newsletter\""));
        assert!(browser.get("/@ali/newsletter").await.ok().contains("name=\"email\""));
        let wrong = browser.post("/@ali/newsletter", &[("email", "nothing")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("This is no e-mail address."), "{}", wrong.text);
        let sent = browser.post("/@ali/newsletter", &[("email", "rita@example.net")]).await.ok();
        assert!(sent.contains("<strong class=\"ltr\">rita@example.net</strong>"), "{sent}");
        let question = letters(&pages).await.remove(0);
        assert_eq!((question.to.as_str(), question.locale.as_str()), ("rita@example.net", "en"));
        let question = written(&pages, &question).await.unwrap();
        assert_eq!(question.unsubscribe, None);

        // Whatever looks into mail may look at the link.
        let mut reader = pages.browser();
        assert!(reader.get(&link(&question)).await.ok().contains("rita@example.net"));
        assert_eq!(readers(&pages, ali).await, 0);
        let secret = link(&question).split('=').nth(1).unwrap().to_owned();
        let forged = pages.browser().post(super::CONFIRM, &[("subscription_token", &secret)]).await;
        assert_eq!((forged.status, readers(&pages, ali).await), (403, 0));
        assert!(press(&mut reader, &link(&question)).await.contains("You are subscribed"));
        assert_eq!(readers(&pages, ali).await, 1);

        let (_, mail) = send(&pages, ali, vec![who::draft("Good <morning> & #tea")]).await;
        let letter = written(&pages, &mail).await.unwrap();
        assert_eq!(letter.subject, "A new post by ali");
        assert!(letter.text.contains("Good <morning> & #tea") && letter.html.contains("Good &lt;morning&gt; &amp;"));
        let leave = letter.unsubscribe.clone().unwrap();
        let leave = leave.strip_prefix("https://majlis.example").unwrap();
        assert_eq!(leave, link(&letter));
        assert!(reader.get(leave).await.ok().contains("rita@example.net"));
        assert_eq!(readers(&pages, ali).await, 1, "looking is not leaving");
        let one_click = pages.browser().without_token().post(leave, &[("List-Unsubscribe", "One-Click")]).await;
        assert_eq!((one_click.status, readers(&pages, ali).await), (200, 0));
        assert!(reader.get(leave).await.ok().contains("You are unsubscribed"));
        assert!(reader.get(&link(&question)).await.ok().contains("no longer good"));
        assert!(written(&pages, &mail).await.is_none(), "nothing more is written to whoever has left");
        assert_eq!(reader.post(LEAVE, &[("subscription_token", "made up")]).await.status, 200);
    }

    #[actix_web::test]
    async fn a_letter_tells_what_stands_and_no_more_than_its_author_shows() {
        let pages = Pages::with_newsletters();
        let ali = author(&pages).await;
        let site = pages.web.site().clone();
        let picture = pages
            .write(move |c| {
                newsletters::subscribe(c, &site, ali, "rita@example.net", Some("ar"))?;
                let Some(Job::Mail { mail: Mail { letter: Letter::Subscribe { token, .. }, .. } }) = jobs::all(c)?.pop() else {
                    panic!("no letter")
                };
                newsletters::confirm(c, &token)?;
                let picture = |description: &str| NewAttachment {
                    kind: Some(AttachmentKind::Image),
                    file: Some("attachments/ab/cd/x.png".into()),
                    description: description.into(),
                    ..NewAttachment::default()
                };
                let (shown, hidden) = (
                    attachments::create(c, ali, None, picture("Dates & tea"))?,
                    attachments::create(c, ali, None, picture("Blood"))?,
                );
                Ok((shown.id, hidden.id))
            })
            .await;
        let drafts = vec![
            Draft { attachments: vec![picture.0], ..who::draft("breakfast") },
            Draft { attachments: vec![picture.1], sensitive: true, ..who::draft("a wound") },
            Draft { summary: "Film <end>".into(), ..who::draft("It was the butler") },
            who::draft("to be deleted"),
        ];
        let (posts, mail) = send(&pages, ali, drafts).await;
        let (site, gone) = (pages.web.site().clone(), posts[3]);
        assert_eq!(mail.locale, "ar");
        pages.write(move |c| publish::delete(c, ali, gone).map(drop)).await;
        let letter = written(&pages, &mail).await.unwrap();
        for body in [&letter.text, &letter.html] {
            let picture = "صورة"; // typos: other language
            for told in ["breakfast", "a wound", "Dates", picture, &site.post_url("ali", posts[2])] {
                assert!(body.contains(told), "{told}: {body}");
            }
            for hidden in ["butler", "Blood", "deleted", "x.png", "<img", "letter-"] {
                assert!(!body.contains(hidden), "{hidden}: {body}");
            }
        }
        assert!(letter.html.contains("Film &#60;end&#62;") && letter.text.contains("Film <end>"), "{}", letter.html);
        assert!(letter.html.contains("dir=\"rtl\"") && letter.subject.contains("منشورات"), "{}", letter.subject); // typos: other language
    }

    #[actix_web::test]
    async fn people_switch_it_on_in_the_settings() {
        let pages = Pages::with_newsletters();
        let ali = pages.user("ali").await.id;
        let mut browser = pages.logged_in("ali").await;
        assert!(!pages.browser().get("/@ali").await.ok().contains("/@ali/newsletter"));
        assert_eq!(pages.browser().get("/@ali/newsletter").await.status, 404);
        assert_eq!(pages.browser().post("/@ali/newsletter", &[("email", "rita@example.net")]).await.status, 404);
        assert!(!browser.get("/settings").await.ok().contains("value=\"true\" checked"));
        let path = "/settings/newsletter";
        assert_eq!(browser.clone().without_token().post(path, &[("on", "true")]).await.status, 403);
        assert_eq!(browser.post(path, &[("on", "true")]).await.goes_to(), "/settings?done=newsletter");
        let page = browser.get("/settings?done=newsletter").await.ok();
        assert!(page.contains("value=\"true\" checked") && page.contains("Nobody has subscribed yet."), "{page}");
        assert!(!browser.get("/@ali").await.ok().contains("/@ali/newsletter"), "whoever is logged in follows");
        assert!(pages.browser().get("/@ali").await.ok().contains("/@ali/newsletter"));
        assert_eq!(browser.post(path, &[]).await.goes_to(), "/settings?done=newsletter");
        assert!(!pages.write(move |c| majlis_local::actors::get(c, ali)).await.email_subscriptions);

        let without = Pages::new();
        without.user("ali").await;
        let mut browser = without.logged_in("ali").await;
        assert!(!browser.get("/settings").await.ok().contains(path));
        assert_eq!(browser.post(path, &[("on", "true")]).await.status, 404);
        assert_eq!(browser.get("/@ali/newsletter").await.status, 404);
    }
}
