"""Who somebody is stays with them: address, device, file name, where they came from, what the phone wrote."""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.site import CANARY, Served
from tests.web.volunteers.way import Volunteer

AGENT, CAME_FROM, NAME = "CanaryPhone/7d1f", "https://canary.example/7d1f", "CANARY-name-7d1f.jpg"
ADDRESS = "203.0.113.77"


@pytest.mark.parametrize("ending", ["handed in", "refused", "stopped", "taken back"])
def test_nothing_tells_who_it_was(
    open_site: Callable[..., Served],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ending: str,
) -> None:
    """Whatever becomes of it, no file, row, log or answer holds address, user agent, referrer, name or metadata."""
    caplog.set_level(logging.DEBUG)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    site = open_site()
    someone = Volunteer(site)
    someone.browser = site.client(client=(ADDRESS, 50_000))
    someone.browser.headers.update(
        {"User-Agent": AGENT, "X-Forwarded-For": ADDRESS, "Cookie2": "7d1f", "Accept-Language": "en"}
    )
    someone.browser.headers["Referer"] = f"{site.origin}/?from={CAME_FROM}"
    answers = [someone.upload(b"%PDF-" + CANARY if ending == "refused" else site.photo(), name=NAME).html]
    if ending == "stopped":
        someone.browser.post("/add/stop")
    elif ending != "refused":
        code = someone.through()
        answers.append(someone.html)
        if ending == "taken back":
            answers.append(someone.open("/back").send(code=code).send().html)
    site.app.store.checkpoint()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    told = caplog.text + "".join(answers)
    for canary in (AGENT, CAME_FROM, NAME, ADDRESS, CANARY.decode(), "7d1f"):
        assert canary.encode() not in stored, canary
        assert canary not in told, canary
    assert not any(temporary.iterdir())
