"""Whether a delivery may go now. Pure: everything it looks at is handed in.

The last word has the statement that commits the intent to send (`store.deliveries.mark_sending`); this one gives
the reasons in words.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from scheduler import occurrences
from scheduler.model import Then, Workspace
from scheduler.store import Delivery, Pause
from scheduler.store.consented import Standing
from scheduler.submission import Stage


class Kind(StrEnum):
    """What to do with a delivery."""

    go = "go"
    wait = "wait"
    hold = "hold"
    miss = "miss"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do with a delivery, and why."""

    kind: Kind
    hold: str = ""  # approval, consent, release, late, account, pause
    reason: str = ""
    until: datetime | None = None  # for wait


GO = Verdict(kind=Kind.go)


def verdict(
    delivery: Delivery,
    *,
    now: datetime,
    workspace: Workspace,
    released: bool,
    pauses: list[Pause],
    standing: Standing | None = None,
) -> Verdict:
    """Return what to do with a delivery at `now`; `standing`: of its submission, where it shows one."""
    return (
        _window(delivery, now, workspace)
        or _consent(delivery, standing, now, workspace)
        or _person(delivery, released=released)
        or _paused(delivery, pauses)
        or _late(delivery, now, workspace)
        or _quiet(now, workspace)
        or GO
    )


def _window(delivery: Delivery, now: datetime, workspace: Workspace) -> Verdict | None:
    if delivery.closes_at is not None and delivery.closes_at <= now:
        closed = local(delivery.closes_at, workspace)
        waited = f" while it waited for: {delivery.hold}" if delivery.hold else ""
        return Verdict(kind=Kind.miss, reason=f"the action {delivery.action} closed at {closed}{waited}")
    if delivery.opens_at is not None and delivery.opens_at > now:
        opens = local(delivery.opens_at, workspace)
        reason = f"the action {delivery.action} opens at {opens}"
        return Verdict(kind=Kind.wait, until=delivery.opens_at, reason=reason)
    return None


def _consent(delivery: Delivery, standing: Standing | None, now: datetime, workspace: Workspace) -> Verdict | None:
    if not delivery.from_submission:
        return None
    reason = _unconsented(standing, now)
    if reason:
        return Verdict(kind=Kind.hold, hold="consent", reason=f"consent: {reason}")
    if standing is not None and standing.not_before is not None and standing.not_before > now:
        reason = f"the moderators' yes may still be taken back until {local(standing.not_before, workspace)}"
        return Verdict(kind=Kind.wait, until=standing.not_before, reason=reason)
    return None


def _unconsented(standing: Standing | None, now: datetime) -> str:
    """Return why a submission may not go out; empty where nothing stands against it."""
    if standing is None:
        return "nobody has agreed to it"
    facts = (
        (standing.withdrawn or standing.stage == Stage.withdrawn, "it was taken back"),
        (standing.expires_on is not None and standing.expires_on < now.date(), "what was agreed to has run out"),
        (standing.stage != Stage.approved, f"the moderators have to look at it again: it is {standing.stage}"),
        (not standing.in_slot, "it was given another time"),
        (not standing.enough, "too few moderators have said yes to it as it is"),
    )
    return next((reason for holds, reason in facts if holds), "")


def _person(delivery: Delivery, *, released: bool) -> Verdict | None:
    return waits_for_person(
        delivery.key,
        delivery.action,
        approval=delivery.needs_approval and not delivery.approved,
        release=delivery.needs_release and not released,
        submission=delivery.from_submission,
    )


def waits_for_person(
    key: str, action: str, *, approval: bool, release: bool, submission: bool = False
) -> Verdict | None:
    """Return the verdict on a delivery that needs a person's word first; None when it doesn't."""
    if release:
        reason = f"release: the action waits for a person: `solidarity release {action}` opens it"
        return Verdict(kind=Kind.hold, hold="release", reason=reason)
    if approval and submission:
        reason = (
            "approval: its caption, time or picture isn't the one that the moderators said yes to: they look again, "
            f"or `solidarity approve {key}`"
        )
        return Verdict(kind=Kind.hold, hold="approval", reason=reason)
    if approval:
        reason = f"approval: a person must look at it first: `solidarity approve {key}`"
        return Verdict(kind=Kind.hold, hold="approval", reason=reason)
    return None


