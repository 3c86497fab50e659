"""Signing in with a password, by invitation, and out; what guessing costs; what a cookie is worth."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from scheduler import passwords
from scheduler.operations import staff
from scheduler.store.tables import audit, invitations, sessions, users
from scheduler.submission import Role, User
from scheduler.web.entrance import SESSION
from scheduler.web.staff import attempts
from tests.web.site import NOON, Served, TestClient

PASSWORD = "correct horse battery"


def member(served: Served, name: str = "Ada", role: Role = Role.editor) -> User:
    """Put somebody on the staff, with a password."""
    return staff.set_password(served.app, served.user(role, name=name).id, PASSWORD)


def sign_in(browser: TestClient, name: str = "Ada", password: str = PASSWORD, **more: str) -> Any:
    """Fill in the form."""
    return browser.post("/staff/sign-in", data={"name": name, "password": password, **more})


def rows(served: Served, table: Any) -> list[Any]:
    """Return what a table holds."""
    with served.app.store.read() as c:
        return [dict(row) for row in c.execute(select(table)).mappings()]


def test_the_right_password_lets_in_and_leads_where_one_wanted_to_go(served: Served) -> None:
    """A page asked for without a session leads to the form, and from there back to that page; case doesn't matter."""
    member(served)
    browser = served.client()
    asked = browser.get("/staff/account")
    assert (asked.status_code, asked.headers["location"]) == (303, "/staff/sign-in?to=/staff/account")
    form = browser.get(asked.headers["location"])
    assert 'name="to" value="/staff/account"' in form.text
    answer = sign_in(browser, "ADA", to="/staff/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/account")
    assert "Ada" in browser.get("/staff/account").text


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example/staff",
        "/staffx",
        "/",
        "/staff/sign-in",
        "\\\\evil",
        "/staff\r\nX: y",
        "",
    ],
)
def test_signing_in_leads_to_no_other_place(served: Served, to: str) -> None:
    """Whatever address was planted in the form, one stays among the pages of staff."""
    member(served)
    assert sign_in(served.client(), to=to).headers["location"].splitlines() in (["/staff"], ["/"])


def test_the_cookie_is_for_this_site_alone_and_kept_as_a_hash(tmp_path: Any) -> None:
    """By https the cookie is bound to the host, unreadable for scripts; the state holds only its hash."""
    served = Served(tmp_path, public_url="https://desk.example.org")
    try:
        member(served)
        answer = sign_in(served.client())
        cookie = answer.headers["set-cookie"]
        name, _, secret = cookie.partition(";")[0].partition("=")
        assert name == "__Host-session"
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "secure", "samesite=lax", "path=/"} == attributes
        assert len(secret) >= 43
        assert secret not in str(rows(served, sessions))
    finally:
        served.close()


