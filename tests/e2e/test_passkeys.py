"""Coming in and signing in with a passkey, in a real browser with an authenticator of its own."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from scheduler.submission import Role
from tests.e2e import eyes, journey
from tests.e2e.house import House

PASSWORD = "four words are enough"
PHONE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}


def with_authenticator(page: Page) -> None:
    """Put an authenticator into a browser: its owner always confirms."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {**PHONE, "isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_invitation_and_a_passkey_are_all_one_needs(
    house: House, person: Callable[..., BrowserContext], language: str
):
    """The invitation's address leads to the choice; the passkey made there signs in again, without a name."""
    here = house.address.replace("127.0.0.1", "localhost")
    code = json.loads(house.say("user", "add", "Bea", "--role", "admin", "--json"))["code"]
    page = person(language=language, dark=language == "fr").new_page()
    with_authenticator(page)
    page.goto(f"{here}/staff/welcome#{code}")
    page.wait_for_selector("form[action='/staff/welcome/passkey']:not([hidden])")
    assert code not in page.url
    eyes.demand(page)
    page.locator("form[action='/staff/welcome/passkey'] button").click()
    page.wait_for_url(f"{here}/staff/account")
    eyes.demand(page)
    page.locator("form[action='/staff/sign-out'] button").click()
    page.goto(f"{here}/staff/people")
    page.wait_for_selector("form[action='/staff/passkeys/sign-in']:not([hidden])")
    page.locator("form[action='/staff/passkeys/sign-in'] button").click()
    page.wait_for_url(f"{here}/staff/people")
    page.goto(f"{here}/staff/audit?verify=yes")
    page.locator("details.pause summary").press("Enter")
    eyes.demand(page)


def test_a_passkey_is_added_and_another_device_is_refused(house: House, person: Callable[..., BrowserContext]):
    """Added with the password on the account's page; a device that has no passkey is told so, in words."""
    here = house.address.replace("127.0.0.1", "localhost")
    page = person(size=eyes.DESK).new_page()
    with_authenticator(page)
    house.address = here
    journey.join(page, house, "Ada", Role.editor)
    page.goto(f"{here}/staff/account")
    page.fill("#passkey-label", "My phone")
    page.fill("#passkey-password", "not my password")
    page.locator("form[action='/staff/account/passkeys'] button").click()
    page.locator("form[action='/staff/account/passkeys'] [role=alert]:not(:empty)").wait_for()
    eyes.demand(page)
    page.locator("details.marked summary").click()
    eyes.demand(page)
    other = person().new_page()
    with_authenticator(other)
    other.goto(f"{here}/staff/sign-in")
    other.locator("form[action='/staff/passkeys/sign-in'] button").click()
    other.locator("form[action='/staff/passkeys/sign-in'] [role=alert]:not(:empty)").wait_for()
    eyes.demand(other)
    assert other.url.endswith("/staff/sign-in")


def test_without_scripts_the_code_is_pasted(house: House, person: Callable[..., BrowserContext]):
    """No passkeys are offered then, and a wrong code or password is said beside its field."""
    page = person(scripts=False).new_page()
    code = json.loads(house.say("user", "add", "Bea", "--role", "moderator", "--json"))["code"]
    page.goto(f"{house.address}/staff/welcome")
    page.fill("#code", "wrong")
    page.locator("form[action='/staff/welcome/code'] button").click()
    assert page.locator("#code").get_attribute("aria-invalid") == "true"
    page.fill("#code", code)
    page.locator("form[action='/staff/welcome/code'] button").click()
    assert page.locator("form[data-passkey]").is_hidden()
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("form[action='/staff/welcome'] button").click()
    assert page.url.endswith("/staff/account")
    assert page.locator("form[data-passkey]").is_hidden()
