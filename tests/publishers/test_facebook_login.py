"""Getting a Facebook Page's secrets, and the tables that all of Meta's networks share."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, PublishError, TryLater, UserError
from scheduler.model import Account
from scheduler.publishers import meta_wire
from scheduler.publishers.facebook import Publisher
from scheduler.publishers.http_wire import Answer, Verdict
from scheduler.standins import graph
from scheduler.standins.facebook import APP, PAGES, PEOPLE, SHORT
from scheduler.standins.facebook_objects import Page
from tests.publishers.conftest import check_clean
from tests.publishers.facebook_bench import Bench, Watch, running

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return Facebook."""
    with running(tmp_path) as ready:
        yield ready


class Answers:
    """A person who answers in turn."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, bool]] = []

    def __call__(self, question: str, *, hidden: bool = False) -> str:
        """Return the next answer."""
        self.asked.append((question, hidden))
        return self.left.pop(0)


def fresh(bench: Bench) -> Publisher:
    """Return a publisher of an account that has no secrets yet."""
    account = Account(name="facebook-fr", platform="facebook", language="fr", base_url=bench.server.url)
    return Publisher(account, secrets={}, folder=Path("var"))


def only(bench: Bench, *pages: Page) -> None:
    """Leave the person these Pages."""
    (person,) = PEOPLE
    bench.server.users[person.token] = type(person)(
        id=person.id, name=person.name, token=person.token, app_secret=person.app_secret, pages=pages
    )


# ── log in ──────────────────────────────────────────────────────────────────────────────────────────────


def test_leads_to_the_secrets_of_a_page(bench: Bench) -> None:
    """The app's ID and secret and a short token become the lasting token of the Page that is chosen."""
    ask = Answers(APP[0], APP[1], f" {SHORT}\n", "2")
    secrets = fresh(bench).log_in(ask)
    assert secrets == {"PAGE_ID": "1002", "PAGE_TOKEN": PAGES[1].token, "APP_SECRET": APP[1]}
    assert [hidden for _, hidden in ask.asked] == [False, True, True, False]
    assert "https://developers.facebook.com/tools/explorer/" in ask.asked[2][0]
    assert "2: Droits" in ask.asked[3][0]
    for request in bench.server.requests:
        assert "canary" not in request.url + str(request.query)


def test_the_only_page_needs_no_question(bench: Bench) -> None:
    """Somebody with one Page isn't asked which."""
    only(bench, PAGES[0])
    assert fresh(bench).log_in(Answers(*APP, SHORT))["PAGE_ID"] == "1001"


def test_what_it_returns_works(bench: Bench) -> None:
    """The secrets that come out let the account speak."""
    only(bench, PAGES[0])
    secrets = fresh(bench).log_in(Answers(*APP, SHORT))
    account = Account(name="facebook-fr", platform="facebook", language="fr", base_url=bench.server.url)
    assert Publisher(account, secrets=secrets, folder=Path("var")).verify().startswith("Rights")


def test_who_may_not_publish_is_told(bench: Bench) -> None:
    """Somebody who may only look at the Page's figures is told whom to ask."""
    with pytest.raises(UserError, match="full control of the Page"):
        fresh(bench).log_in(Answers(*APP, SHORT, "3"))


@pytest.mark.parametrize(
    "answers",
    [("", "", ""), ("my app", APP[1], SHORT), (APP[0], "", SHORT), (*APP, SHORT, "4"), (*APP, SHORT, "Rights")],
)
def test_answers_that_cannot_be_used(bench: Bench, answers: tuple[str, ...]) -> None:
    """What can't be meant is said so, and nothing is kept."""
    with pytest.raises(UserError):
        fresh(bench).log_in(Answers(*answers))


@pytest.mark.parametrize("answers", [(APP[0], "canary-wrong", SHORT), (*APP, "canary-wrong")])
def test_what_meta_refuses_is_passed_on(bench: Bench, answers: tuple[str, ...]) -> None:
    """A wrong secret or token is refused by Meta; neither is quoted."""
    with pytest.raises(PublishError) as raised:
        fresh(bench).log_in(Answers(*answers))
    check_clean(raised.value)


