"""Mastodon: a person gets a token over a terminal, and is told what it may not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scheduler.errors import AccountBlocked, Rejected, UserError
from scheduler.standins.mastodon import USERS
from tests.publishers.conftest import check_clean
from tests.publishers.harness_mastodon import Harness

WRONG = "canary-wrong-code"


@pytest.fixture
def mastodon(tmp_path: Path) -> Iterator[Harness]:
    """Return a server, and what makes publishers for it."""
    with Harness(tmp_path).running() as running:
        yield running


def test_a_person_allows_it_and_pastes_the_code(mastodon: Harness) -> None:
    """The address is asked for in the question, the code isn't shown, and the token does all that is needed."""
    asked = []

    def person(question: str, *, hidden: bool = False) -> str:
        asked.append((question, hidden))
        return f" {mastodon.server.desk.allow(question.split()[1], USERS[0], mastodon.server.now())} \n"

    secrets = mastodon.publisher(secrets={}).log_in(person)
    ((question, hidden),) = asked
    assert question.startswith(f"Open {mastodon.server.url}/oauth/authorize?")
    assert hidden
    publisher, out = mastodon.publisher(secrets=secrets), mastodon.out("Bonjour", mastodon.picture())
    assert publisher.verify() == f"@rights_fr@{urlsplit(mastodon.server.url).netloc}"
    receipt = publisher.publish(out, publisher.stage(out))
    assert publisher.delete(receipt)


def test_a_wrong_code_gives_nothing(mastodon: Harness) -> None:
    """A code that the server doesn't know, or none, gives no token and gives nothing away."""
    with pytest.raises(Rejected, match="invalid_grant") as raised:
        mastodon.publisher().log_in(lambda _question, **_: WRONG)
    check_clean(raised.value)
    with pytest.raises(UserError, match="no code was pasted"):
        mastodon.publisher().log_in(lambda _question, **_: " ")


@pytest.mark.parametrize("scopes", [("read",), ("read", "write:statuses"), ("write",), ("read:statuses", "write")])
def test_a_token_that_may_too_little_is_told(mastodon: Harness, scopes: tuple[str, ...]) -> None:
    """`accounts verify` names what the token may not, and how to get another."""
    user = replace(USERS[0], scopes=scopes)
    mastodon.server.users[user.token] = user
    with pytest.raises(AccountBlocked) as raised:
        mastodon.publisher().verify()
    check_clean(raised.value)
    if any(scope.startswith("read") and scope != "read:statuses" for scope in scopes):
        assert "solidarity accounts login --account mastodon-fr" in str(raised.value)
