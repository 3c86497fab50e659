"""Passkeys, through the real pages, with an authenticator in software that can lie."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.operations import staff
from scheduler.store import staff as kept
from scheduler.submission import Role, User
from scheduler.web.entrance import SESSION
from tests.web.site import Served, TestClient
from tests.web.staff.authenticator import Authenticator, data, text
from tests.web.staff.test_signing import PASSWORD, member, sign_in

ORIGIN = "https://desk.example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    """Give a site at a public address."""
    made = Served(tmp_path, public_url=ORIGIN)
    yield made
    made.close()


def added(browser: TestClient, phone: Authenticator, label: str = "My phone", password: str = PASSWORD) -> Any:
    """Add a passkey to the account that is signed in."""
    asked = browser.post("/staff/account/passkeys/challenge", data={"label": label, "password": password})
    assert asked.status_code == 200, asked.text
    return browser.post("/staff/account/passkeys", data={"label": label, "credential": phone.create(asked.json())})


def entered(browser: TestClient, phone: Authenticator, **more: str) -> Any:
    """Sign in with a passkey."""
    options = browser.post("/staff/passkeys/challenge").json()
    return browser.post("/staff/passkeys/sign-in", data={"credential": phone.get(options), **more})


def with_phone(site: Served, **how: Any) -> tuple[User, Authenticator]:
    """Return somebody on staff with a passkey."""
    user, phone = member(site), Authenticator(ORIGIN, **how)
    browser = site.client()
    sign_in(browser)
    assert added(browser, phone).json() == {"to": "/staff/account"}
    return user, phone


def session_of(site: Served, browser: TestClient) -> Any:
    """Return the session behind a browser's cookie."""
    with site.app.store.read() as c:
        return kept.session(c, browser.cookies[site.site.cookie(SESSION)], now=site.clock.now())


def test_a_passkey_is_made_and_lets_in_without_a_name(desk: Served) -> None:
    """Added on the account's page; signing in asks for no name; the session knows that it was a passkey."""
    user, phone = with_phone(desk)
    browser = desk.client()
    assert entered(browser, phone, to="/staff/account").json() == {"to": "/staff/account"}
    session = session_of(desk, browser)
    assert session.user.id == user.id
    assert session.passkey
    assert "My phone" in browser.get("/staff/account").text