def test_no_page_at_all(bench: Bench) -> None:
    """A token that shows no Page says what to tick."""
    only(bench)
    with pytest.raises(UserError, match="pages_show_list"):
        fresh(bench).log_in(Answers(*APP, SHORT))


@pytest.mark.parametrize("fault", ["bare_object", "empty", "meta_2", "html"])
@pytest.mark.parametrize("endpoint", ["POST /oauth/access_token", "GET /me/accounts"])
def test_a_fault_ends_it(bench: Bench, endpoint: str, fault: str) -> None:
    """A log-in that fails on the way raises, and gives nothing away."""
    bench.server.fail(endpoint, fault)
    with pytest.raises((PublishError, UserError)) as raised:
        fresh(bench).log_in(Answers(*APP, SHORT, "1"))
    check_clean(raised.value)


# ── the daily look ──────────────────────────────────────────────────────────────────────────────────────


def test_looks_again_tomorrow(bench: Bench) -> None:
    """A token that lives is looked at again in a day."""
    watch = Watch(NOW)
    assert bench.publisher(clock=watch).renew() == NOW + timedelta(days=1)


def test_a_dead_token_says_what_to_do(bench: Bench) -> None:
    """A token that died with a password says how to get another; its owner's name for it isn't quoted."""
    bench.server.revoke(PAGES[0])
    with pytest.raises(AccountBlocked, match="solidarity accounts login --account facebook-fr") as raised:
        bench.publisher().renew()
    check_clean(raised.value)


# ── Meta's tables ───────────────────────────────────────────────────────────────────────────────────────


def answered(status: int, code: int, subcode: int = 0, **headers: str) -> Answer:
    """Return an answer in Meta's form."""
    return Answer(status, json.loads(graph.error(status, code, "x", subcode).body), headers)


def judged(status: int, code: int, subcode: int = 0, **headers: str) -> meta_wire.Trouble:
    """Return what an answer in Meta's form is taken for."""
    return meta_wire.judged(answered(status, code, subcode, **headers), name="Meta", now=NOW)


@pytest.mark.parametrize("code", sorted(meta_wire.CODES))
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_code_counts_whatever_the_status(code: int, status: int) -> None:
    """Meta sends the same code with many a status: only the code says what is meant."""
    assert judged(status, code).verdict is meta_wire.CODES[code]
    assert judged(429, code).verdict is Verdict.limited


@pytest.mark.parametrize("code", [*sorted(meta_wire.CODES), 100, 200, 324, 506])
@pytest.mark.parametrize("status", [500, 503])
def test_a_fault_of_the_servers_own_proves_nothing(code: int, status: int) -> None:
    """Whatever its code says: what was asked for may have taken effect."""
    found = meta_wire.judged(answered(status, code), name="Meta", now=NOW, codes={506: Verdict.duplicate})
    assert found.verdict is Verdict.unclear


@pytest.mark.parametrize("code", [200, 210, 298, 299])
def test_the_two_hundreds_are_permissions(code: int) -> None:
    """Codes 200 to 299 hold the account."""
    assert judged(403, code).verdict is Verdict.blocked


@pytest.mark.parametrize(
    ("status", "code", "subcode", "verdict"),
    [
        (400, 100, 0, Verdict.refused),
        (400, 100, 33, Verdict.missing),
        (400, 324, 2069019, Verdict.refused),
        (404, 803, 0, Verdict.missing),
        (400, 199, 0, Verdict.refused),
        (400, 300, 0, Verdict.refused),
        (401, 999, 0, Verdict.blocked),
        (408, 999, 0, Verdict.unclear),
        (409, 999, 0, Verdict.unclear),
        (500, 100, 33, Verdict.unclear),
        (502, 999, 0, Verdict.unclear),
        (302, 999, 0, Verdict.unclear),
    ],
)
def test_other_codes_go_by_the_status(status: int, code: int, subcode: int, verdict: Verdict) -> None:
    """A code that isn't in the table is read by its status; a server's fault proves nothing."""
    assert judged(status, code, subcode).verdict is verdict


