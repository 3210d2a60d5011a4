"""Newsletters: somebody without an account subscribes, says yes by the link in a letter, reads, and leaves by one click."""

import time
from email.message import EmailMessage

import requests

from support.browser import Browser
from support.letters import confirm, every, files, letter, letters, link, text
from support.server import Majlis, MakeServer, Person
from support.smtp import mail_server
from support.waiting import eventually, never

READER = "rita@example.net"


def with_newsletters(new_server: MakeServer, delay: int) -> Majlis:
    return new_server(MAJLIS_NEWSLETTERS="on", MAJLIS_NEWSLETTER_DELAY=str(delay))


def switch_on(person: Person) -> None:
    browser = Browser(person.server.origin)
    browser.open("/auth/sign_in")
    browser.log_in(person)
    browser.open("/settings")
    browser.submit(browser.form("input[name=on]"), {"on": "true"})
    assert browser.page.select_one("input[name=on][checked]")


def subscribe(server: Majlis, author: Person, address: str, **more: str) -> requests.Response:
    account = server.anonymous().account_lookup(author.name)
    return server.request("POST", f"/api/v1/accounts/{account.id}/email_subscriptions", json={"email": address, **more})


def test_a_reader_subscribes_by_an_app_gets_one_letter_and_leaves_by_one_click(new_server: MakeServer) -> None:
    server = with_newsletters(new_server, delay=2)
    amina, badr = server.join("amina"), server.join("badr")
    assert subscribe(server, amina, READER).status_code == 404
    switch_on(amina)
    account = server.anonymous().account_lookup("amina")
    assert account["email_subscriptions"] is True
    assert server.anonymous().account_lookup("badr")["email_subscriptions"] is False
    assert subscribe(server, badr, READER).status_code == 404

    wrong = subscribe(server, amina, "nobody")
    assert (wrong.status_code, wrong.json()["details"]["email"][0]["error"]) == (422, "ERR_INVALID")
    first = subscribe(server, amina, READER, locale="en")
    assert (first.status_code, first.json()) == (200, {})
    question = link(letter(server, READER, "Would you like"))
    assert "rita" in server.request("GET", question.removeprefix(server.origin)).text
    amina.app().status_post("Nobody has said yes yet.")
    assert "You are subscribed" in confirm(server, question).page.get_text()
    again = subscribe(server, amina, READER)
    assert (again.status_code, again.json()) == (200, {})

    app = amina.app()
    post = app.status_post("Good morning, neighbours.", visibility="public")
    app.status_post("The second thought of the morning.", in_reply_to_id=post.id)
    app.status_post("It was the butler.", spoiler_text="How the film ends")
    slip = app.status_post("A slip of the pen.")
    app.status_delete(slip.id)
    for visibility in ("unlisted", "private", "direct"):
        app.status_post(f"This is {visibility}.", visibility=visibility)
    news = letter(server, READER, "posts by amina")
    told = text(news)
    for said in ("Good morning, neighbours.", "The second thought", "How the film ends", post.url):
        assert said in told, told
    for unsaid in ("Nobody has said yes", "butler", "slip of the pen", "This is"):
        assert unsaid not in told, told
    html = news.get_body(("html",))
    assert html is not None and "Good morning, neighbours." in html.get_content() and "butler" not in html.get_content()
    assert len(letters(server, READER, "Would you like")) == 1

    # RFC 8058 §3.2: a mail program posts to the address in the header, without cookies.
    assert news["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = str(news["List-Unsubscribe"]).strip("<>")
    assert requests.get(leave, timeout=30).ok
    app.status_post("One more letter.")
    assert "One more letter." in text(letter(server, READER, "A new post by amina"))
    assert requests.post(leave, data={"List-Unsubscribe": "One-Click"}, timeout=30, allow_redirects=False).status_code == 200
    count = len(files(server))
    app.status_post("Nobody reads this one.")
    never(lambda: len(files(server)) > count, seconds=4, what="a letter to somebody who has left")


def test_killing_the_server_sends_no_letter_twice_and_loses_none(new_server: MakeServer) -> None:
    server = with_newsletters(new_server, delay=1)
    amina = server.join("amina")
    switch_on(amina)
    readers = [f"reader{n}@example.net" for n in range(70)]
    for reader in readers:
        assert subscribe(server, amina, reader, locale="en").status_code == 200
    eventually(lambda: len(files(server)) == len(readers), seconds=60, what="a question to everybody")
    for question in every(server):
        confirm(server, link(question))
    amina.app().status_post("Did the lights go out?")

    def news() -> list[EmailMessage]:
        return [one for one in every(server) if "A new post by amina" in str(one["Subject"])]

    # Seventy letters are two pieces of work; whenever it dies, it goes on.
    for _ in range(3):
        time.sleep(0.8)
        server.kill()
        server.start()
    eventually(lambda: {str(one["To"]) for one in news()} == set(readers), seconds=60, what="a letter to everybody")
    never(lambda: {str(one["To"]) for one in news()} != set(readers), seconds=2)
    # One that was on its way when the server died may be written once more, under the same name: mail servers know it again.
    assert len({str(one["Message-ID"]) for one in news()}) == len(readers)


def test_a_subscriber_who_joins_follows_instead(new_server: MakeServer) -> None:
    server = new_server(MAJLIS_NEWSLETTERS="on", MAJLIS_CONFIRM_EMAILS="on")
    amina = server.join("amina")
    switch_on(amina)
    visitor = Browser(server.origin)
    visitor.open("/@amina")
    visitor.submit(visitor.form("input[name=email]"), {"email": READER})
    assert READER in visitor.page.get_text()
    confirm(server, link(letter(server, READER, "Would you like")))

    visitor.open("/auth/sign_up")
    fields = {"username": "rita", "email": READER, "password": "correct horse battery", "agreement": "true"}
    visitor.submit(visitor.form("input[name=username]"), fields)
    visitor.open(link(letter(server, READER, "Confirm your")))
    visitor.submit(visitor.form("input[name=confirmation_token]"), {})
    app = amina.app()
    eventually(lambda: [one.username for one in app.account_followers(app.me().id)] == ["rita"], what="rita follows amina")


def test_an_address_at_which_nobody_is_gets_no_more_letters(new_server: MakeServer) -> None:
    with mail_server() as mail:
        settings = {"MAJLIS_SMTP_URL": mail.url, "MAJLIS_CONFIRM_EMAILS": "off"}
        server = new_server(MAJLIS_NEWSLETTERS="on", MAJLIS_NEWSLETTER_DELAY="1", **settings)
        amina = server.join("amina")
        switch_on(amina)
        assert subscribe(server, amina, READER, locale="en").status_code == 200
        confirm(server, link(eventually(lambda: mail.letters, what="a question")[0]))
        app = amina.app()
        # A letter that is refused for what is in it, or for whoever sends it, says nothing of the address.
        mail.refusals[READER] = "550 5.7.1 looks like spam"
        app.status_post("This is one.")
        eventually(lambda: len(mail.refused) == 1, what="a letter that is refused")
        mail.refusals[READER] = "550 5.1.1 nobody of this name"
        app.status_post("This is another.")
        eventually(lambda: len(mail.refused) == 2, what="another letter")
        app.status_post("Nobody reads this.")
        never(lambda: len(mail.refused) > 2, seconds=4, what="a letter to nobody")
        assert len(mail.letters) == 1
