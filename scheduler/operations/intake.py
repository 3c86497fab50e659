"""Take in what a volunteer hands in: into quarantine, made anew, covered and described, handed in with a consent.

begin (quarantine, a draft) -> clean (in the sandbox) -> `cover` (a module of its own), describe -> hand_in (the
moderators see it, the code that takes it back is told once). Everything between is the draft's row: nothing is held in
memory, so that a program that is killed goes on where it stood.
"""

import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from scheduler import blobs, cleaning, covering, erasure, files, receipts, sharing
from scheduler.app import App
from scheduler.consents import codes
from scheduler.errors import UserError
from scheduler.files import MachineError
from scheduler.model import Action, Risk
from scheduler.store import Connection, StateError, database_path, drafts, refused, staff, submissions, uploads
from scheduler.submission import Consent, NameMode, Stage, Submission

if TYPE_CHECKING:
    from media.errors import MediaError

MOST_WORDS = 120
"""Characters of a message: what can be read on a card."""

MOST_NAME, MOST_ALT, MOST_CONTACT = 60, 1000, 200
_AGREED_TO = ("sha256", "message", "alt", "name", "name_mode", "risk", "covers", "group")


class Why(StrEnum):
    """Why something isn't taken; the pages have words for each."""

    taken_back = "This picture was taken back once: it can't come in again"
    in_use = "This picture has been handed in already: it needn't be sent again"
    sent = "This has been handed in already"
    gone = "The draft is gone: begin again"
    full = "Very many pictures are coming in at this moment: try again in an hour"
    changed = "It was changed meanwhile: look at it once more"
    covered = "Other places were covered meanwhile, or are being covered now: look at it once more"
    empty = "The file is empty: choose another one"
    no_message = "Write a message, at most 120 characters long"
    too_long = "That is too long: shorten it"
    no_networks = "Choose where it may appear"
    not_agreed = "It can be handed in only when everybody in it has agreed"
    faces_lost = "A face can't be followed through the whole film: cover its place by hand, or choose another film"


class RefusedError(UserError):
    """What a volunteer sent or asked for can't be taken."""

    def __init__(self, why: Why) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A draft, and the secret that its volunteer's browser keeps."""

    secret: str
    submission: Submission


def folder(app: App) -> Path:
    """Return where everything that was handed in lies; the names in a submission are names of its files."""
    return app.workspace.var / "uploads"


# ── a draft ─────────────────────────────────────────────────────────────────────────────────────────────


def begin(
    app: App, *, action: Action, source: BinaryIO, size: int, once: str, group: bool, uploaded_by: int | None
) -> Begun:
    """Put a file into quarantine and begin its draft. The same `once` with the same file is the same draft.

    Raises:
        RefusedError: the file was taken back once, is in use for this action, or is empty; or there is no room.
        TooManyBytesError: it is larger than any that we take.
        MachineError: it can't be written.
    """
    if not size:
        raise RefusedError(Why.empty)
    sharing.require(app)
    mac = app.vault.mac("file")
    name, head = uploads.quarantine(folder(app), source, mac)
    row: dict[str, Any] = {"source": name, "file_hash": mac.hexdigest(), "group": group, "uploaded_by": uploaded_by}
    row["mime"] = "image/jpeg" if uploads.is_photo(head) else "video/mp4"  # until it is known
    try:
        with app.store.write() as c:
            begun, gone = _begun(c, app, action=action, once=app.vault.keyed("once", once), row=row)
    except StateError:  # nobody knows whether it was done: a file that is nobody's goes as a stray
        raise
    except Exception:
        _remove(app, name)
        raise
    _remove(app, *gone)
    return begun


def draft(app: App, secret: str) -> Submission | None:
    """Return the draft that a browser's secret belongs to."""
    if not secret:
        return None
    with app.store.read() as c:
        found = submissions.find(c, draft_hash=staff.hashed(secret))
    return found if found is not None and found.stage is Stage.draft else None


def unfinished(app: App) -> list[int]:
    """Return the drafts whose file waits on this machine to be cleaned: after a restart they are cleaned again."""
    with app.store.read() as c:
        waiting = [one for one in submissions.in_stage(c, Stage.draft) if one.source and not one.file]
    return [one.id for one in waiting if is_here(app, one.source)]


def abandon(app: App, submission: Submission) -> None:
    """Forget a draft: nobody agreed to anything, so nothing is kept."""
    with app.store.write() as c:
        found = submissions.find(c, id=submission.id)
        if found is None or found.stage is not Stage.draft:
            return
        drafts.drop(c, [found])
    _remove(app, *erasure.names(found))