@pytest.mark.parametrize(
    ("name", "password"), [("Ada", "wrong wrong wrong"), ("Nobody", PASSWORD), ("", ""), ("Ada", "")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(served: Served, name: str, password: str) -> None:
    """Neither lets in, and the answer doesn't tell whether the name exists."""
    member(served)
    browser = served.client()
    answer = sign_in(browser, name, password)
    assert answer.status_code == 403
    assert "belong together" in answer.text
    assert not browser.cookies


def test_an_unknown_name_costs_as_much_as_a_known_one(served: Served) -> None:
    """A name that there isn't is checked against a hash of the same cost: time doesn't tell names."""
    user = member(served)
    kept = str(next(row["password"] for row in rows(served, users) if row["id"] == user.id))
    assert kept.startswith("$argon2id$")
    assert kept.split("$")[1:4] == passwords._nobodys().split("$")[1:4]
    assert not passwords.matches(None, "nobody has this password")


def test_a_password_kept_with_older_parameters_is_kept_anew(served: Served) -> None:
    """Signing in brings an old hash up to today's parameters."""
    from argon2 import PasswordHasher

    user = member(served)
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with served.app.store.write() as c:
        c.execute(users.update().where(users.c.id == user.id).values(password=old))
    assert sign_in(served.client()).status_code == 303
    new = next(row["password"] for row in rows(served, users))
    assert new != old
    assert not passwords.is_dated(new)
    assert sign_in(served.client()).status_code == 303


def test_signing_in_changes_the_session(served: Served) -> None:
    """A cookie that was there before signing in is worth nothing after it: nobody can plant one."""
    member(served)
    browser = served.client()
    browser.post("/staff/passkeys/challenge")
    name = served.site.cookie(SESSION)
    planted = browser.cookies[name]
    sign_in(browser)
    assert browser.cookies[name] != planted
    stale = served.client()
    stale.cookies.set(name, planted, domain="127.0.0.1")
    assert stale.get("/staff/account").status_code == 303
    assert len(rows(served, sessions)) == 1


def test_signing_out_makes_a_copied_cookie_worthless(served: Served) -> None:
    """The session's row is gone, not only this browser's cookie."""
    member(served)
    browser, thief = served.client(), served.client()
    sign_in(browser)
    thief.cookies.update(browser.cookies)
    assert thief.get("/staff/account").status_code == 200
    assert browser.post("/staff/sign-out").headers["location"] == "/staff/sign-in"
    assert thief.get("/staff/account").status_code == 303
    assert rows(served, sessions) == []
    assert not browser.cookies


def test_a_session_ends_when_nobody_uses_it_and_after_half_a_day_anyway(served: Served) -> None:
    """Two idle hours end it; work keeps it for twelve hours at most."""
    member(served)
    idle, busy = served.client(), served.client()
    sign_in(idle)
    sign_in(busy)
    for hours in range(0, 12, 1):
        assert busy.get("/staff/account").status_code == 200, hours
        assert hours != 2 or idle.get("/staff/account").status_code == 303
        served.clock.sleep(3600)
    assert busy.get("/staff/account").status_code == 303


def test_guessing_becomes_slower_with_every_guess(served: Served) -> None:
    """After five wrong passwords even the right one waits; waiting it out lets in."""
    member(served)
    browser = served.client()
    for _ in range(6):
        assert sign_in(browser, password="wrong wrong wrong").status_code in {403, 429}
    waiting = sign_in(browser)
    assert waiting.status_code == 429
    assert "use a passkey" in waiting.text
    served.clock.sleep(10)
    assert sign_in(browser).status_code == 303


def test_nobody_is_locked_out_by_others(served: Served) -> None:
    """Thousands of wrong passwords from everywhere hold up strangers, but not a place where the owner signed in."""
    member(served)
    own = served.client(client=("192.0.2.1", 50000))
    sign_in(own)
    for number in range(60):
        sign_in(served.client(client=(f"198.51.100.{number}", 50000)), password="wrong wrong wrong")
    assert sign_in(served.client(client=("203.0.113.9", 50000))).status_code == 429
    assert sign_in(own).status_code == 303
    served.clock.sleep(21)
    assert sign_in(served.client(client=("203.0.113.9", 50000))).status_code == 303


def test_passwords_are_checked_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sign in at once, memory and processors are those of two; more than a few are asked to wait."""
    running, most, lock, go = [0], [0], threading.Lock(), threading.Event()

    class Slow:
        def verify(self, _kept: str, _password: str) -> bool:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            go.wait(10)
            with lock:
                running[0] -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow)
    outcomes: list[str] = []

    def try_one() -> None:
        try:
            passwords.matches("kept", "x")
            outcomes.append("done")
        except passwords.BusyError:
            outcomes.append("busy")
            if outcomes.count("busy") == 4:
                go.set()

    threads = [threading.Thread(target=try_one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2
    assert sorted(outcomes) == ["busy"] * 4 + ["done"] * 8
    assert passwords._turns._value == passwords._AT_ONCE


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("x" * 1001, "long"),
        ("aaaaaaaaaaaaaa", "common"),
        ("abcabcabcabcabc", "common"),
        ("123456789012", "common"),
        ("qwertyuiopasdf", "common"),
        ("Password2026!!", "common"),
        ("adalovelace 1", "name"),
        ("Ada Lovelace!", "name"),
        ("correct horse battery", ""),
        ("mot de passe à quatre mots", ""),
        ("پنج کلمه ساده و بلند", ""),
    ],
)
def test_only_what_is_guessed_first_is_refused(password: str, why: str) -> None:
    """Length counts; no rule asks for a digit or a capital; the name, rows and repetitions are refused."""
    assert passwords.weakness(password, "Ada Lovelace") == why


def test_a_password_is_the_same_on_every_keyboard() -> None:
    """An é typed as one code point or as two is one password."""
    kept = passwords.hashed("caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait noir")
    assert passwords.matches(kept, "cafe\N{COMBINING ACUTE ACCENT} au lait noir")


def test_an_invitation_lets_in_once(served: Served) -> None:
    """Its code leads to the choice of a password; used, too old, or replaced by a newer one it is worth nothing."""
    user, code = staff.add_user(served.app, "Bea", Role.moderator, who="Ada")
    browser = served.client()
    assert browser.post("/staff/welcome/code", data={"code": code}).headers["location"] == "/staff/welcome"
    assert "Bea" in browser.get("/staff/welcome").text
    weak = browser.post("/staff/welcome", data={"new": "bea bea bea bea", "again": "bea bea bea bea"})
    assert weak.status_code == 400
    assert 'aria-invalid="true"' in weak.text
    assert browser.post("/staff/welcome", data={"new": PASSWORD, "again": "another"}).status_code == 400
    done = browser.post("/staff/welcome", data={"new": PASSWORD, "again": PASSWORD})
    assert done.headers["location"] == "/staff/account"
    assert browser.get("/staff/account").status_code == 200
    assert sign_in(served.client(), "bea").status_code == 303
    assert rows(served, invitations) == []
    assert served.client().post("/staff/welcome/code", data={"code": code}).status_code == 403
    assert code not in str(rows(served, sessions)) + str(rows(served, audit))
    assert user.name in str(rows(served, audit))


def test_an_invitation_is_good_for_one_of_two_who_race(served: Served) -> None:
    """Two browsers with the same code: the second is told that it was used."""
    _, code = staff.add_user(served.app, "Bea", Role.moderator, who="Ada")
    first, second = served.client(), served.client()
    for browser in (first, second):
        browser.post("/staff/welcome/code", data={"code": f"http://x/staff/welcome#{code}"})
    assert first.post("/staff/welcome", data={"new": PASSWORD, "again": PASSWORD}).status_code == 303
    late = second.post("/staff/welcome", data={"new": "another long password", "again": "another long password"})
    assert late.headers["location"] == "/staff/welcome"
    assert "invitation" in second.get("/staff/welcome").text
    assert sign_in(served.client(), "Bea").status_code == 303


def test_an_invitation_ends_after_a_week_and_by_a_newer_one(served: Served) -> None:
    """Seven days, and only the newest."""
    _, old = staff.add_user(served.app, "Bea", Role.moderator, who="Ada")
    _, new = staff.invite(served.app, "bea", who="Ada")
    browser = served.client()
    assert browser.post("/staff/welcome/code", data={"code": old}).status_code == 403
    assert browser.post("/staff/welcome/code", data={"code": new}).status_code == 303
    served.clock.sleep(604800)
    assert served.client().post("/staff/welcome/code", data={"code": new}).status_code == 403


def test_a_removed_person_is_out_at_once(served: Served) -> None:
    """Sessions, password and invitations of whoever is taken off the staff are worth nothing."""
    member(served)
    browser = served.client()
    sign_in(browser)
    _, code = staff.invite(served.app, "Ada", who="x")
    staff.remove_user(served.app, "ada", who="x")
    assert browser.get("/staff/account").status_code == 303
    assert sign_in(served.client()).status_code == 403
    assert served.client().post("/staff/welcome/code", data={"code": code}).status_code == 403
    assert staff.add_user(served.app, "Ada", Role.editor, who="x")[0].passkeys == 0


def test_nothing_of_the_browser_is_kept(served: Served) -> None:
    """Where somebody signs in from, and with what, right or wrong, is written nowhere; nor is the password."""
    member(served)
    browser = served.client(client=("198.51.100.77", 50000), headers={"User-Agent": "CANARY-browser"})
    browser.headers["Referer"] = f"{served.origin}/CANARY-referer"
    sign_in(browser, password="CANARY-wrong-password")
    sign_in(browser, to="/staff/account?x=CANARY-place")
    browser.get("/staff/account")
    for file in (served.folder / "var").rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        assert not [word for word in (b"CANARY", b"198.51.100.77", PASSWORD.encode()) if word in data], file


def test_counts_of_wrong_passwords_take_little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are tried, only so many are remembered: the latest."""
    monkeypatch.setattr(attempts, "_MOST_NAMES", 100)
    tries = attempts.Attempts()
    for number in range(300):
        tries.failed(f"name {number}", "place", NOON)
        tries.succeeded(f"other {number}", "place")
    assert len(tries._wrong) <= 100
    assert len(tries._known) <= 100
    for _ in range(5):
        tries.failed("name 299", "place", NOON)
    assert tries.wait("NAME 299 ", "place", NOON)
    assert not tries.wait("name 299", "elsewhere", NOON)
