"""A person with a browser: opens the pages that an app sends them to, fills in the forms and presses the buttons."""

from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

from support.server import PASSWORD, Person

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


class Browser:
    """Cookies, the page now shown, and redirects followed for as long as they stay on the server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html,application/xhtml+xml"
        self.url = origin
        self.page = BeautifulSoup("", "html.parser")

    def open(self, url: str) -> None:
        self._go("GET", urljoin(self.url, url), {})

    def form(self, field: str) -> Tag:
        """The form on the page that has an element matching this CSS selector."""
        for form in self.page.select("form"):
            if form.select_one(field):
                return form
        raise AssertionError(f"no form with {field} at {self.url}:\n{self.page.get_text(' ', strip=True)[:2000]}")

    def submit(self, form: Tag, values: dict[str, str], button: Tag | None = None) -> None:
        """Sends the form as it stands (hidden fields, defaults) with `values` filled in."""
        fields = {
            str(field["name"]): str(field.get("value", ""))
            for field in form.select("input[name]")
            if field.get("type") not in ("submit", "checkbox", "radio") or field.has_attr("checked")
        }
        if button is not None and button.get("name"):
            fields[str(button["name"])] = str(button.get("value", ""))
        self._go(str(form.get("method", "get")).upper(), urljoin(self.url, str(form.get("action") or self.url)), {**fields, **values})

    def log_in(self, person: Person, password: str = PASSWORD) -> None:
        """Fills in the log-in form that is shown now."""
        form = self.form("input[type=password]")
        name = form.select_one("input[type=email], input[type=text], input:not([type])")
        secret = form.select_one("input[type=password]")
        assert name is not None and secret is not None
        self.submit(form, {str(name["name"]): person.email, str(secret["name"]): password})

    def authorise(self, url: str, person: Person) -> dict[str, str]:
        """Opens an app's authorisation URL, logs in where asked and allows it; returns the parameters handed to the app."""
        self.open(url)
        if self.page.select_one("input[type=password]"):
            self.log_in(person)
        return self.answer(allow=True)

    def answer(self, *, allow: bool) -> dict[str, str]:
        """Presses the button that allows or denies on the authorisation page; returns the parameters handed to the app."""
        for form in self.page.select("form"):
            for button in form.select("button, input[type=submit]"):
                meaning = " ".join(str(part) for part in (form.get("action"), button.get("name"), button.get("value"), button.get_text()))
                denies = any(word in meaning.lower() for word in ("deny", "reject", "cancel"))
                if denies != allow and "log" not in meaning.lower():
                    self.submit(form, {}, button)
                    return self.handed_over()
        raise AssertionError(f"no button to {'allow' if allow else 'deny'} at {self.url}:\n{self.page}")

    def handed_over(self) -> dict[str, str]:
        """The query parameters of where the browser was sent: the app's redirect address, or our out-of-band page."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    def _go(self, method: str, url: str, values: dict[str, str]) -> None:
        body = {"params": values} if method == "GET" else {"data": values}
        for _ in range(10):
            response = self.session.request(method, url, allow_redirects=False, timeout=30, **body)  # type: ignore[arg-type]
            self.url = response.url
            if not response.is_redirect:
                assert response.status_code < 500, response.text[:2000]
                self.page = BeautifulSoup(response.text, "html.parser")
                return
            self.url = urljoin(response.url, response.headers["Location"])
            if not self.url.startswith(self.origin):
                return  # an app's own address: nobody listens there
            method, url, body = "GET", self.url, {}
        raise AssertionError(f"too many redirects, last to {self.url}")
