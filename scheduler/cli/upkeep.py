"""Keeping it well: accounts, doctor, backup, restore, upgrade."""

import os
from pathlib import Path

import click

from scheduler.cli import output
from scheduler.cli.options import command, folder, json_option, opened, who, workspace


@command("accounts")
@click.argument("verb", required=False, type=click.Choice(["verify"]))
@json_option
def accounts(verb: str | None, *, as_json: bool) -> int:
    """List the accounts; with `verify`, ask each network whether the credentials work."""
    from scheduler.clock import SystemClock
    from scheduler.operations.accounts import verify

    found = verify(workspace(), clock=SystemClock(), ask=verb == "verify")
    if as_json:
        output.as_json(
            [
                {"account": one.account.name, "platform": one.account.platform, "ok": one.ok, "detail": one.detail}
                for one in found
            ]
        )
    else:
        words = {(True, True): "works", (False, True): "does not work", (True, False): "ready", (False, False): "lacks"}
        output.table(
            ["account", "platform", "", ""],
            [(one.account.name, one.account.platform, words[one.ok, one.asked], one.detail) for one in found],
        )
        if not verb:
            output.aside("`solidarity accounts verify` asks the networks")
    return int(any(not one.ok for one in found)) if verb else 0


@command("doctor")
@json_option
def doctor(*, as_json: bool) -> int:
    """Say what is missing on this machine, and the cure."""
    from scheduler.clock import SystemClock
    from scheduler.operations.doctor import doctor as look

    found = look(folder(), clock=SystemClock())
    well = all(one.ok for one in found)
    if as_json:
        checks = [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in found]
        output.as_json({"ok": well, "checks": checks})
    else:
        output.table(["", "check", "detail"], [("ok" if one.ok else "!!", one.name, one.detail) for one in found])
    return 0 if well else 1


@command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> int:
    """Write a consistent copy of the state to FILE; the daemon may run."""
    from scheduler.operations.copies import backup as copy

    with opened(in_need=True) as app:
        size = copy(app, file)
    output.say(f"{file} ({size // 1024} kB); `solidarity restore {file}` puts it back")
    return 0


@command("restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> int:
    """Put a copy of the state back. It starts paused, and only looks up what may have gone out since."""
    from scheduler.clock import SystemClock
    from scheduler.operations.copies import restore as put_back

    os.umask(0o077)
    doubtful = put_back(workspace(), file, clock=SystemClock(), who=who())
    output.say(f"{file} is in place; everything is paused, and the state it replaced is kept beside it.")
    if doubtful:
        may = output.count(doubtful, "delivery", "deliveries")
        output.say(f"{may} may have gone out since that copy was made: `solidarity run` looks them up.")
    output.say("Read `solidarity status`, then `solidarity resume`.")
    return 0


@command("upgrade")
def upgrade() -> int:
    """Bring the state's tables to this version's form."""
    from scheduler.store import open_store

    ready = workspace()
    store = open_store(ready.database, ready.folder, check=False)
    try:
        before, after = store.upgrade()
    finally:
        store.close()
    output.say(f"the state has form {after}" + (f" (was {before})" if before != after else " already"))
    return 0


COMMANDS = (accounts, doctor, backup, restore, upgrade)
