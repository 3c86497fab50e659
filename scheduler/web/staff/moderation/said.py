"""What the pages of moderation say: stages, risks, reasons, and what a person agreed to, in words."""

# ruff: noqa: RUF001 - what pages say is set with its own apostrophe

from scheduler.gallery import words
from scheduler.model import Risk
from scheduler.submission import Consent, NameMode, Stage, Submission
from scheduler.web.ask import Ask

Choices = list[tuple[str, str]]
"""The value of a choice, and its words."""


def risk(ask: Ask, level: Risk) -> str:
    """Return the word for a risk."""
    return {
        Risk.low: ask._("Low risk"),
        Risk.elevated: ask._("Elevated risk"),
        Risk.high: ask._("High risk"),
    }[level]


def stage(ask: Ask, where: Stage) -> str:
    """Return the word for where a submission stands."""
    return {
        Stage.draft: ask._("Not handed in yet"),
        Stage.pending: ask._("Waits for a decision"),
        Stage.approved: ask._("Approved"),
        Stage.rejected: ask._("Rejected"),
        Stage.withdrawn: ask._("Taken back"),
        Stage.expired: ask._("Expired"),
    }[where]


def reasons(ask: Ask) -> Choices:
    """Return the reasons for a no."""
    return [
        ("off-topic", ask._("It isn’t about this action")),
        ("unreadable", ask._("Too dark, blurred or small")),
        ("others", ask._("It shows people who may not have agreed")),
        ("dangerous", ask._("It could put somebody in danger")),
        ("private", ask._("It shows an address, a document or the like")),
        ("hateful", ask._("Hateful, violent or sexual")),
        ("advertising", ask._("Advertising, or for a party")),
        ("not-theirs", ask._("Somebody else’s picture, or a made-up one")),
        ("other", ask._("Something else")),
    ]


def reason(ask: Ask, kept: str) -> str:
    """Return the words of a reason as it is kept: a choice, and what was written beside it."""
    choice, _, more = kept.partition(": ")
    chosen = dict(reasons(ask)).get(choice)
    if chosen is None:
        return kept
    return f"{chosen}: {more}" if more else chosen


def requests(ask: Ask) -> Choices:
    """Return who may have asked for a submission to be taken back."""
    return [
        ("sender", ask._("Whoever handed it in")),
        ("shown", ask._("Somebody shown in it")),
        ("guardian", ask._("A parent or guardian")),
        ("danger", ask._("Nobody, but somebody is in danger")),
    ]


def named(ask: Ask, submission: Submission) -> str:
    """Return how a person wants to be named."""
    return {
        NameMode.none: ask._("Not named"),
        NameMode.pseudonym: ask._("By a made-up name:"),
        NameMode.first: ask._("By first name:"),
        NameMode.full: ask._("By full name:"),
    }[submission.name_mode]


def networks(consent: Consent | None) -> str:
    """Return where a submission may appear."""
    return ", ".join(words.platform(name) for name in consent.networks) if consent else ""


def people(ask: Ask, submission: Submission, consent: Consent | None) -> str:
    """Return how many people can be recognised."""
    number = consent.people if consent else 0
    told = ask._("nobody can be recognised")
    if number:
        told = ask.many("{n} person can be recognised", "{n} people can be recognised", number)
    return ask._("Group: {people}").replace("{people}", told) if submission.group else told


def covers(ask: Ask, submission: Submission) -> str:
    """Return how many faces were found, and how many places are covered."""
    found = ask._("No face was found.")
    if submission.faces:
        found = ask.many("{n} face was found.", "{n} faces were found.", len(submission.faces))
    covered = ask._("Nothing is covered.")
    if submission.covers:
        covered = ask.many("{n} place is covered.", "{n} places are covered.", len(submission.covers))
    return f"{found} {covered}"


def agreed(ask: Ask, consent: Consent | None) -> Choices:
    """Return what was agreed to, each with its name."""
    if consent is None:
        return [(ask._("Consent"), ask._("Nobody has agreed to anything."))]
    day = ask.words.day
    rows = [
        (ask._("May appear on"), networks(consent) or ask._("no network")),
        (ask._("Agreed on"), day(consent.day)),
        (ask._("By"), _by(ask, consent)),
        (ask._("People"), _people(ask, consent)),
        (ask._("Faces"), _faces(ask, consent.faces)),
        (ask._("Voice"), ask._("kept") if consent.voice == "kept" else ask._("no voice")),
        (ask._("Risk that was explained"), risk(ask, consent.risk)),
        (ask._("Text that was shown"), _text(ask, consent)),
        (ask._("Holds until"), day(consent.expires_on) if consent.expires_on else ask._("it is taken back")),
    ]
    if consent.withdrawn_on:
        rows.append((ask._("Taken back on"), day(consent.withdrawn_on)))
    return rows


def _by(ask: Ask, consent: Consent) -> str:
    if consent.guardian:
        return ask._("a parent or guardian")
    return ask._("the person, of age") if consent.adult else ask._("the person, under age")


def _people(ask: Ask, consent: Consent) -> str:
    if not consent.people:
        return ask._("nobody can be recognised")
    told = ask.many("{n} person can be recognised", "{n} people can be recognised", consent.people)
    return f"{told}, {ask._('all have agreed') if consent.all_agreed else ask._('not all have agreed')}"


def _faces(ask: Ask, mode: str) -> str:
    said = {"shown": ask._("shown"), "some": ask._("some of them covered"), "covered": ask._("covered")}
    return {**said, "none": ask._("no face")}.get(mode, mode)


def _text(ask: Ask, consent: Consent) -> str:
    told = ask._("version {version} in {language}, with the hash {hash}")
    language = words.language_name(consent.language)
    told = told.replace("{language}", language).replace("{hash}", f"{consent.text_sha256[:12]}…")
    return told.replace("{version}", consent.text_version)
