"""Answers: a page from a template, a redirect, a file; each with the headers that keep it safe."""

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from jinja2 import Environment

    from scheduler.web.ask import Ask

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; img-src 'self' blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline. `blob:` is a preview of the volunteer's own file, before it is sent."""

SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Cache-Control": "no-store",
}


def page(ask: "Ask", template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page made from a template of `templates/`."""
    text = environment().get_template(template).render(ask.shown(**values))
    return Response(text, status_code=status, media_type="text/html", headers={"Content-Language": ask.words.language})


def go(to: str) -> Response:
    """Send the browser to another of our pages, after a form (303: the answer of a form is never a page)."""
    if not to.startswith("/") or to.startswith("//") or "\\" in to or not to.isprintable():
        to = "/"
    return RedirectResponse(to, status_code=303)


def said(ask: "Ask", status: int, title: str, text: str, *, cure: str = "") -> Response:
    """Return a short page that says what is the matter and what to do."""
    return page(ask, "message.html.jinja", status=status, title=title, text=text, cure=cure)


def plain(text: str, status: int = 200) -> Response:
    """Return a plain text."""
    return PlainTextResponse(text, status_code=status)


def file(path: Path, mime: str, *, download: str = "") -> Response:
    """Return a file of ours; with `download` the browser saves it under that name."""
    how = "attachment" if download else "inline"
    return _File(path, media_type=mime, filename=download or None, content_disposition_type=how)


def missing(mime: str) -> Response:
    """Return what stands in place of a picture or film that can't be had just now: a grey box, or nothing."""
    if not mime.startswith("image/"):
        return plain("", 503)
    box = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><path d="M0 0h4v3H0z" fill="#bbb"/></svg>'
    return Response(box, status_code=503, media_type="image/svg+xml")


class _File(FileResponse):
    """A file that no cache keeps: nothing tells when it was made, or whether it changed."""

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        super().set_stat_headers(stat_result)
        for name in ("etag", "last-modified"):
            del self.headers[name]

    def _should_use_range(self, http_if_range: str) -> bool:
        del http_if_range
        return False


@cache
def address(name: str) -> str:
    """Return the address of a file of `static/`, which changes with what is in it."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


@cache
def environment() -> "Environment":
    """Return what sets the templates: everything is escaped, and an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.globals["static"] = address
    return made
