"""The networks' tokens: whatever a network answers, no page, log, export or row of the state shows one."""

import logging
from pathlib import Path

import pytest

from scheduler.standins.x import USERS, Server
from tests.publishers.conftest import LEAKS
from tests.web.site import CONFIG, Served

ANSWERS = (
    "",
    "400_echo",
    "400_names_key",
    "401",
    "403_client",
    "404",
    "429_reset",
    "html",
    "cut_json",
    "500",
    "refused",
)
PAGES = (
    "/staff",
    "/staff/accounts",
    "/staff/needs",
    "/staff/pauses",
    "/staff/calendar",
    "/staff/audit",
    "/staff/export.csv",
)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda name: name or "well")
def test_no_page_tells_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    """An account is checked from its page; its network is well, refuses, quotes the request, or answers nonsense."""
    caplog.set_level(logging.DEBUG)
    for name, secret in USERS[0].secrets.items():
        monkeypatch.setenv(f"X_EN_{name}", secret)
    with Server() as network:
        config = f"{CONFIG}  x-en: {{platform: x, lang: en, keys: X_EN, base_url: '{network.url}'}}\n"
        site = Served(tmp_path, config=config)
        try:
            if answer == "refused":
                network.stop()
            elif answer:
                network.fail("GET /2/users/me", answer, times=9)
            browser = site.staff("admin")
            sent = browser.post("/staff/accounts/x-en/verify")
            assert sent.status_code == 303
            told = "".join(browser.get(page).text for page in PAGES)
            assert ("x-en works" in told) == (not answer)
            assert "x-en doesn&#39;t work" in told or not answer
            site.app.store.checkpoint()
            kept = b"".join(file.read_bytes() for file in (tmp_path / "var").rglob("*") if file.is_file())
            for word in LEAKS:
                assert word not in told
                assert word not in caplog.text
                assert word.encode() not in kept
        finally:
            site.close()
            if answer == "refused":
                network.start()