def _begun(c: Connection, app: App, *, action: Action, once: str, row: dict[str, Any]) -> tuple[Begun, list[str]]:
    """Return the draft, and the names of files that nobody needs any more."""
    file_hash, now = row["file_hash"], app.clock.now()
    secret = receipts.new_secret(now)
    if refused.holds(c, file_hash):
        raise RefusedError(Why.taken_back)
    known = submissions.find(c, once=once)
    if known is not None and known.stage is not Stage.draft:
        raise RefusedError(Why.sent)
    if submissions.same_file(c, file_hash, action.key) is not None:
        raise RefusedError(Why.in_use)
    marks: dict[str, Any] = {"draft_hash": staff.hashed(secret), "touched_at": now}
    gone: list[str] = []
    if known is not None:
        if known.file_hash == file_hash and known.action == action.key and not known.problem:
            again = submissions.change(c, known, group=row["group"], **marks)
            return Begun(secret=secret, submission=again), [row["source"]]
        drafts.drop(c, [known])
        gone = erasure.names(known)
    dropped = drafts.make_room(c, film=row["mime"].startswith("video/"), now=now)
    if dropped is None:
        raise RefusedError(Why.full)
    gone += [name for one in dropped for name in erasure.names(one)]
    added: dict[str, Any] = {"ref": secrets.token_hex(8), "action": action.key, "risk": action.risk, "once": once}
    number = submissions.add(c, now=now, draft_hash=marks["draft_hash"], **added, **row)
    return Begun(secret=secret, submission=submissions.by_id(c, number)), gone


# ── made anew ───────────────────────────────────────────────────────────────────────────────────────────


def clean(app: App, submission_id: int, *, given_up: Callable[[], bool] = lambda: False) -> Submission:
    """Make a draft's file anew and delete what was handed in. What is refused gets its `problem`, and nothing stays.

    Args:
        app: the workspace.
        submission_id: the draft; one that another process or machine made clean, or takes, is returned as it is.
        given_up: tells whether the program is ending, so that a file whose opening was broken off isn't blamed.

    Raises:
        RefusedError: there is no such draft any more.
        MachineError: this machine can't do it now; the draft stays as it is.
    """
    from media.errors import MediaError

    found = current(app, submission_id)
    if found.file or not found.source or not is_here(app, found.source):
        return found
    try:
        with files.open_plain(folder(app) / found.source) as file:
            made = cleaning.upload(file)
        seen = cleaning.photo(made.poster, find_faces=True).faces if made.poster else made.faces
        names = covering.written(app, made)
    except MachineError:
        raise
    except MediaError as error:
        if given_up() or _machines_fault(error):
            raise MachineError(str(error)) from None
        return changed(app, found, remove=(found.source,), source="", problem=type(error).__name__)
    except UserError:
        return changed(app, found, remove=(found.source,), source="", problem="Damaged")
    values: dict[str, Any] = {"source": "", "problem": "", "faces": seen, **covering.facts(made), **names}
    return changed(app, found, new=names, remove=(found.source,), **values)


def _machines_fault(error: "MediaError") -> bool:
    """Tell whether a file wasn't opened for this machine's sake: one that is too slow or hungry is itself at fault."""
    from media.errors import Unfinished

    words = str(error)
    return isinstance(error, Unfinished) and words != str(Unfinished()) and not words.startswith("the file takes")


# ── described, and handed in ────────────────────────────────────────────────────────────────────────────


def describe(app: App, submission: Submission, **answers: Any) -> Submission:
    """Keep answers: message, language, alt, name, name_mode, group, contact. At high risk no name is kept.

    Raises:
        RefusedError: a text is empty or too long, or the draft is gone.
    """
    values = dict(answers)
    bounds = {"message": MOST_WORDS, "name": MOST_NAME, "alt": MOST_ALT, "contact": MOST_CONTACT}
    for name, most in bounds.items():
        if name in values:
            values[name] = tidy(str(values[name]))
            if len(values[name]) > most:
                raise RefusedError(Why.no_message if name == "message" else Why.too_long)
    if "message" in values and not values["message"]:
        raise RefusedError(Why.no_message)
    found = current(app, submission.id)
    if found.risk is Risk.high and ("name" in values or "name_mode" in values):
        values |= {"name": "", "name_mode": NameMode.none}
    if "contact" in values:
        values["contact"] = app.vault.seal(values["contact"])
    return changed(app, found, **values)


def raise_risk(app: App, submission: Submission, risk: Risk) -> Submission:
    """Give a draft the risk that its action has by now; at high risk name and contact go."""
    gone: dict[str, Any] = {"name": "", "name_mode": NameMode.none, "contact": ""} if risk is Risk.high else {}
    return changed(app, submission, risk=risk, **gone)


