"""Tell people that they are needed: what is new at once, the rest gathered, and what still waits now and then."""

import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from scheduler import needs as wording
from scheduler.addressees import addressees
from scheduler.app import App
from scheduler.model import Notify
from scheduler.needs import URGENT, Kind, Letter, Need
from scheduler.notices import Message, Outcome
from scheduler.rules import quiet_until
from scheduler.store import needs as wants
from scheduler.store import notices
from scheduler.store.notices import Target, Told

LITTLE_SPACE = 500 * 1024**2
"""Bytes free under var/ below which the disk counts as nearly full."""

LOGIN_ENDS = timedelta(days=7)
"""How near the end of a login must be: it is renewed long before."""

_LOG = logging.getLogger(__name__)
_TURN = timedelta(minutes=3)
_DAY = timedelta(days=1)
_LATER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))

Send = Callable[[Sequence[Message]], Sequence[Outcome | None]]


def free_bytes(folder: Path) -> int:
    """Return how much room is left where a folder lies."""
    return shutil.disk_usage(folder).free


def needs(app: App, *, since: datetime | None = None, free: Callable[[Path], int] = free_bytes) -> list[Need]:
    """Return what needs a person now, the most urgent first; `since`: when the daemon that asks began."""
    now = app.clock.now()
    with app.store.read() as c:
        found = wants.needs(c, now, since=since)
    var = app.workspace.var
    if free(var if var.is_dir() else app.workspace.folder) < LITTLE_SPACE:
        found.append(Need(kind=Kind.disk))
    found += [Need(kind=Kind.login, about=name) for name in list(app.workspace.accounts) if _ends(app, name, now)]
    order = list(Kind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.about))


def _ends(app: App, account: str, now: datetime) -> bool:
    try:
        at = app.publisher(account).ends_at()
    except Exception:  # missing secrets, a damaged file: its posts say so
        return False
    return at is not None and at - now < LOGIN_ENDS


def notify(app: App, *, send: Send, since: datetime | None = None, free: Callable[[Path], int] = free_bytes) -> int:
    """Tell each target what it is time to tell it; return how many took a message.

    Raises:
        UserError: config.yaml says that somebody is to be told, and there is no address.
    """
    if app.workspace.notify is None:
        return 0
    urls = addressees(app.workspace)
    _forget(app, len(urls))
    found = needs(app, since=since, free=free)
    turns = [turn for number in range(len(urls)) if (turn := _turn(app, number, found)) is not None]
    if not turns:
        return 0
    outcomes = send([_message(app, turn, urls[turn.number]) for turn in turns])
    for turn, outcome in zip(turns, outcomes, strict=True):
        _settle(app, turn, outcome)
    return sum(one is not None and one.ok for one in outcomes)


def tested(app: App, *, send: Send) -> list[Outcome]:
    """Send each target a message that only tries whether it arrives.

    Raises:
        UserError: there is no target.
    """
    title, body = wording.tried(app.workspace.language)
    outcomes = send([Message(url=url, title=title, body=body) for url in addressees(app.workspace)])
    return [one for one in outcomes if one is not None]


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One message to one target."""

    number: int
    letter: Letter
    told: Mapping[Need, Told]  # before
    failures: int  # of the target, in a row


def _turn(app: App, number: int, found: Sequence[Need]) -> _Turn | None:
    """Take the turn to tell a target, where there is something to tell it; nothing is written where there isn't."""
    now, there = app.clock.now(), frozenset(found)
    with app.store.read() as c:
        here, told = notices.target(c, number), notices.told(c, number)
    if not _marked(told, there, now) and not _wanted(app, found, told, here, now):
        return None
    with app.store.write() as c:
        if not notices.take_turn(c, number, worker=app.worker, now=now, until=now + _TURN):
            return None
    with app.store.read() as c:  # another daemon may have told it just now; from here on it is ours
        here, told = notices.target(c, number), notices.told(c, number)
    marked = _marked(told, there, now)
    told |= marked
    letter, rows = _wanted(app, found, told, here, now), notices.rows(told.values())
    if marked or letter is None:
        with app.store.write() as c:
            notices.write(c, number, rows)
            if letter is None:
                notices.end_turn(c, number, worker=app.worker)
    return None if letter is None else _Turn(number=number, letter=letter, told=told, failures=here.failures)


def _marked(told: Mapping[Need, Told], there: Collection[Need], now: datetime) -> dict[Need, Told]:
    """Return what was told and is no longer there, from now on, or is there again."""
    return {
        need: replace(one, gone_at=None if need in there else now)
        for need, one in told.items()
        if (need in there) == (one.gone_at is not None)
    }


