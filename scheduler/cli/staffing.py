"""Staff of the web pages, and whether the record of what people did is whole: user, audit."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened, who
from scheduler.errors import UsageError

if TYPE_CHECKING:
    from scheduler.app import App
    from scheduler.submission import User

_LOCAL = "http://localhost:8080"  # a name, not a number: passkeys hold for names only
_ROLES = ("moderator", "editor", "admin")


@command("user")
@click.argument("what", type=click.Choice(["add", "list", "invite", "role", "remove"]), required=False)
@click.argument("name", required=False)
@click.option("--role", type=click.Choice(_ROLES), help="What the person may do.")
@json_option
def user(what: str | None, name: str | None, role: str | None, *, as_json: bool) -> int:
    """Add somebody to the staff of the web pages, list, invite anew, change a role, or remove."""
    if what is None:
        raise UsageError("say what to do: `solidarity user list`, or add, invite, role, remove with a NAME")
    _require(what, name, role)
    with opened() as app:
        if what == "list":
            return _list(app, as_json=as_json)
        if what in {"add", "invite"}:
            return _let_in(app, name or "", role, as_json=as_json)
        return _change(app, name or "", role, as_json=as_json)


def _require(what: str, name: str | None, role: str | None) -> None:
    """Refuse words that don't fit together."""
    if what == "list" and name:
        raise UsageError("`user list` takes no name: it names everybody")
    if what != "list" and not name:
        msg = f"say whom: `solidarity user {what} NAME`"
        raise UsageError(msg)
    wants = what in {"add", "role"}
    if wants and not role:
        msg = f"say what {name} may do: --role moderator, editor or admin"
        raise UsageError(msg)
    if role and not wants:
        msg = f"`user {what}` takes no --role; `solidarity user role NAME --role ROLE` changes it"
        raise UsageError(msg)


def _list(app: "App", *, as_json: bool) -> int:
    from scheduler.operations.staff import users

    found = users(app)
    if as_json:
        output.as_json([_plain(one) for one in found])
    elif not found:
        output.say("nobody yet: `solidarity user add NAME --role admin` adds the first admin")
    else:
        rows = [(one.name, one.role, _way_in(one), output.local(one.created_at, app.workspace)) for one in found]
        output.table(["name", "role", "signs in with", "since"], rows)
    return 0


def _let_in(app: "App", name: str, role: str | None, *, as_json: bool) -> int:
    """Add somebody, or invite anew; print the way in, which is shown this once."""
    from scheduler.operations import staff
    from scheduler.submission import Role

    if role is None:
        found, code = staff.invite(app, name, who=who())
    else:
        found, code = staff.add_user(app, name, Role(role), who=who())
    admins = any(one.role is Role.admin for one in staff.users(app))
    address = f"{app.workspace.public_url or _LOCAL}/staff/welcome#{code}"
    until: datetime = app.clock.now() + staff.INVITATION
    if as_json:
        output.as_json({**_plain(found), "invitation": address, "code": code, "until": until})
        return 0
    output.say(f"{found.name} is invited as {found.role} until {output.local(until, app.workspace)}. Hand this on:")
    output.say(address)
    output.say(f"Without JavaScript: open {address.partition('#')[0]} and paste {code}")
    if not app.workspace.public_url:
        output.aside("config.yaml has no public_url: put the address that people use in place of the one above")
    if not admins:
        output.aside("There is no admin yet: `solidarity user add NAME --role admin` adds one")
    return 0


def _change(app: "App", name: str, role: str | None, *, as_json: bool) -> int:
    """Give somebody another role, or take them off the staff."""
    from scheduler.operations import staff
    from scheduler.submission import Role

    if role is None:
        found = staff.remove_user(app, name, who=who())
    else:
        found = staff.set_role(app, name, Role(role), who=who())
    if as_json:
        output.as_json(_plain(found))
    else:
        output.say(f"{found.name} is {found.role} now" if role else f"{found.name} is off the staff, and signed out")
    return 0


def _way_in(found: "User") -> str:
    ways = [f"{output.count(found.passkeys, 'passkey')}"] if found.passkeys else []
    return " and ".join(["a password"] * found.has_password + ways) or "nothing yet"


def _plain(found: "User") -> dict[str, Any]:
    return {
        "name": found.name,
        "role": str(found.role),
        "password": found.has_password,
        "passkeys": found.passkeys,
        "created_at": found.created_at,
    }


@command("audit")
@click.argument("what", type=click.Choice(["verify"]), default="verify")
@json_option
def audit(what: str, *, as_json: bool) -> int:
    """Say whether the record of what people did is whole: nothing changed, taken out or put in between."""
    from scheduler.operations.audit import verify

    del what
    with opened(in_need=True) as app:
        found = verify(app)
    if as_json:
        output.as_json(
            {"ok": found.ok, "entries": found.entries, "head": found.head or None, "broken_at": found.broken_at}
        )
    elif found.ok:
        output.say(f"the audit is whole: {output.count(found.entries, 'entry', 'entries')}")
        if found.head:
            output.say(f"its head is {found.head}")
            output.aside("Keep the head somewhere else: an audit that was shortened has another one.")
    else:
        output.say(f"the audit is broken at entry {found.broken_at}: it, or the one before it, was changed or is gone")
    return 0 if found.ok else 1


COMMANDS = (user, audit)
