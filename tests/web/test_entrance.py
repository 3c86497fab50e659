"""The way in: who is let through, from which page, under which name, and with which headers each answer leaves."""

from pathlib import Path

import pytest
from starlette.responses import Response

from scheduler.store import StateMovedError
from scheduler.submission import May, Role
from scheduler.web import pages
from scheduler.web.all_routes import ROUTES
from scheduler.web.ask import Ask
from scheduler.web.entrance import SESSION
from scheduler.web.pages import SAFE
from scheduler.web.routing import ANYONE, STAFF, get, post
from tests.web.site import NOON, Served

HERE = "http://127.0.0.1:8080"
ELSEWHERE = "https://evil.example"
WORD = b'Content-Disposition: form-data; name="word"\r\n\r\n'
A_FILE = b'Content-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n'


def said(ask: Ask) -> Response:
    """Answer with what was sent."""
    return pages.plain(f"{ask.form['word']}|{ask.user.name if ask.user else ''}")


def fails(ask: Ask) -> Response:
    """Have a fault that quotes what was sent."""
    msg = f"fault with {ask.query['word']}"
    raise RuntimeError(msg)


def moved(ask: Ask) -> Response:
    """Find the state gone."""
    del ask
    raise StateMovedError


OWN = (
    post("/say", said, ANYONE),
    post("/few", said, ANYONE, limit="2 per minute"),
    post("/edit", said, May.edit),
    get("/edit", said, May.edit),
    get("/all", said, STAFF),
    get("/fails", fails, ANYONE),
    get("/moved", moved, ANYONE),
)


