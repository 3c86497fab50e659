"""What people decide: pause, resume, release, approve, retry, cancel, resolve, withdraw."""

from collections.abc import Mapping
from pathlib import Path

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened, who
from scheduler.errors import UsageError


def _scope(action: str | None, account: str | None) -> tuple[str, str]:
    if action and account:
        msg = "choose --action or --account, or neither for everything"
        raise UsageError(msg)
    if action:
        return "action", action
    return ("account", account) if account else ("all", "")


@command("pause")
@click.option("--action", help="Only this action.")
@click.option("--account", help="Only this account.")
@click.option("--why", required=True, help="The reason, shown to everybody.")
@json_option
def pause(action: str | None, account: str | None, why: str, *, as_json: bool) -> int:
    """Hold everything, an action or an account, at once, until `resume`."""
    from scheduler.operations.pause import pause as hold

    scope, name = _scope(action, account)
    with opened() as app:
        _known(app.workspace.folder, scope, name, app.workspace.accounts)
        done = hold(app, scope=scope, name=name, why=why, who=who())
    if as_json:
        output.as_json({"scope": scope, "name": name or None, "why": why, "changed": done})
    else:
        output.say(f"{name or 'everything'} is paused" if done else f"{name or 'everything'} was paused already")
    return 0


def _known(folder: Path, scope: str, name: str, accounts: Mapping[str, object]) -> None:
    """Refuse to pause what isn't there: a slip of the pen must not look like a pause."""
    if scope == "account" and name not in accounts:
        msg = f"{name}: there is no such account; config.yaml has {', '.join(accounts)}"
        raise UsageError(msg)
    files = sorted(file.stem for file in (folder / "posts").glob("*.y*ml"))
    if scope == "action" and name not in files:
        msg = f"{name}: there is no such action; posts/ has {', '.join(files)}"
        raise UsageError(msg)


@command("resume")
@click.option("--action", help="Only this action.")
@click.option("--account", help="Only this account.")
@json_option
def resume(action: str | None, account: str | None, *, as_json: bool) -> int:
    """Lift a pause. What came due in the meantime stays held until a person decides."""
    from scheduler.operations.pause import resume as lift

    scope, name = _scope(action, account)
    with opened() as app:
        late = lift(app, scope=scope, name=name, who=who())
        if as_json:
            output.as_json({"scope": scope, "name": name or None, "late": [output.delivery(one) for one in late]})
            return 0
        output.say(f"{name or 'everything'} goes on")
        if late:
            output.table(
                ["was due", "delivery", "now"],
                [(output.local(one.due_at, app.workspace), one.key, one.reason) for one in late],
            )
    return 0


@command("release")
@click.argument("action")
def release(action: str) -> int:
    """Open an ACTION that waits for a person's word."""
    from scheduler.operations.release import release as let_go

    with opened() as app:
        free = let_go(app, action, who=who())
    output.say(f"{action} is released: {free} deliveries are free to go at their times")
    return 0


@command("approve")
@click.argument("key", metavar="ID")
def approve(key: str) -> int:
    """Approve one delivery as it stands; an edit afterwards voids it."""
    from scheduler.operations.release import approve as say_yes

    with opened() as app:
        delivery = say_yes(app, key, who=who())
    output.say(f"{key} is approved: {delivery.status}")
    return 0


@command("retry")
@click.argument("key", metavar="ID")
def retry(key: str) -> int:
    """Put a failed, missed, cancelled or late delivery back; it goes as soon as it may."""
    from scheduler.operations.retry import retry as put_back

    with opened() as app:
        put_back(app, key, who=who())
    output.say(f"{key} is queued")
    return 0


@command("cancel")
@click.argument("key", metavar="ID")
def cancel(key: str) -> int:
    """Take a waiting delivery out. It stays out, whatever its file says."""
    from scheduler.operations.cancel import cancel as take_out

    with opened() as app:
        take_out(app, key, who=who())
    output.say(f"{key} is cancelled")
    return 0


@command("resolve")
@click.argument("key", metavar="ID")
@click.option("--published", "url", metavar="URL", help="It is out, at this link.")
@click.option("--not-published", "absent", is_flag=True, help="It isn't out; it goes now.")
def resolve(key: str, url: str | None, *, absent: bool) -> int:
    """Settle a delivery whose outcome nobody but a person can tell."""
    from scheduler.operations.resolve import resolve as settle

    if bool(url) == absent:
        msg = "say --published URL, or --not-published"
        raise UsageError(msg)
    with opened() as app:
        delivery = settle(app, key, url=url, who=who())
    output.say(f"{key}: {delivery.status}")
    return 0


@command("withdraw")
@click.argument("key", metavar="ID")
@json_option
def withdraw(key: str, *, as_json: bool) -> int:
    """Take a published post down; what its network can't delete becomes a task for a person."""
    from scheduler.model import Status
    from scheduler.operations.recover import take_down
    from scheduler.operations.status import status
    from scheduler.operations.withdraw import withdraw as want_gone

    with opened() as app:
        delivery = want_gone(app, key, who=who())
        said = take_down(app, delivery) if delivery.status is Status.published else ""
        delivery = status(app, key).deliveries[0]
    if as_json:
        output.as_json({"id": key, "status": str(delivery.status), "detail": said or delivery.reason})
    else:
        output.say(f"{key}: {delivery.status}{f' ({said})' if said else ''}")
        output.aside("Copies that others made can't be recalled.")
    return 0 if delivery.status in {Status.withdrawn, Status.cancelled} else 1


COMMANDS = (pause, resume, release, approve, retry, cancel, resolve, withdraw)
