"""What people do on the pages, step by step, by what the forms are made of: the same in every language."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.house import House

Look = Callable[[Page, str], None]
PASSWORD = "four words make a wall"


def _nothing(_page: Page, _name: str) -> None:
    """Look at nothing."""


def press(page: Page, what: str = "main form button.main") -> None:
    """Press the one thing that goes on, and wait for the next page."""
    with page.expect_navigation():
        page.locator(what).first.click()


def send(page: Page, photo: Path, *, group: bool = False, look: Look = _nothing) -> None:
    """Choose a picture on the action's page and send it; the next question is about faces."""
    page.goto("/actions/unite")
    look(page, "action")
    page.locator("main a[href$='/add']").first.click()
    page.wait_for_url("**/add")
    page.set_input_files("#file", photo)
    if group:
        page.check("input[name=who][value=group]")
    look(page, "add")
    page.locator("main form button.main").click()
    page.wait_for_url("**/add/faces", timeout=60_000)


def tell(page: Page, message: str, *, language: str, alt: str, look: Look = _nothing) -> None:
    """Answer every question after the faces, up to the agreement."""
    page.wait_for_url("**/add/message")
    page.fill("#message", message)
    page.select_option("#language", language)
    look(page, "message")
    press(page)
    page.wait_for_url("**/add/preview")
    look(page, "preview")
    press(page, "main a.button.main")
    if page.url.endswith("/name"):
        look(page, "name")
        press(page)
    page.fill("#alt", alt)
    look(page, "alt")
    press(page)
    for box in page.locator("input[name=network]").all():
        box.check()
    look(page, "where")
    press(page)


def agree(page: Page, *, people: int = 1, look: Look = _nothing) -> str:
    """Agree and hand it in; return the code that takes it back."""
    page.wait_for_url("**/add/consent")
    page.check("input[name=age][value=adult]")
    page.fill("#people", str(people))
    page.check("input[name=everyone]")
    page.check("input[name=agree]")
    page.evaluate("scrollTo(0, 0)")  # else the bar on top may hide a part of what is to be pressed
    look(page, "consent")
    press(page)
    page.wait_for_url("**/add/receipt")
    look(page, "receipt")
    code = page.locator("#code").inner_text()
    press(page)
    return code


def hand_in(
    page: Page,
    photo: Path,
    message: str,
    *,
    language: str,
    alt: str = "A person holds up a sign.",
    look: Look = _nothing,
) -> str:
    """Go the whole way; return the code."""
    send(page, photo, look=look)
    look(page, "faces")
    press(page, "main form button[name=on]")
    tell(page, message, language=language, alt=alt, look=look)
    return agree(page, look=look)


def join(page: Page, house: House, name: str, role: str) -> None:
    """Come on staff by an invitation, with a password, and be signed in."""
    code = str(json.loads(house.say("user", "add", name, "--role", role, "--json"))["code"])
    page.goto(f"{house.address}/staff/welcome")
    page.fill("#code", code)
    press(page)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    press(page, "main form:has(#new) button.main")


def approve(page: Page) -> None:
    """Approve the first submission that waits, to the next free slot."""
    page.goto("/staff/moderation")
    page.locator("a.open").first.click()
    page.wait_for_url("**/staff/moderation/*")
    press(page, "form.approve button[value=next]")


def take_back(page: Page, code: str, *, look: Look = _nothing) -> None:
    """Take a picture back by its code."""
    page.goto("/back")
    page.fill("#code", code.lower().replace("-", " "))
    look(page, "back")
    press(page)
    look(page, "found")
    press(page)
    look(page, "taken back")