@pytest.fixture
def own(tmp_path: Path):
    """Give a site of a few pages for these tests."""
    made = Served(tmp_path, routes=OWN)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("headers", "stranger", "staff"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": HERE}, 200, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, 403, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": HERE}, 403, 403),
        ({"Sec-Fetch-Site": "none", "Origin": HERE}, 403, 403),
        ({"Origin": HERE}, 200, 200),
        ({"Origin": ELSEWHERE}, 403, 403),
        ({"Origin": "null"}, 403, 403),
        ({"Origin": "http://127.0.0.1:8081"}, 403, 403),
        ({"Origin": "http://127.0.0.1:8080.evil.example"}, 403, 403),
        ({"Origin": f"{ELSEWHERE}/{HERE}"}, 403, 403),
        ({"Referer": f"{HERE}/say"}, 200, 200),
        ({"Referer": f"{ELSEWHERE}/?{HERE}"}, 403, 403),
        ({}, 200, 403),  # no browser: it may go on where no cookie speaks for anybody
    ],
    ids=str,
)
def test_changes_come_from_our_own_pages(own: Served, headers: dict[str, str], stranger: int, staff: int) -> None:
    """What a browser says of where a form came from decides, and a forged page can't say otherwise."""
    for client, expected in ((own.client(), stranger), (own.staff(Role.editor), staff)):
        for name in ("Origin", "Sec-Fetch-Site"):
            del client.headers[name]
        assert client.post("/say", data={"word": "x"}, headers=headers).status_code == expected


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:9", 200),
        ("solidarity.example.org", 200),
        ("SOLIDARITY.example.org:443", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example@127.0.0.1", 421),
        ("127.0.0.1/evil", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_our_own_names_are_answered(tmp_path: Path, host: str, status: int) -> None:
    """A name that somebody else points at this machine reads nothing of it."""
    served = Served(tmp_path, public_url="https://solidarity.example.org")
    assert served.client().get("/static/base.css", headers={"Host": host}).status_code == status
    served.close()


def test_rights_decide(own: Served) -> None:
    """Strangers are sent to sign in, those without the right are refused, those with it pass."""
    assert own.client().get("/edit").headers["location"].startswith("/staff/sign-in")
    assert own.client().post("/edit").status_code == 403
    assert own.staff(Role.moderator).get("/edit").status_code == 403
    assert own.staff(Role.moderator).get("/all").status_code == 200
    assert own.staff(Role.editor).post("/edit").status_code == 200


def test_a_session_cannot_be_made_up(own: Served) -> None:
    """A cookie that we didn't give is nobody's; one whose time is over, too."""
    client = own.client()
    client.cookies.set(SESSION, "A" * 43, domain="127.0.0.1")
    assert client.get("/all").status_code == 303
    assert "set-cookie" not in client.get("/all").headers
    staff = own.staff(Role.admin)
    assert staff.get("/all").status_code == 200
    own.clock.move_to(NOON.replace(year=2027))
    assert staff.get("/all").status_code == 303


def test_what_comes_too_often_is_held_off(own: Served) -> None:
    """Past its limit an address is asked to wait; another one isn't, and IPv6 counts by household."""
    assert [own.client().post("/few").status_code for _ in range(3)] == [200, 200, 429]
    via = {"X-Forwarded-For": "203.0.113.9"}
    assert own.client().post("/few", headers=via).status_code == 429  # a stranger can't speak for others
    proxy = own.client(client=("127.0.0.1", 1))
    for last, status in (("::1:2", 200), ("::1:3", 200), ("::1:4", 429)):
        told = {"X-Forwarded-For": f"198.51.100.7, 2001:db8{last}"}
        assert proxy.post("/few", headers=told).status_code == status
    assert proxy.post("/few", headers={"X-Forwarded-For": "2001:db8:1::1"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"word=" + b"x" * 50_000, "application/x-www-form-urlencoded", 200),
        (b"word=" + b"x" * 70_000, "application/x-www-form-urlencoded", 400),
        (b"word=" + b"x" * 200_000, "application/x-www-form-urlencoded", 413),
        (b"a=1&" * 300, "application/x-www-form-urlencoded", 400),
        (b"", "multipart/form-data", 400),
        (b"", "multipart/form-data; boundary=", 200),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
        (b"--x\r\n" + WORD + b"hi\r\n--x--\r\n", "multipart/form-data; boundary=x", 200),
        (b"--x\r\n" + WORD + b"\xff\xfe\r\n--x--\r\n", "multipart/form-data; boundary=x; charset=klingon", 200),
        (b"--x\r\n" + A_FILE + b"hi\r\n--x--", "multipart/form-data; boundary=x", 400),
        (b"--x\r\n" + (WORD + b"\r\n--x\r\n") * 1400, "multipart/form-data; boundary=x", 400),
        (b'{"word": "x"}', "application/json", 200),
        (b"\x00\xff", "", 200),
    ],
)
def test_odd_forms_are_refused(own: Served, body: bytes, kind: str, status: int) -> None:
    """Too many parts, too much, none, or nonsense: 4xx with a fixed text; never a fault, never what was sent."""
    answer = own.client().post("/say", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    if status != 200:
        assert "nonsense" not in answer.text


def test_a_nul_in_a_word_is_left_out(own: Served) -> None:
    """No database has to store what it can't."""
    assert own.client().post("/say", data={"word": "a\0b"}).text == "ab|"


def test_a_fault_says_nothing_of_what_was_asked(own: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The page and the log share a number; neither holds a word of the request, nor of the error."""
    own.site.debug = False
    answer = own.client().get("/fails?word=CANARY-7d1f3a")
    assert answer.status_code == 500
    number = answer.text.strip().rpartition(" ")[2]
    assert number in caplog.text
    assert "RuntimeError at test_entrance.py" in caplog.text
    assert "CANARY" not in answer.text + caplog.text
    assert "Traceback" not in answer.text + caplog.text


def test_a_state_that_is_gone_ends_the_site(own: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks gets an error, and the server is told to stop."""
    own.site.debug = False
    assert own.client().get("/moved").status_code == 500
    assert own.site.ended is not None
    assert "fault" in caplog.text


def test_every_answer_is_dressed(served: Served) -> None:
    """Pages, files, redirects, refusals, unknown addresses, the API: the same headers everywhere."""
    admin = served.staff(Role.admin)
    answers = [admin.get(route.path) for route in ROUTES if route.method == "GET" and "{" not in route.path]
    client = served.client()
    asked = (
        "/nothing",
        "/static/nothing",
        "/static/base.css",
        "/api/v1/status",
        "/api/v1/openapi.json",
        "/%00",
        "/a" * 2000,
    )
    answers += [client.get(path) for path in asked]
    answers += [client.request("DELETE", "/"), client.get("/", headers={"Host": "evil.example"})]
    assert len(answers) > 15
    for answer in answers:
        for name, value in SAFE.items():
            if name != "Cache-Control":
                assert answer.headers[name] == value, answer.url
        public = answer.url.path.startswith("/static/") and answer.status_code == 200
        assert ("no-store" in answer.headers["cache-control"]) is not public, answer.url
        assert answer.status_code < 500 or answer.url.path == "/healthz", answer.url


def test_by_https_only_https_is_asked_for(tmp_path: Path) -> None:
    """With a public address by https, browsers are told to stay there, and cookies are held to this host."""
    served = Served(tmp_path, public_url="https://solidarity.example.org")
    answer = served.client().get("/?lang=fr")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "Secure" in answer.headers["set-cookie"]
    assert served.site.cookie("session") == "__Host-session"
    served.close()


@pytest.mark.parametrize("to", ["//evil.example", ELSEWHERE, "/\\evil.example", "/a\nSet-Cookie: x", "", "a"])
def test_nobody_is_sent_elsewhere(to: str) -> None:
    """A redirect leads to one of our own pages, whatever is asked for."""
    assert pages.go(to).headers["location"] == "/"


def test_an_address_lists_what_it_takes(own: Served) -> None:
    """Another method gets 405, with those that there are."""
    answer = own.client().get("/say")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert own.client().post("/all").status_code == 405
