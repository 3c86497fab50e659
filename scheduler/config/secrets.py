"""The accounts' secrets: from the environment, from files it names, or from the workspace's `.env`."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scheduler import files
from scheduler.errors import UserError
from scheduler.model import Account
from scheduler.reading.report import Report
from scheduler.reading.source import read_text

_LINE = re.compile(r"(?:export +)?([A-Za-z_][A-Za-z0-9_]*) *= *(.*)")
_NOT_IN_DOUBLE = re.compile(r'["$`\\]')  # marks that mean something in double quotes, to one program or another
_LARGEST = 65_536  # bytes of a secret's file; a private key takes some thousand


def secrets(
    account: Account,
    names: Sequence[str],
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    *,
    optional: Sequence[str] = (),
    cure: str = "",
) -> dict[str, str]:
    """Return the account's secrets by `names` (e.g. API_KEY), and those of `optional` that are there.

    Each is read from <keys>_<NAME>, or from the file that <keys>_<NAME>_FILE names. `environ` is the
    process's own where None; the `.env` in `folder`, the workspace, fills in what it hasn't. `cure` is another way
    to get them, for the end of the message.

    Raises:
        UserError: naming every variable that is missing, and what to do.
    """
    if names and not account.keys:
        example = example_keys(account)
        raise UserError(
            f"account {account.name} doesn't say where its secrets are; add 'keys: {example}' to it in "
            f"config.yaml and set {', '.join(f'{example}_{name}' for name in names)}"
        )
    if not account.keys or not (names or optional):
        return {}
    values = {**(env_file(folder) if folder else {}), **(os.environ if environ is None else environ)}
    found: dict[str, str] = {}
    missing = []
    for name in (*names, *optional):
        variable = f"{account.keys}_{name}"
        secret = values.get(variable) or from_file(f"{variable}_FILE", values, folder)
        if secret:
            found[name] = secret
        elif name in names:
            missing.append(variable)
    if missing:
        raise UserError(
            f"account {account.name} lacks {', '.join(missing)}; set each in .env or the environment, or name a file "
            f"that holds it by the same name with _FILE{cure}"
        )
    return found


def example_keys(account: Account) -> str:
    """Return what `keys` of an account could be."""
    return re.sub(r"[^A-Z0-9]+", "_", account.name.upper())


def put(folder: Path, values: Mapping[str, str], environ: Mapping[str, str] | None = None) -> list[str]:
    """Write variables into the workspace's `.env`, whole or not at all, for its user alone; all else in it stays.

    Two that write at once wait for each other. Return the names that the environment holds with another value: what
    stands there goes before `.env`.

    Raises:
        UserError: `.env` can't be read or written, or a value doesn't fit into a line.
    """
    for name, value in values.items():
        if not value.isprintable() or value != value.strip() or not value:
            raise UserError(f"{name}: this is no secret that fits into a line of .env; get it again and copy it whole")
        if "'" in value and _NOT_IN_DOUBLE.search(value):
            raise UserError(
                f"{name}: this secret has quotes of both kinds, or ' together with a mark that not every program reads "
                f"alike in .env: write it into a file, and the file's name into .env as {name}_FILE"
            )
    path = (folder / ".env").resolve()
    with _turn(path.parent):
        env_file(folder)  # what can't be read isn't replaced
        _write(path, values)
    own = os.environ if environ is None else environ
    return [name for name, value in values.items() if own.get(name, value) not in {value, ""}]


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Let nobody else change `.env` meanwhile. The folder itself is locked: it is there, and isn't replaced."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"{folder}: can't be read ({error.strerror})") from None
    try:
        with contextlib.suppress(OSError):  # a file system that has no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, values: Mapping[str, str]) -> None:
    lines = path.read_text("utf-8-sig").splitlines() if path.exists() else []
    left = dict(values)
    kept = []
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        name = found[1] if found and not line.lstrip().startswith("#") else ""
        if name not in values:
            kept.append(line)
        elif name in left:  # the last of several lines would count: one is left
            kept.append(("export " if line.lstrip().startswith("export ") else "") + _line(name, left.pop(name)))
    kept += [_line(name, value) for name, value in left.items()]
    _replace(path, "\n".join(kept) + "\n")


def _replace(path: Path, text: str) -> None:
    """Write `.env`; it stays its owner's, also when root writes it."""
    owner = path.stat() if path.exists() else None
    files.write(path, text.encode())
    if owner is not None:
        with contextlib.suppress(PermissionError):
            os.chown(path, owner.st_uid, owner.st_gid)


def _line(name: str, value: str) -> str:
    quote = '"' if "'" in value else "'"
    return f"{name}={value if re.fullmatch(r'[A-Za-z0-9_.:/+=@%,-]+', value) else f'{quote}{value}{quote}'}"


def from_file(variable: str, values: Mapping[str, str], folder: Path | None) -> str | None:
    """Return the secret in the file that a variable names; None where it names none.

    Raises:
        UserError: the file can't be used.
    """
    name = values.get(variable)
    if not name:
        return None
    path = (folder or Path()) / Path(name).expanduser()
    # Not bound to the workspace: /run/secrets and its like are where secrets should be. Still only a file.
    report = Report()
    text = read_text(path, path.resolve().parent, name, report)
    if text is None:
        raise UserError(f"{variable} names a file that can't be used: {report.problems[0].message}")
    if len(text) > _LARGEST or not text.strip():
        raise UserError(f"{variable} names a file without a secret; write the secret into {name}")
    return text.strip()


def env_file(folder: Path) -> dict[str, str]:
    """Return what the workspace's `.env` holds.

    Raises:
        UserError: it can't be read, or has a line that isn't KEY=VALUE.
    """
    path = folder / ".env"
    if not path.is_file():
        return {}
    report = Report()
    text = read_text(path, path.resolve().parent, ".env", report)
    if text is None:
        raise UserError(f".env can't be used: {report.problems[0].message}")
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise UserError(f".env:{number}:1: error: this is not KEY=VALUE; correct the line or begin it with #")
        values[found[1]] = _unquoted(found[2])
    return values


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return re.sub(r"\s+#.*", "", value).strip()
