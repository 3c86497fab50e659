"""What the pages of the schedule say of a delivery: its state, why it waits, and what a person can press."""

import re
from datetime import datetime

from scheduler.status import Status
from scheduler.store import Delivery
from scheduler.web.ask import Ask

_COMMAND = re.compile(r"`(?:solidarity (\w+)[^`]*|--not-published)`")
_RESOLVE = re.compile(r"say `solidarity resolve [^`]*`(?: or `--not-published`)?|`solidarity resolve [^`]*`")

_ATTEMPT, _MEDIA = re.compile(r"attempt (\d{1,9})"), re.compile(r"(\d{1,9}) media")
_CONDENSED = re.compile(r"(\d{1,9}) steps like those before and after, until (\d{4}-\d\d-\d\d \d\d:\d\d) UTC: (.+)")
_BY, _FIRST = re.compile(r"by (.+)"), re.compile(r"by (.+), the first of two")


def state(ask: Ask, status: Status) -> str:
    """Return the word for a state."""
    return {
        Status.queued: ask._("Queued"),
        Status.held: ask._("Held"),
        Status.claimed: ask._("In hand"),
        Status.staged: ask._("Prepared"),
        Status.sending: ask._("Sending"),
        Status.published: ask._("Published"),
        Status.unknown: ask._("Unknown"),
        Status.needs_human: ask._("Needs a person"),
        Status.failed: ask._("Refused"),
        Status.missed: ask._("Missed"),
        Status.cancelled: ask._("Cancelled"),
        Status.withdrawn: ask._("Taken down"),
    }[status]


def event(ask: Ask, name: str) -> str:
    """Return the word for a step of a delivery's history; one that isn't known is shown as it is."""
    if name in set(Status):
        return state(ask, Status(name))
    return {
        "edited": ask._("Edited in its file"),
        "approved": ask._("Approved"),
        "withdraw-wanted": ask._("To be taken down"),
        "withdraw-failed": ask._("Couldn't be taken down yet"),
        "withdraw-by-hand": ask._("To be taken down by hand"),
        "rolled-up": ask._("Steps that were alike, put together"),
    }.get(name, name)


def detail(ask: Ask, text: str) -> str:
    """Return what is said beside a step of a history; what isn't known is shown as it is."""
    plainly = {
        "added": ask._("added"),
        "free to go": ask._("free to go"),
        "proven not to be out": ask._("proven not to be out"),
        "taken down": ask._("taken down"),
    }
    if text in plainly:
        return plainly[text]
    if found := _ATTEMPT.fullmatch(text):
        return ask._("attempt {n}").replace("{n}", ask.words.number(int(found[1])))
    if found := _MEDIA.fullmatch(text):
        return ask.many("{n} file", "{n} files", int(found[1]))
    if found := _CONDENSED.fullmatch(text):
        return _condensed(ask, int(found[1]), datetime.fromisoformat(f"{found[2]}+00:00"), found[3])
    if found := _BY.fullmatch(text):
        first = _FIRST.fullmatch(text)
        said = ask._("by {name}, the first of two") if first else ask._("by {name}")
        return said.replace("{name}", (first or found)[1])
    return plain(ask, text)


def _condensed(ask: Ask, number: int, until: datetime, kinds: str) -> str:
    """Return what stands for the steps of a history that were condensed: how many, until when, and of which kinds."""
    counted = [kind.rpartition(" ") for kind in kinds.split(", ")]
    said = ask.many("{n} step like those before and after", "{n} steps like those before and after", number)
    told = ", ".join(f"{event(ask, name)} {ask.words.number(int(many))}" for name, _, many in counted)
    time = ask.words.moment(until, ask.site.workspace.timezone)
    whole = ask._("{steps}, until {time}: {kinds}")
    return whole.replace("{steps}", said).replace("{time}", time).replace("{kinds}", told)


def why(ask: Ask, delivery: Delivery) -> str:
    """Return why a delivery stands where it stands, in the words of the pages; empty where there is nothing to say."""
    may_be_out = delivery.status in {Status.published, Status.sending, Status.unknown} or delivery.up
    if delivery.withdraw_wanted and may_be_out:
        return ask._("It is to be taken down; the daemon does that as soon as it can.")
    if delivery.status is Status.held:
        return _held(ask, delivery)
    if delivery.status is Status.needs_human:
        return ask._("It was looked up {n} times, and nobody can tell whether it went out.").replace(
            "{n}", ask.words.number(delivery.looks + 1)
        )
    return plain(ask, delivery.reason)


def _held(ask: Ask, delivery: Delivery) -> str:
    if delivery.hold == "release":
        return ask._("Its action waits to be released.")
    if delivery.hold == "approval":
        return ask._("A person must look at it first, and approve it.")
    if delivery.hold == "late" and delivery.reason.startswith("late: was due"):
        return ask._("It is late: its time has passed by more than its rule allows.")
    if delivery.hold == "late" and "while it was paused" in delivery.reason:
        return ask._("It is late: its time passed while it was paused.")
    if delivery.hold == "pause":
        return ask._("It is paused: {why}").replace("{why}", delivery.reason.removeprefix("pause: "))
    return plain(ask, delivery.reason)


def plain(ask: Ask, text: str, *, key: str = "") -> str:
    """Return what an operation says with the pages' own words where it speaks of commands."""
    text = text.removeprefix(f"{key}: ") if key else text
    text = _RESOLVE.sub(ask._("choose “It is there” or “It is not there”"), text)
    return _COMMAND.sub(lambda found: _button(ask, found[1] or ""), text)


def _button(ask: Ask, verb: str) -> str:
    """Return the name of what does on a page what a command does in a terminal."""
    return {
        "retry": ask._("“Send now”"),
        "cancel": ask._("“Drop”"),
        "withdraw": ask._("“Take down”"),
        "approve": ask._("“Approve”"),
        "release": ask._("“Release”"),
        "resume": ask._("“Resume”"),
        "status": ask._("“Needs a person”"),
        "plan": ask._("the calendar"),
        "queue": ask._("waiting until the daemon has read the files again"),
    }.get(verb, verb)