def hand_in(app: App, submission: Submission, consent: Consent, *, secret: str = "") -> tuple[Submission, str]:
    """Give a draft to the moderators with what was agreed to; return it and the code that takes it back.

    Args:
        app: the workspace.
        submission: a clean draft with a message.
        consent: what was agreed to.
        secret: the draft's; asked again with it, the answer is the same: an answer that got lost loses no code.

    Raises:
        RefusedError: something is missing, the draft isn't as it was read, or its file came in by another way.
    """
    code = receipts.code(app.vault, secret) if secret else codes.written(secrets.randbits(codes.BITS))
    code_hash = app.vault.keyed("code", codes.normalised(code))
    with sharing.given(app, submission), app.store.write() as c:
        if (known := submissions.by_code(c, code_hash)) is not None:
            return known, code
        found = submissions.find(c, id=submission.id)
        _require_agreed(c, found, submission, consent)
        submissions.consent(c, submission, consent, code_hash=code_hash)
        # To the day only: when exactly somebody sat there is nobody's business.
        marks = {"day": consent.day, "draft_hash": None, "touched_at": None, "source": ""}
        made = submissions.change(c, submissions.by_id(c, submission.id), to=Stage.pending, **marks)
    _remove(app, found.source if found else "")
    uploads.stamp(folder(app), made.file, made.preview, made.poster, day=consent.day)
    return made, code


def _require_agreed(c: Connection, found: Submission | None, seen: Submission, consent: Consent) -> None:
    """Refuse what lacks something, and what isn't any more what was agreed to."""
    if found is None or found.stage is not Stage.draft or not found.file:
        raise RefusedError(Why.gone)
    if not consent.networks:
        raise RefusedError(Why.no_networks)
    if not consent.all_agreed or not (consent.adult or consent.guardian):
        raise RefusedError(Why.not_agreed)
    if any(getattr(found, name) != getattr(seen, name) for name in _AGREED_TO):
        raise RefusedError(Why.changed)
    if found.to_cover is not None:
        raise RefusedError(Why.covered)
    if not found.message:
        raise RefusedError(Why.no_message)
    if refused.holds(c, found.file_hash):
        raise RefusedError(Why.taken_back)
    if submissions.same_file(c, found.file_hash, found.action) is not None:
        raise RefusedError(Why.in_use)


def tidy(text: str) -> str:
    """Return a text in one line without what can't be seen: controls, and marks that turn the writing around."""
    plain = unicodedata.normalize("NFC", text)
    joiners = "\u200c\u200d"
    kept = (char if char in joiners or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else " " for char in plain)
    return " ".join("".join(kept).split())


# ── the code that takes it back ─────────────────────────────────────────────────────────────────────────


def by_code(app: App, code: str) -> Submission | None:
    """Return the submission that a code belongs to, however the person wrote it."""
    with app.store.read() as c:
        return submissions.by_code(c, app.vault.keyed("code", codes.normalised(code)))


# ── rows and files ──────────────────────────────────────────────────────────────────────────────────────


def current(app: App, number: int) -> Submission:
    """Return a draft as it is now.

    Raises:
        RefusedError: there is no such draft any more.
    """
    with app.store.read() as c:
        found = submissions.find(c, id=number)
    if found is None or found.stage is not Stage.draft:
        raise RefusedError(Why.gone)
    return found


def changed(
    app: App, was: Submission, *, new: dict[str, str] | None = None, remove: Sequence[str] = (), **values: Any
) -> Submission:
    """Change a draft; drop the files it needs no more, or the new ones: it is gone, or somebody was faster with its."""
    try:
        with app.store.write() as c:
            found = submissions.find(c, id=was.id)
            if found is None or found.stage is not Stage.draft:
                raise RefusedError(Why.gone)
            late = "source" in values and (erasure.names(found), found.to_cover) != (erasure.names(was), was.to_cover)
            made = found if late else submissions.change(c, found, touched_at=app.clock.now(), **values)
    except StateError:  # nobody knows whether it was done: a file that is nobody's goes as a stray
        raise
    except Exception:
        _remove(app, *(new or {}).values())
        raise
    _remove(app, *((new or {}).values() if late else remove))
    return made


def is_here(app: App, name: str) -> bool:
    """Tell whether this machine took a draft: of those that share a state each opens its own; one alone has all."""
    alone = database_path(app.workspace.database, app.workspace.folder) is not None
    return (alone and not blobs.shared(app.workspace)) or (folder(app) / name).is_file()


def _remove(app: App, *names: str) -> None:
    uploads.remove(folder(app), *names)
