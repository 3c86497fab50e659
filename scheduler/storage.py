"""Lends files from a storage that speaks S3: each under a name that nobody can guess, and only until its post is out.

What lies there is written down first, one small file an object in var/stored, so that nothing is ever left behind.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scheduler import files
from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, TryLater, UserError
from scheduler.model import Medium, Storage

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

_Given = TypeVar("_Given")
SECRETS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
_LONGEST = timedelta(days=6)  # S3 signs an address for a week at most
_SENDING = timedelta(minutes=3)  # for one file


class Bucket:
    """One place in a storage."""

    def __init__(
        self, settings: Storage, *, secrets: Callable[[], Mapping[str, str]], folder: Path, clock: Clock
    ) -> None:
        """`secrets` are asked for when something has to be sent; `folder` is the workspace's var/."""
        self._settings = settings
        self._secrets = secrets
        self._folder = folder / "stored"
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

        def send() -> str:
            files.write(self._folder / name, medium.sha256.encode())
            obstore.put(self._store, name, medium.path, attributes={"Content-Type": medium.mime}, use_multipart=False)
            return obstore.sign(self._store, "GET", name, length)

        return _judged(send)

    def there(self) -> dict[str, str]:
        """Return what lies there, or may: the SHA-256 of the file by the object's name."""
        found = {}
        for note in self._folder.glob("[!.]*"):
            with suppress(FileNotFoundError):  # another daemon was faster
                found[note.name] = note.read_text()
        return found

    def delete(self, name: str) -> None:
        """Delete an object; one that is gone already counts as deleted. Raises as `url` does."""
        import obstore

        def drop() -> None:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, name)
            (self._folder / name).unlink(missing_ok=True)

        _judged(drop)

    @cached_property
    def _store(self) -> "S3Store":
        from obstore.store import S3Store

        bucket, _, prefix = self._settings.bucket.removeprefix("s3://").partition("/")
        given = self._secrets()
        credential: S3Credential = {
            "access_key_id": given["ACCESS_KEY_ID"],
            "secret_access_key": given["SECRET_ACCESS_KEY"],
            "expires_at": None,
        }
        own = f"https://s3.{self._settings.region}.amazonaws.com"
        return S3Store(
            bucket,
            prefix=prefix or None,
            endpoint=self._settings.endpoint or own,
            region=self._settings.region,
            # In this way the variables of Amazon's own tools, a session's token above all, aren't mixed into it.
            credential_provider=lambda: credential,
            skip_signature=False,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": self._settings.endpoint.startswith("http:"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": _SENDING,
            },
            retry_config={"max_retries": 1, "retry_timeout": _SENDING},
        )


def _judged(work: Callable[[], _Given]) -> _Given:
    """Do some work; what goes wrong is said in words of ours: the library's own hold addresses and answers."""
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
