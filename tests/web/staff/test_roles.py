"""Every address against every kind of visitor. What isn't allowed by hand, in the table below, is refused."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.responses import Response

from scheduler.store import staff
from scheduler.submission import MAY, May, Role
from scheduler.web import pages
from scheduler.web.all_routes import ROUTES
from scheduler.web.ask import Ask
from scheduler.web.entrance import SESSION
from scheduler.web.routing import Anyone, Route
from tests.web.site import Served, TestClient

WHO = """\
GET  /staff                                   look
GET  /staff/account                           staff
POST /staff/account/language                  staff
POST /staff/account/passkeys                  staff
POST /staff/account/passkeys/challenge        staff
POST /staff/account/passkeys/remove           staff
POST /staff/account/passkeys/rename           staff
POST /staff/account/password                  staff
POST /staff/account/provider/remove           staff
POST /staff/account/sessions                  staff
POST /staff/account/tokens                    staff
POST /staff/account/tokens/end                staff
GET  /staff/accounts                          look
POST /staff/accounts/{name}/verify            look
POST /staff/approvals/{number}                edit
GET  /staff/audit                             govern
GET  /staff/calendar                          look
GET  /staff/compose                           look
POST /staff/compose                           look
GET  /staff/compose/picture/{name}            look
GET  /staff/deliveries/{key:path}             look
POST /staff/deliveries/{key:path}             edit
GET  /staff/export.csv                        look
GET  /staff/export.ics                        look
GET  /staff/moderation                        look
POST /staff/moderation/bulk                   moderate
GET  /staff/moderation/{ref}                  moderate
POST /staff/moderation/{ref}/alt              moderate
POST /staff/moderation/{ref}/approve          moderate
GET  /staff/moderation/{ref}/cover            moderate
POST /staff/moderation/{ref}/cover            moderate
GET  /staff/moderation/{ref}/framed/{account} moderate
POST /staff/moderation/{ref}/reject           moderate
POST /staff/moderation/{ref}/risk             moderate
POST /staff/moderation/{ref}/second-look      moderate
POST /staff/moderation/{ref}/take-back        moderate
POST /staff/moderation/{ref}/undo             moderate
GET  /staff/needs                             look
POST /staff/openid                            anyone
GET  /staff/openid/back                       anyone
POST /staff/passkeys/challenge                anyone
POST /staff/passkeys/sign-in                  anyone
POST /staff/pause                             pause
GET  /staff/pauses                            look
GET  /staff/pausing                           look
GET  /staff/people                            govern
POST /staff/people/add                        govern
POST /staff/people/invite                     govern
POST /staff/people/remove                     govern
POST /staff/people/role                       govern
GET  /staff/pictures/{number}/{key:path}      look
POST /staff/release                           edit
GET  /staff/release/{action}                  edit
GET  /staff/resume                            edit
POST /staff/resume                            edit
GET  /staff/sign-in                           anyone
POST /staff/sign-in                           anyone
POST /staff/sign-out                          staff
GET  /staff/submissions                       look
POST /staff/tasks/{number}                    edit
GET  /staff/welcome                           anyone
POST /staff/welcome                           anyone
POST /staff/welcome/code                      anyone
POST /staff/welcome/passkey                   anyone
POST /staff/welcome/passkey/challenge         anyone
"""
"""Written by hand: who may reach each address of staff. Whoever adds an address says here, too, who may."""

VISITORS = ("nobody", "signed out", "expired", "idle", "removed", "volunteer", *Role)
RIGHTS = {
    Role.moderator: {"look", "pause", "moderate"},
    Role.editor: {"look", "pause", "edit"},
    Role.admin: {"look", "pause", "edit", "moderate", "govern"},
}
"""Written by hand, too."""


def table() -> dict[tuple[str, str], str]:
    """Return the table above."""
    lines = (line.split() for line in WHO.splitlines())
    return {(method, path): who for method, path, who in lines}


def inside(_ask: Ask) -> Response:
    """Stand in for a page: whoever sees this word was let in."""
    return pages.plain("inside")


DOORS = tuple(replace(route, handler=inside, limit="") for route in ROUTES)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a site with every address, behind each of which stands only a word."""
    made = Served(tmp_path_factory.mktemp("doors"), routes=DOORS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def visitors(doors: Served) -> dict[str, TestClient]:
    """Give a browser for each kind of visitor."""
    made: dict[str, TestClient] = {str(role): doors.staff(role) for role in Role}
    made |= {"nobody": doors.client()}
    # A volunteer in the middle of a passkey's dialogue, say: a session without anybody in it.
    now = doors.clock.now()
    sessions = {
        "expired": (now - timedelta(hours=12), timedelta(hours=12)),
        "idle": (now - timedelta(hours=2), timedelta(hours=12)),
        "signed out": (now, timedelta(hours=12)),
        "removed": (now, timedelta(hours=12)),
    }
    for name, (since, length) in sessions.items():
        user = doors.user(Role.admin)
        with doors.app.store.write() as c:
            secret = staff.open_session(c, user=user.id, until=since + length, now=since)
            if name == "signed out":
                staff.close_session(c, staff.hashed(secret))
            if name == "removed":
                staff.remove_user(c, user.id, now=now)
        made[name] = doors.client()
        made[name].cookies.set(doors.site.cookie(SESSION), secret, domain="127.0.0.1")
    with doors.app.store.write() as c:
        secret = staff.open_session(c, user=None, until=now + timedelta(minutes=10), now=now)
    made["volunteer"] = doors.client()
    made["volunteer"].cookies.set(doors.site.cookie(SESSION), secret, domain="127.0.0.1")
    return made


def address(route: Route, values: dict[str, str] | None = None) -> str:
    """Return an address of a route, with something in the place of each name."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote((values or {}).get(found[1], "x")), route.path)


def label(route: Route) -> str:
    """Return how a test names a route."""
    return f"{route.method} {route.path}"


def test_the_table_has_exactly_the_addresses_of_staff() -> None:
    """An address that is added, or whose rights change, is noticed: the table is written by hand."""
    declared = {(one.method, one.path): str(one.who) for one in ROUTES if one.path.startswith("/staff")}
    assert declared == table()


def test_nothing_outside_the_pages_of_staff_takes_rights_lightly() -> None:
    """Beside the pages of staff only these addresses know anybody by their session."""
    others = {label(one): str(one.who) for one in ROUTES if not one.path.startswith("/staff")}
    assert {name: who for name, who in others.items() if who != "anyone"} == {"GET /media/{ref}/{kind}": "moderate"}


def test_roles_have_the_rights_that_were_agreed() -> None:
    """Who may do what, said a second time."""
    assert {role: {str(right) for right in MAY[role]} for role in Role} == RIGHTS


@pytest.mark.parametrize("visitor", VISITORS, ids=str)
@pytest.mark.parametrize("route", DOORS, ids=label)
def test_every_address_lets_in_whom_it_should(route: Route, visitor: str, visitors: dict[str, TestClient]) -> None:
    """Each address and each visitor: in, or to the sign-in form, or refused; by default refused."""
    who = table().get((route.method, route.path), str(route.who))
    rights = RIGHTS[Role(visitor)] | {"staff"} if visitor in set(Role) else set()
    answer = visitors[str(visitor)].request(route.method, address(route))
    if who == "anyone" or who in rights:
        assert (answer.status_code, answer.text) == (200, "inside")
        return
    assert "inside" not in answer.text
    if visitor not in set(Role) and route.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/staff/sign-in?to=")
    else:
        assert answer.status_code == 403


FOREIGN = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "a sister site": {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.org"},
    "a typed address": {"Sec-Fetch-Site": "none", "Origin": ""},
    "an old browser on another site": {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
    "a browser that hides where it is": {"Sec-Fetch-Site": "", "Origin": "null"},
    "a name that begins alike": {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:8080.evil.example"},
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("route", [one for one in DOORS if one.method == "POST"], ids=label)
def test_no_form_of_another_site_changes_anything(route: Route, kind: str, visitors: dict[str, TestClient]) -> None:
    """Each address that changes something refuses forms from elsewhere, also an admin's."""
    browser = visitors[str(Role.admin)]
    headers = {name: value for name, value in FOREIGN[kind].items() if value}
    kept = {name: browser.headers.pop(name) for name in ("Origin", "Sec-Fetch-Site")}
    try:
        answer = browser.post(address(route), headers=headers)
        without = browser.post(address(route))
    finally:
        browser.headers.update(kept)
    assert answer.status_code == 403
    assert "inside" not in answer.text
    assert without.status_code == 403, "a cookie without any word of where the form came from"


def test_other_methods_are_refused(visitors: dict[str, TestClient]) -> None:
    """An address answers only to what it declares: a form's address can't be opened, a page takes no form."""
    methods: dict[str, set[str]] = {}
    for route in DOORS:
        methods.setdefault(route.path, set()).add(route.method)
    browser = visitors[str(Role.admin)]
    for route in DOORS:
        also = {one.method for one in DOORS if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), address(route))}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods[route.path] - also:
            answer = browser.request(method, address(route))
            assert answer.status_code in {404, 405}, (method, route.path)


def dump(file: Path) -> list[str]:
    """Return all that a state holds, but for when sessions were last in use."""
    with sqlite3.connect(file) as connection:
        return [line for line in connection.iterdump() if 'INTO "sessions"' not in line]


def test_opening_pages_changes_nothing(served: Served) -> None:
    """Every page of staff, opened with whatever is there: the state is the same afterwards."""
    made = served.submission("outbox")
    values = {"ref": made.ref, "key": "salma", "kind": "preview", "account": "en", "number": "1", "shape": "card"}
    values |= {"action": "salma", "language": "en", "name": "base.css", "scope": "all"}
    browser = served.staff(Role.admin)
    browser.get("/staff/account")
    before = dump(served.folder / "var/state.db")
    for route in ROUTES:
        if route.method == "GET" and route.path.startswith("/staff"):
            answer = browser.get(address(route, values))
            assert answer.status_code < 500, (route.path, answer.text)
    assert dump(served.folder / "var/state.db") == before


def test_rights_are_words_of_the_program() -> None:
    """The table names only rights that there are."""
    assert set(table().values()) <= {*map(str, May), *map(str, Anyone)}
