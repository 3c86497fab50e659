"""Every way in which the program writes a file for good: `python -m tests.reliability.writers WORKSPACE`.

After each it says what is now promised: a line with the file's name and its SHA-256.
"""

import hashlib
import hmac
import io
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scheduler import app as parts
from scheduler import files
from scheduler.config.secrets import put
from scheduler.gallery import page
from scheduler.operations import queue
from scheduler.operations.copies import backup, restore
from scheduler.store import uploads
from scheduler.tokens import Tokens
from scheduler.vault import Vault
from tests.reliability import tape

_LONG = "0123456789abcdef" * 250  # some sectors


def main(folder: Path) -> None:
    """Write, and say so."""
    for name in _written(folder):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        print(f"{tape.TELLS.decode()}{name} {digest}", flush=True)


def _written(folder: Path) -> Iterator[str]:
    var = folder / "var"
    for ending in ("", " and again"):
        files.write(folder / "kept/deeper/file", (_LONG + ending).encode())
        yield "kept/deeper/file"
        _token(var, ending)
        yield "var/tokens/x.json"
        put(folder, {"X_ACCESS_TOKEN": f"new{ending.replace(' ', '')}"}, {})
        yield ".env"
        page.replace(var / "index.html", _LONG + ending)
        yield "var/index.html"
        name, _ = uploads.quarantine(var / "uploads", io.BytesIO(_LONG.encode()), hmac.new(b"key", digestmod="sha256"))
        yield f"var/uploads/{name}"
    Vault(var).keyed("anything")
    yield "var/secret.key"
    yield from _copies(folder)


def _token(var: Path, ending: str) -> None:
    tokens = Tokens(var, "x")
    with tokens.turn():
        tokens.write({"token": _LONG + ending}, seed="seed")


def _copies(folder: Path) -> Iterator[str]:
    """Back the state up, and put the copy back."""
    with _open(folder) as app:
        yield "var/workspace.id"
        queue.apply(app, app.load_posts())
        backup(app, folder / "copy.db")
        yield "copy.db"
        workspace, clock = app.workspace, app.clock
    restore(workspace, folder / "copy.db", clock=clock, who="tester")
    yield "var/state.db"


def _open(folder: Path) -> "closing[parts.App]":
    workspace, _ = parts.workspace(folder)
    return closing(parts.build(workspace))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