def test_options_ask_for_verification_and_a_key_that_names_its_owner(desk: Served) -> None:
    """The browser is told to verify the person; the handle it keeps tells nobody who that is."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    made = browser.post("/staff/account/passkeys/challenge", data={"password": PASSWORD}).json()
    assert made["rp"]["id"] == "desk.example.org"
    choice = made["authenticatorSelection"]
    assert (choice["userVerification"], choice["residentKey"]) == ("required", "required")
    assert len(data(made["user"]["id"])) == 32
    asked = browser.post("/staff/passkeys/challenge").json()
    assert (asked["rpId"], asked["userVerification"]) == ("desk.example.org", "required")
    assert not asked.get("allowCredentials")


def test_an_answer_counts_once(desk: Served) -> None:
    """The same answer, sent again from the same or another browser, lets nobody in."""
    _, phone = with_phone(desk)
    browser, thief = desk.client(), desk.client()
    options = browser.post("/staff/passkeys/challenge").json()
    answer = phone.get(options)
    thief.post("/staff/passkeys/challenge")
    assert thief.post("/staff/passkeys/sign-in", data={"credential": answer}).status_code == 403
    assert browser.post("/staff/passkeys/sign-in", data={"credential": answer}).status_code == 200
    assert browser.post("/staff/passkeys/sign-in", data={"credential": answer}).status_code == 403


def test_a_challenge_is_forgotten_after_five_minutes(desk: Served) -> None:
    """An answer that comes too late lets nobody in."""
    _, phone = with_phone(desk)
    browser = desk.client()
    options = browser.post("/staff/passkeys/challenge").json()
    desk.clock.sleep(301)
    assert browser.post("/staff/passkeys/sign-in", data={"credential": phone.get(options)}).status_code == 403


def test_a_challenge_for_one_thing_is_none_for_another(desk: Served) -> None:
    """What was asked for signing in can't add a passkey."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    asked = browser.post("/staff/passkeys/challenge").json()
    made = {"challenge": asked["challenge"], "rp": {"id": asked["rpId"]}, "user": {"id": text(b"x")}}
    made["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
    answer = Authenticator(ORIGIN).create(made)
    assert browser.post("/staff/account/passkeys", data={"label": "x", "credential": answer}).status_code == 403


@pytest.mark.parametrize("what", ["origin", "unverified", "copy", "signature", "stranger", "garbage", "party"])
def test_a_false_answer_lets_nobody_in(desk: Served, what: str) -> None:
    """Another page's answer, no finger, a copied key, a broken signature, an unknown key, rubbish, another site."""
    _, phone = with_phone(desk)
    browser = desk.client()
    options = browser.post("/staff/passkeys/challenge").json()
    if what == "unverified":
        phone.verifies = False
    if what == "copy":
        entered(desk.client(), phone)
        phone.count -= 1
    if what == "party":
        options["rpId"] = "evil.example"
    answer = phone.get(options, origin="https://evil.example" if what == "origin" else "")
    if what == "signature":
        whole = json.loads(answer)
        signed = bytearray(data(whole["response"]["signature"]))
        signed[-1] ^= 1
        whole["response"]["signature"] = text(bytes(signed))
        answer = json.dumps(whole)
    if what == "stranger":
        phone.credential = b"somebody else's"
        answer = phone.get(options)
    if what == "garbage":
        answer = '{"id": "\\u0000", "response": []}'
    refused = browser.post("/staff/passkeys/sign-in", data={"credential": answer})
    assert refused.status_code == 403
    assert refused.json()["error"]
    assert session_of(desk, browser).user is None


def test_a_phone_without_a_counter_works_again_and_again(desk: Served) -> None:
    """Passkeys that are copied between a person's devices don't count; that is allowed."""
    _, phone = with_phone(desk, counts=False)
    for _ in range(3):
        assert entered(desk.client(), phone).status_code == 200


def test_adding_a_passkey_asks_for_the_password(desk: Served) -> None:
    """A desk left open isn't enough to put in a key of one's own; who came by passkey needs no password."""
    _, phone = with_phone(desk)
    browser = desk.client()
    sign_in(browser)
    answer = browser.post("/staff/account/passkeys/challenge", data={"password": "wrong wrong wrong"})
    assert answer.status_code == 403
    other = desk.client()
    entered(other, phone)
    assert added(other, Authenticator(ORIGIN), "Second", password="").status_code == 200


def test_an_unverified_new_passkey_is_refused(desk: Served) -> None:
    """A key that doesn't ask for finger, face or PIN can't be added."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    assert added(browser, Authenticator(ORIGIN, verifies=False)).status_code == 403


def test_coming_in_with_a_passkey_and_no_password(desk: Served) -> None:
    """An invitation may set a passkey only; it is used up, and the last way in can't be removed."""
    _, code = staff.add_user(desk.app, "Bea", Role.moderator, who="x")
    browser, phone = desk.client(), Authenticator(ORIGIN)
    assert browser.post("/staff/welcome/passkey/challenge").status_code == 403
    browser.post("/staff/welcome/code", data={"code": code})
    options = browser.post("/staff/welcome/passkey/challenge").json()
    answer = browser.post("/staff/welcome/passkey", data={"credential": phone.create(options)})
    assert answer.json() == {"to": "/staff/account"}
    assert session_of(desk, browser).passkey
    assert desk.client().post("/staff/welcome/code", data={"code": code}).status_code == 403
    number = kept_passkeys(desk, "Bea")[0].id
    assert browser.post("/staff/account/passkeys/remove", data={"id": number}).status_code == 303
    assert "Nothing else would let you in" in browser.get("/staff/account").text
    assert entered(desk.client(), phone).status_code == 200


def kept_passkeys(site: Served, name: str) -> list[Any]:
    """Return somebody's passkeys."""
    with site.app.store.read() as c:
        user = kept.user_named(c, name)
        assert user
        return kept.passkeys_of(c, user.id)


def test_a_passkey_is_renamed_and_removed_by_its_owner_only(desk: Served) -> None:
    """Somebody else's number does nothing; one's own does."""
    _, phone = with_phone(desk)
    number = kept_passkeys(desk, "Ada")[0].id
    other = desk.staff(Role.admin)
    other.post("/staff/account/passkeys/rename", data={"id": number, "label": "taken"})
    other.post("/staff/account/passkeys/remove", data={"id": number})
    assert [one.label for one in kept_passkeys(desk, "Ada")] == ["My phone"]
    browser = desk.client()
    entered(browser, phone)
    browser.post("/staff/account/passkeys/rename", data={"id": number, "label": "<b>Old</b>"})
    assert "&lt;b&gt;Old&lt;/b&gt;" in browser.get("/staff/account").text
    browser.post("/staff/account/passkeys/remove", data={"id": number})
    assert kept_passkeys(desk, "Ada") == []
    assert entered(desk.client(), phone).status_code == 403


def test_without_a_public_address_passkeys_are_for_localhost(served: Served) -> None:
    """On one's own machine they work at localhost on any port, and for no other page."""
    member(served)
    browser = served.client()
    sign_in(browser)
    phone = Authenticator("http://localhost:8123")
    assert added(browser, phone).status_code == 200
    assert entered(served.client(), phone).status_code == 200
    for origin in ("https://localhost", "http://localhost.evil.example", "http://evil.example", "http://x@localhost"):
        phone.origin = origin
        assert entered(served.client(), phone).status_code == 403, origin