def _waits(here: Target, now: datetime) -> bool:
    """Tell whether a target that didn't take a message isn't to be tried yet."""
    return here.not_before is not None and now < here.not_before <= now + _LATER[-1]


def _wanted(app: App, found: Sequence[Need], told: Mapping[Need, Told], here: Target, now: datetime) -> Letter | None:
    """Return what a target is to be told now, if it is to be tried at all."""
    settings = app.workspace.notify
    if settings is None or _waits(here, now):
        return None
    hushed = settings.quiet and quiet_until(now, app.workspace) is not None
    return letter(found, told, settings, sent_at=here.sent_at, now=now, hushed=hushed)


def letter(
    found: Collection[Need],
    told: Mapping[Need, Told],
    settings: Notify,
    *,
    sent_at: datetime | None,
    now: datetime,
    hushed: bool = False,
) -> Letter | None:
    """Return what a target is to be told now; None where that can wait. `hushed`: only what can't wait is told."""
    there = frozenset(found)
    wanted = [one for one in found if not hushed or one.kind in URGENT]
    new = tuple(one for one in wanted if one not in told)
    known = [told[one] for one in wanted if one in told]
    ripe = [one for one in known if now >= one.again_at or one.again_at - now > max(_DAY, settings.repeat)]
    over = [one for need, one in told.items() if need not in there]
    settled = not hushed and any(one.gone_at is not None and now - one.gone_at >= settings.digest for one in over)
    first = {one.kind for one in new} - {one.kind for one in told}
    gathered = sent_at is None or not timedelta() <= now - sent_at < settings.digest
    if not (first or (gathered and (new or ripe or settled))):
        return None
    near = (
        [one.need for one in known if one.again_at - now < settings.repeat / 2] if ripe else []
    )  # one message, not two
    again = dict.fromkeys([*(one.need for one in ripe), *near])
    return Letter(new=new, again=tuple(again), gone=tuple(one.need for one in over))


def _message(app: App, turn: _Turn, url: str) -> Message:
    title, body = wording.words(turn.letter, language=app.workspace.language, pages=app.workspace.public_url)
    return Message(url=url, title=title, body=body)


def _settle(app: App, turn: _Turn, outcome: Outcome | None) -> None:
    """Note what came of a message; None: it was given up with the program, and nothing is known."""
    now, worker = app.clock.now(), app.worker
    rows = notices.rows(_after(app, turn, now)) if outcome is not None and outcome.ok else {}
    with app.store.write() as c:  # briefly: posts are waiting
        if outcome is None:
            notices.end_turn(c, turn.number, worker=worker)
        elif outcome.ok:
            if notices.end_turn(c, turn.number, worker=worker, sent_at=now, failures=0, not_before=None):
                notices.write(c, turn.number, rows)  # else it overslept its turn, and another has told more since
        else:
            again = now + _LATER[min(turn.failures, len(_LATER) - 1)]
            notices.end_turn(c, turn.number, worker=worker, failures=turn.failures + 1, not_before=again)
    if outcome is not None and outcome.ok:
        counts = (len(turn.letter.new), len(turn.letter.again), len(turn.letter.gone))
        _LOG.info("notify: target %d told: %d new, %d again, %d settled", turn.number + 1, *counts)
    elif outcome is not None:
        _LOG.warning("notify: target %d (%s): %s", turn.number + 1, outcome.service or "unknown", outcome.detail)


def _after(app: App, turn: _Turn, now: datetime) -> Iterable[Told]:
    """Return what a target has been told, now that it has taken a message."""
    gone = frozenset(turn.letter.gone)
    kept = {need: one for need, one in turn.told.items() if need not in gone}
    new = {one: _row(app, turn.told.get(one), one, now) for one in (*turn.letter.new, *turn.letter.again)}
    return {**kept, **new}.values()


def _row(app: App, before: Told | None, one: Need, now: datetime) -> Told:
    """Return what a target has now been told of a need: it is said again after `repeat`, then twice that, to a day."""
    times = before.times + 1 if before else 1
    repeat = app.workspace.notify.repeat if app.workspace.notify else _DAY
    wait = min(max(_DAY, repeat), repeat * 2 ** min(times - 1, 16))
    return Told(need=one, at=before.at if before else now, times=times, again_at=now + wait)


def _forget(app: App, count: int) -> None:
    """Forget the targets that are no longer among the addresses."""
    with app.store.read() as c:
        if not notices.more_than(c, count):
            return
    with app.store.write() as c:
        notices.forget_targets(c, count)
