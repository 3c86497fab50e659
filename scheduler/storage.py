"""Lends files from a storage that speaks S3: each under a name that nobody can guess, and only until its post is out.

What lies there is written down first, one small file an object in var/stored, so that nothing is ever left behind.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scheduler import files
from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, TryLater, UserError
from scheduler.model import Medium, Storage

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential, S3Store

_Given = TypeVar("_Given")
SECRETS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
_LONGEST = timedelta(days=6)  # S3 signs an address for a week at most
_SENDING = timedelta(minutes=3)  # for one file, and as long again where the storage asks for that
_ARRIVES = 2 * _SENDING + timedelta(minutes=4)  # after that nothing arrives any more
_FOLDER = "stored"


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is written down of one object, before it is sent."""

    name: str  # of the object, and of the note's own file
    sha256: str  # of the file that was put there
    place: str  # the storage; empty where that can't be told
    since: datetime
    arrived: bool = False  # until then it may still be on its way


def notes(var: Path) -> list[Note]:
    """Return what lies in a storage, or may, whether config.yaml still names that storage or not."""
    found = []
    for file in sorted((var / _FOLDER).glob("[!.]*")):
        with suppress(FileNotFoundError):  # another daemon was faster
            found.append(_read(file.name, file.read_text("utf-8", "replace")))
    return found


def _read(name: str, text: str) -> Note:
    try:
        said = json.loads(text)
        return Note(**{**said, "since": datetime.fromisoformat(said["since"]), "name": name})
    except (ValueError, TypeError, KeyError):  # of an older form: the hash and no more
        return Note(name=name, sha256=text, place="", since=datetime.fromtimestamp(0, UTC), arrived=True)


def place(settings: Storage) -> str:
    """Return where a storage is, in words for people."""
    return f"{settings.bucket} at {address(settings)}"


def address(settings: Storage) -> str:
    """Return the address of a storage."""
    return settings.endpoint or f"https://s3.{settings.region}.amazonaws.com"


class Bucket:
    """One place in a storage."""

    def __init__(
        self, settings: Storage, *, secrets: Callable[[], Mapping[str, str]], folder: Path, clock: Clock
    ) -> None:
        """`secrets` are asked for when something has to be sent; `folder` is the workspace's var/."""
        self._settings = settings
        self._secrets = secrets
        self._folder = folder / _FOLDER
        self._clock = clock

    def url(self, medium: Medium, *, until: datetime) -> str:
        """Put the file there, and return the address at which a network finds it, until then at most.

        Raises:
            AccountBlocked: the storage doesn't let us in.
            TryLater: it can't be reached, or takes nothing now.
        """
        import obstore

        name = f"{secrets.token_hex(20)}{medium.path.suffix}"
        length = min(max(until - self._clock.now(), timedelta(seconds=1)), _LONGEST)
        if not medium.path.is_file():
            raise TryLater(f"{medium.path.name}: is gone from var/rendered, and is made again")

        note = Note(name=name, sha256=medium.sha256, place=place(self._settings), since=self._clock.now())

        def send() -> str:
            self._write(note)
            obstore.put(self._store, name, medium.path, attributes={"Content-Type": medium.mime}, use_multipart=False)
            self._write(replace(note, arrived=True))  # written anew, should it have been thought never to arrive
            return obstore.sign(self._store, "GET", name, length)

        return judged(send)

    def _write(self, note: Note) -> None:
        said = {"sha256": note.sha256, "place": note.place, "since": note.since.isoformat(), "arrived": note.arrived}
        files.write(self._folder / note.name, json.dumps(said).encode())

    def holds(self, note: Note) -> bool:
        """Tell whether an object lies here, and not in a storage that config.yaml named before."""
        return note.place in {"", place(self._settings)}

    def delete(self, note: Note) -> bool:
        """Delete an object; one that is gone already counts as deleted. Raises as `url` does.

        False where it may still be on its way: then it has to be deleted again.
        """
        import obstore

        def drop() -> bool:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, note.name)
            over = note.arrived or self._clock.now() >= note.since + _ARRIVES
            if over:
                (self._folder / note.name).unlink(missing_ok=True)
            return over

        return judged(drop)

    @cached_property
    def _store(self) -> "S3Store":
        return connection(self._settings, self._settings.bucket, self._secrets(), timeout=_SENDING)


def connection(settings: Storage, place: str, given: Mapping[str, str], *, timeout: timedelta) -> "S3Store":
    """Return what speaks to a storage about the objects below a place in it; nothing is asked yet.

    Args:
        settings: what config.yaml says.
        place: s3://BUCKET, or s3://BUCKET/FOLDER.
        given: the storage's secrets.
        timeout: how long one request may take.
    """
    from obstore.store import S3Store

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    credential: S3Credential = {
        "access_key_id": given["ACCESS_KEY_ID"],
        "secret_access_key": given["SECRET_ACCESS_KEY"],
        "expires_at": None,
    }
    config: S3Config = {"server_side_encryption": settings.encryption} if settings.encryption else {}
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=address(settings),
        region=settings.region,
        config=config,
        # In this way the variables of Amazon's own tools, a session's token above all, aren't mixed into it.
        credential_provider=lambda: credential,
        skip_signature=False,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": settings.endpoint.startswith("http:"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timeout,
        },
        retry_config={"max_retries": 1, "retry_timeout": timeout},
    )


def judged(work: Callable[[], _Given]) -> _Given:
    """Do some work; what goes wrong is said in words of ours: the library's own hold addresses and answers.

    Raises:
        AccountBlocked: the storage doesn't let us in.
        TryLater: it can't be reached, or takes nothing now.
    """
    from obstore import exceptions

    said: AccountBlocked | TryLater
    try:
        return work()
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        said = AccountBlocked("the storage in config.yaml refuses us: mend its keys in .env, or what they may do there")
    except FileNotFoundError:
        said = AccountBlocked("the storage in config.yaml has no such bucket: make it, or mend its name")
    except exceptions.BaseError as error:
        said = TryLater(f"the storage in config.yaml doesn't take files now ({type(error).__name__})")
    except files.MachineError as error:
        said = TryLater(str(error))
    except UserError as error:  # a secret is missing
        said = AccountBlocked(str(error))
    raise said
