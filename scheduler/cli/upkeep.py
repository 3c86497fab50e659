"""Keeping it well: accounts, doctor, backup, restore, upgrade, copy-state."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.cli import output
from scheduler.cli.options import command, folder, json_option, opened, who, workspace
from scheduler.errors import UsageError

if TYPE_CHECKING:
    from scheduler.model import Account


@command("accounts")
@click.argument("verb", required=False, type=click.Choice(["verify", "login"]))
@click.argument("platform", required=False)
@click.option("--account", "name", help="With login: the account, by its name in config.yaml.")
@json_option
def accounts(verb: str | None, platform: str | None, name: str | None, *, as_json: bool) -> int:
    """List the accounts; `verify` asks each network whether its secrets work, `login` helps you get them."""
    if verb == "login":
        if as_json:
            msg = "login asks you questions: leave --json out"
            raise UsageError(msg)
        return _log_in(name or "", platform or "")
    if platform or name:
        msg = "PLATFORM and --account go with login: solidarity accounts login --account NAME"
        raise UsageError(msg)
    return _list(as_json=as_json, ask=verb == "verify")


def _list(*, as_json: bool, ask: bool) -> int:
    from scheduler.clock import SystemClock
    from scheduler.operations.accounts import refused, verify

    ready = workspace()
    found = verify(ready, clock=SystemClock(), ask=ask)
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
        if not ask:
            output.aside("`solidarity accounts verify` asks the networks")
    if ask:
        works = {one.account.name for one in found if one.ok}
        for one in sorted(works & refused(ready)):
            output.aside(_again(one))
    return int(any(not one.ok for one in found)) if ask else 0


def _again(account: str) -> str:
    """Say of an account that its network had refused how it goes on."""
    return f"{account} works again and is still held: `solidarity resume --account {account}` lets it go on"


def _log_in(name: str, platform: str) -> int:
    """Get an account's secrets from its network, by a person's hand. No secret is ever printed."""
    from scheduler.clock import SystemClock
    from scheduler.operations.accounts import log_in, named, refused

    if not name and not platform:
        msg = "say which account: solidarity accounts login --account NAME"
        raise UsageError(msg)
    os.umask(0o077)
    ready = workspace()
    found = named(ready, name=name, platform=platform)
    account = found[0] if len(found) == 1 else _choose(found)
    came = log_in(account, ready, clock=SystemClock(), ask=_ask)
    output.say(f"written into .env: {', '.join(came.written)}")
    for variable in came.hidden:
        output.aside(f"{variable} is set in the environment to something else, which goes before .env: take it out")
    if not came.verified.ok:
        output.aside(f"{account.name} does not work: {came.verified.detail}")
        return 1
    output.say(f"{account.name} works: {came.verified.detail}")
    if account.name in refused(ready):
        output.aside(_again(account.name))
    return 0


def _choose(found: "list[Account]") -> "Account":
    by_name = {one.name: one for one in found}
    return by_name[click.prompt("Which account", type=click.Choice(list(by_name)), err=True)]


def _ask(question: str, *, hidden: bool = False) -> str:
    """Ask a person at the terminal; what is hidden isn't shown while it is typed."""
    try:
        answer: str = click.prompt(question, hide_input=hidden, prompt_suffix=" ", err=True)
    except click.Abort:
        raise KeyboardInterrupt from None  # nothing on the way takes it for a fault
    return answer.strip()


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
    """Bring the state's tables to this version's form; a copy of an older file stays beside it."""
    from scheduler.clock import SystemClock
    from scheduler.operations.upgrade import upgrade as bring

    os.umask(0o077)
    done = bring(workspace(), clock=SystemClock())
    output.say(
        f"the state has form {done.after}" + (f" (was {done.before})" if done.before != done.after else " already")
    )
    if done.copy is not None:
        output.say(f"as it was it is kept as {done.copy}; to go back: install the version before, then")
        output.say(f"  solidarity restore {done.copy}")
    return 0


@command("copy-state")
@click.argument("source")
@click.argument("target")
@json_option
def copy_state(source: str, target: str, *, as_json: bool) -> int:
    """Move the state into another database, e.g. from sqlite:///var/state.db to postgresql+psycopg://HOST/NAME."""
    from scheduler.clock import SystemClock
    from scheduler.operations.copy_state import copy_state as copy

    with output.progress("Copying") as show:
        done = copy(
            workspace(),
            source,
            target,
            clock=SystemClock(),
            who=who(),
            progress=show,
        )
    if as_json:
        output.as_json({"rows": done.rows, "before": done.before, "aside": str(done.aside) if done.aside else None})
        return 0
    if done.before:
        output.say("it was there already, row for row")
    else:
        output.say(f"{sum(done.rows.values())} rows copied and read back")
    if done.aside is not None:
        output.say(f"what stood there is kept as {done.aside}")
    output.say(f"Now write into config.yaml:  database: {target}")
    return 0


COMMANDS = (accounts, doctor, backup, restore, upgrade, copy_state)
