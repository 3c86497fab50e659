"""The tokens of Instagram and Threads: they last 60 days, and are made young again once a week."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, Rejected, TryLater
from scheduler.tokens import Tokens

_WEEKLY = timedelta(days=7)
_TOO_YOUNG = timedelta(hours=25)  # Meta renews a token from 24 hours old on


class Keys:
    """The token of one account: the one a person gave, or the one that was made of it last."""

    def __init__(self, folder: Path, account: str, given: str, clock: Clock) -> None:
        self._tokens = Tokens(folder, account)
        self._given = given
        self._clock = clock

    def token(self) -> str:
        """Return the youngest token."""
        return str(self._tokens.read(seed=self._given).get("access_token") or self._given)

    def ends_at(self) -> datetime | None:
        """Return when it runs out, where that is known."""
        return _moment(self._tokens.read(seed=self._given).get("ends_at"))

    def days_left(self) -> str:
        """Return in words how long it lasts; nothing where that isn't known."""
        ends = self.ends_at()
        if ends is None:
            return ""
        days = max((ends - self._clock.now()).days, 0)
        return f", token good for {days} more day{'' if days == 1 else 's'}"

    def renew(self, refresh: Callable[[str], Mapping[str, Any]], check: Callable[[], str], cure: str) -> datetime:
        """Renew the token where it is time; return when to ask again.

        Raises:
            AccountBlocked: it is dead; `cure` is the command that gets another one.
            TryLater: the network, or this machine's disk, can't do it now.
        """
        with self._tokens.turn():
            return self._renewed(refresh, check, cure)

    def _renewed(self, refresh: Callable[[str], Mapping[str, Any]], check: Callable[[], str], cure: str) -> datetime:
        now = self._clock.now()
        kept = self._tokens.read(seed=self._given)
        due = _moment(kept.get("renew_at"))
        if due is not None and now < due:
            return due
        try:
            answer = refresh(str(kept.get("access_token") or self._given))
        except (Rejected, AccountBlocked) as error:
            refusal = str(error)
        else:
            refusal = ""
            kept = {**_values(answer, now), "renew_at": (now + _WEEKLY).isoformat()}
        if refusal:
            self._check(check, refusal if cure in refusal else f"{refusal}: get a new token with `{cure}`")
            kept = {**kept, "renew_at": (now + _TOO_YOUNG).isoformat()}  # it works: only too young to be renewed
        self._tokens.write(kept, seed=self._given)
        return now + (_TOO_YOUNG if refusal else _WEEKLY)

    @staticmethod
    def _check(check: Callable[[], str], words: str) -> None:
        try:
            check()
        except (Rejected, AccountBlocked):
            dead = True
        else:
            dead = False
        if dead:
            raise AccountBlocked(words)


def _values(answer: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Return what is kept of an answer with a token.

    Raises:
        TryLater: there is none in it.
    """
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise TryLater("the answer holds no token: the old one is kept")
    lasts = timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds < 10**9 else timedelta(days=60)
    return {"access_token": token, "ends_at": (now + lasts).isoformat()}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def code_of(pasted: str) -> str:
    """Return the code in the address that a person landed on, or the code itself."""
    pasted = pasted.strip()
    found = parse_qs(urlsplit(pasted).query).get("code") if "?" in pasted else None
    return (found[0] if found else pasted).removesuffix("#_")
