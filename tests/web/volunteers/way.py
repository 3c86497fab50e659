"""A volunteer's way through the pages, as a browser without JavaScript goes it: forms filled in and sent."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.web.site import Served, TestClient

ACTION = """\
title: {en: Bring Salma home, fr: Ramenez Salma}
phase: final-push
opens: 2026-03-01
closes: 2026-04-01
hashtags: [BringSalmaHome]
tags: {x: [SomeMinister], outbox: [SomeMinister]}
link: https://example.org/salma
RISK
replies:
  - {title: {en: Someone asks us for help, fr: Quelqu’un demande de l’aide}, text: {en: Please see, fr: Voyez},
     links: [https://example.org/help]}
posts:
  - id: report
    at: 2026-03-03 09:00
    text: {en: A report on Salma’s case., fr: Un rapport sur le cas de Salma.}
  - id: voices
    from: submissions
    every: {days: [mon, wed, fri], time: "12:00", from: 2026-03-02, until: 2026-03-30}
    text: {en: "{name|A volunteer} says: {message}", fr: "{name|Une personne} dit : {message}"}
"""

PUBLIC = "https://solidarity.example"


def action(risk: str = "low") -> str:
    """Return the file of an action that takes what volunteers hand in."""
    return ACTION.replace("RISK", f"risk: {risk}")


@dataclass
class Form:
    """A form of a page, with what stands in it."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page as a person without JavaScript has it: its words, links and forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.words: list[str] = []
        self._option: list[tuple[str, str]] | None = None
        self._area = ""
        self._name = ""
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link, a form or a field."""
        have = dict(attrs)
        name, value = have.get("name") or "", have.get("value") or ""
        if tag == "form":
            self.forms.append(Form(have.get("action") or "", have.get("method") or "get"))
        elif tag == "a":
            self.links.append(have.get("href") or "")
        elif tag == "img":
            self.images.append(have.get("src") or "")
        elif tag == "input" and name and have.get("type") not in {"image", "file", "submit"}:
            if have.get("type") not in {"checkbox", "radio"} or "checked" in have:
                self.forms[-1].values.append((name, value))
        elif tag in {"select", "textarea"}:
            self._name = name
            self._area = "" if tag == "textarea" else "-"
        elif tag == "option" and "selected" in have:
            self.forms[-1].values.append((self._name, value))

    def handle_data(self, data: str) -> None:
        """Note words."""
        if self._name and self.get_starttag_text().startswith("<textarea"):
            self._area += data
        self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Note what stood in a field of several lines."""
        if tag == "textarea":
            self.forms[-1].values.append((self._name, self._area))
            self._name = ""


class Volunteer:
    """Somebody with a phone. Every answer is looked at: its address, its headers."""

    def __init__(self, served: Served, language: str = "en") -> None:
        self.browser: TestClient = served.client()
        self.browser.headers["Accept-Language"] = language
        self.addresses: list[str] = []
        self.status = 0
        self.here = ""
        self.page = Page("")
        self.html = ""

    def open(self, address: str) -> "Volunteer":
        """Go to a page, and on to where it sends."""
        return self._arrive(self.browser.get(address), address)

    def send(self, *, drop: tuple[str, ...] = (), files: Any = None, form: int = -1, **values: Any) -> "Volunteer":
        """Send a form of the page as it stands, with `values` in it; a list ticks several."""
        forms = [one for one in self.page.forms if one.method == "post" and "/stop" not in one.action]
        assert forms, (self.status, self.addresses[-8:], self.page.text)
        found = forms[form]
        kept = [(name, value) for name, value in found.values if name not in values and name not in drop]
        for name, value in values.items():
            kept += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
        if files is None:
            body: dict[str, Any] = {
                "content": urlencode(kept),
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            }
        else:
            body = {"data": dict(kept), "files": files}
        return self._arrive(self.browser.post(found.action, **body), found.action)

    def upload(self, data: bytes, *, name: str = "IMG_0001.jpg", action: str = "salma", **values: Any) -> "Volunteer":
        """Hand a file over, on the page that asks for it."""
        self.open(f"/actions/{action}/add")
        return self.send(files={"file": (name, data, "image/jpeg")}, **values)

    def _arrive(self, answer: Any, address: str) -> "Volunteer":
        self.addresses.append(address)
        for _ in range(5):
            if answer.status_code != 303:
                break
            address = answer.headers["location"]
            self.addresses.append(address)
            answer = self.browser.get(address)
        self.status, self.here, self.html = answer.status_code, address, answer.text
        self.page = Page(answer.text)
        self.headers = answer.headers
        return self

    def through(self, *, networks: tuple[str, ...] = ("outbox",), message: str = "We stand with Salma") -> str:
        """Answer every question after the file as simply as can be; return the code of the receipt."""
        self.send()  # faces
        self.send(message=message)
        self.open("/add/name").send()
        self.send()  # what is to be seen
        self.send(network=list(networks))
        self.send(age="adult", people="1", everyone="yes", agree="yes")
        assert self.here == "/add/receipt", (self.here, self.page.text)
        return self.code()

    def code(self) -> str:
        """Return the code on the receipt."""
        return self.html.partition('id="code"')[2].partition(">")[2].partition("<")[0]