@pytest.mark.parametrize("body", [None, [], {}, {"error": "x"}, {"error": []}, {"title": "Conflict"}])
@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 500])
def test_what_is_not_metas_own_proves_nothing(status: int, body: object) -> None:
    """A page by something in between is never taken for Meta's word; only "too many requests" is understood."""
    assert meta_wire.judged(Answer(status, body, {}), name="Meta", now=NOW).verdict is Verdict.unclear
    assert meta_wire.judged(Answer(429, body, {}), name="Meta", now=NOW).verdict is Verdict.limited


@pytest.mark.parametrize("code", ["190", None, 4.0, [], {}])
def test_odd_codes_do_no_harm(code: object) -> None:
    """A code that is no number is no code."""
    found = meta_wire.judged(Answer(400, {"error": {"code": code, "message": None}}, {}), name="Meta", now=NOW)
    assert found.verdict is Verdict.refused


def test_messages_hold_what_metas_support_asks_for() -> None:
    """Code, subcode and trace stand in the message; words meant for people come before those for developers."""
    answer = Answer(400, {"error": {"code": 1, "error_subcode": 2, "fbtrace_id": "T", "error_user_msg": "Non"}}, {})
    assert (
        meta_wire.judged(answer, name="Meta", now=NOW).message == "Meta answers 400: Non (code 1, subcode 2, trace T)"
    )


def test_a_wrong_app_secret_is_the_accounts_fault() -> None:
    """Meta calls a wrong proof an invalid parameter; it is no fault of the post."""
    answer = Answer(400, {"error": {"code": 100, "message": "Invalid appsecret_proof provided"}}, {})
    assert meta_wire.judged(answer, name="Meta", now=NOW).verdict is Verdict.blocked


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({}, (0, 0)),
        ({"X-App-Usage": '{"call_count": 28, "total_time": 25, "total_cputime": 91}'}, (91, 0)),
        ({"X-Page-Usage": '{"call_count": 81}'}, (81, 0)),
        (
            {"X-Business-Use-Case-Usage": '{"1": [{"call_count": 5, "estimated_time_to_regain_access": 9}], "2": []}'},
            (5, 9),
        ),
        ({"X-App-Usage": "soon"}, (0, 0)),
        ({"X-App-Usage": "[]"}, (0, 0)),
        ({"X-App-Usage": '{"call_count": "many"}'}, (0, 0)),
        ({"X-App-Usage": '{"call_count": 1e999}'}, (0, 0)),
        ({"X-Business-Use-Case-Usage": '{"1": 3}'}, (0, 0)),
        ({"X-Business-Use-Case-Usage": "[1]"}, (0, 0)),
        ({"X-Business-Use-Case-Usage": '{"1": [3]}'}, (0, 0)),
    ],
)
def test_reads_how_much_is_used_up(headers: dict[str, str], usage: tuple[int, int]) -> None:
    """The highest figure of all headers counts; what can't be read does no harm."""
    assert meta_wire.usage(headers) == usage


@pytest.mark.parametrize(
    ("headers", "at"),
    [
        ({}, None),
        ({"Retry-After": "90"}, NOW + timedelta(seconds=90)),
        ({"Retry-After": "soon"}, None),
        (
            {"X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": 9}]}', "Retry-After": "5"},
            NOW + timedelta(minutes=9),
        ),
        ({"X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": 999999999}]}'}, None),
        ({"X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": -5}]}'}, None),
    ],
)
def test_reads_when_to_come_back(headers: dict[str, str], at: datetime | None) -> None:
    """Minutes of Meta's own, or the usual header; the later of the two."""
    assert judged(400, 4, **headers).at == at


def test_eases_off_by_the_last_answer(bench: Bench) -> None:
    """The headers of the last answer tell whether to wait."""
    wire = bench.publisher()._wire()
    wire.ease()
    bench.server.usage = 95
    wire.ask("GET", "/me")
    with pytest.raises(TryLater, match="95 %"):
        wire.ease()
    bench.server.usage = 10
    wire.ask("GET", "/me")
    wire.ease()
