"""What the tests of X share: a server, publishers that talk to it, and an eye on the secrets."""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from scheduler.clock import Clock
from scheduler.model import Account
from scheduler.publishers.x import Publisher
from scheduler.standins.x import USERS, Server, User

LEAKS = sorted(
    {secret for user in USERS for secret in user.secrets.values()} | {"canary", "oauth_signature", "appsecret_proof="}
)
"""Words that must never be seen: all secrets hold "canary"; what is made of them stands behind its name."""

Make = Callable[..., Publisher]


@pytest.fixture
def x() -> Iterator[Server]:
    """Return a server that plays X."""
    with Server() as server:
        yield server
    assert not server.errors


@pytest.fixture
def make(x: Server) -> Make:
    """Return what makes a publisher: `patience` in seconds, an address of its own, other options."""

    def publisher(
        patience: float = 10,
        *,
        url: str = "",
        user: User = USERS[0],
        secrets: Mapping[str, str] | None = None,
        folder: Path = Path("var"),
        clock: Clock | None = None,
        **options: object,
    ) -> Publisher:
        options = {"timeout": [10 if patience >= 1 else 1, patience], **options}
        account = Account(name="x-fr", platform="x", language="fr", base_url=url or x.url, options=options)
        return Publisher(account, secrets=user.secrets if secrets is None else secrets, folder=folder, clock=clock)

    return publisher


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Turn every logger up to DEBUG for every test; no secret may come out."""
    heard, root, level = _Heard(), logging.getLogger(), logging.getLogger().level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    for name, logger in logging.Logger.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith(("tweepy", "urllib3", "oauthlib", "requests")):
            logger.setLevel(logging.DEBUG)
    yield
    root.setLevel(level)
    root.removeHandler(heard)
    assert not [line for line in heard.lines if any(word in line for word in LEAKS)]


def check_clean(error: BaseException) -> None:
    """Check that an error holds no secret: in its text, its traceback, or another error behind it."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert not [word for word in LEAKS if word in shown]
    assert error.__cause__ is None
    assert error.__context__ is None