def covers(pause: Pause, delivery: Delivery) -> bool:
    """Tell whether a pause holds a delivery."""
    names = {"all": "", "action": delivery.action, "account": delivery.account}
    return pause.name == names[pause.scope]


def _paused(delivery: Delivery, pauses: list[Pause]) -> Verdict | None:
    for pause in pauses:
        if not covers(pause, delivery):
            continue
        if pause.kind == "blocked":
            reason = (
                f"account: {pause.name} can't be used: {pause.why}: then `solidarity resume --account {pause.name}`"
            )
            return Verdict(kind=Kind.hold, hold="account", reason=reason)
        return Verdict(kind=Kind.hold, hold="pause", reason=f"pause: {pause.why}")
    return None


def _late(delivery: Delivery, now: datetime, workspace: Workspace) -> Verdict | None:
    lateness = now - delivery.due_at - _quiet_between(delivery.due_at, now, workspace)
    if delivery.late_accepted or lateness <= delivery.late.after or delivery.late.then is Then.publish:
        return None
    reason = f"late: was due at {local(delivery.due_at, workspace)}, {span(lateness)} ago"
    if delivery.late.then is Then.skip:
        return Verdict(kind=Kind.miss, reason=f"{reason}, and its rule is to skip it")
    cure = f"`solidarity retry {delivery.key}` sends it, `solidarity cancel {delivery.key}` drops it"
    return Verdict(kind=Kind.hold, hold="late", reason=f"{reason}: {cure}")


def _quiet_between(since: datetime, until: datetime, workspace: Workspace) -> timedelta:
    """Return how much of a span lay in the quiet hours: a delivery that waits for their end isn't late by that."""
    quiet, zone = workspace.quiet, workspace.timezone
    if quiet is None or until <= since:
        return timedelta()
    total = timedelta()
    day = since.astimezone(zone).date() - timedelta(days=1)
    while day <= until.astimezone(zone).date():
        begins = occurrences.reached(datetime.combine(day, quiet.since), zone)
        last = day + timedelta(days=quiet.until <= quiet.since)
        ends = occurrences.reached(datetime.combine(last, quiet.until), zone)
        total += max(timedelta(), min(until, ends) - max(since, begins))
        day += timedelta(days=1)
    return total


def _quiet(now: datetime, workspace: Workspace) -> Verdict | None:
    end = quiet_until(now, workspace)
    if end is None:
        return None
    return Verdict(kind=Kind.wait, until=end, reason=f"quiet hours until {local(end, workspace)}")


def quiet_until(moment: datetime, workspace: Workspace) -> datetime | None:
    """Return when the quiet hours end that a moment lies in; None where it lies in none."""
    wall = moment.astimezone(workspace.timezone)
    if workspace.quiet is None or not workspace.quiet.covers(wall.time().replace(microsecond=0)):
        return None
    end = datetime.combine(wall.date(), workspace.quiet.until)
    end = end if end > wall.replace(tzinfo=None) else end + timedelta(days=1)
    again = end.replace(tzinfo=workspace.timezone, fold=wall.fold).astimezone(UTC)  # where an hour comes twice
    return max(again, moment) if wall.fold else occurrences.reached(end, workspace.timezone)


def local(moment: datetime, workspace: Workspace) -> str:
    """Return a moment on the workspace's wall clock, for people."""
    return moment.astimezone(workspace.timezone).strftime("%Y-%m-%d %H:%M")


def span(length: timedelta) -> str:
    """Return a length of time in its largest fitting unit, for people."""
    seconds = int(length.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
