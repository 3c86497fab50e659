"""Whom the program tells that a person is needed: notify."""

from typing import Any

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened


@command("notify")
@click.option("--test", "is_test", is_flag=True, help="Send each address a message that only tries it.")
@json_option
def notify(*, is_test: bool, as_json: bool) -> int:
    """Show what needs a person now; --test tries whether a message reaches you."""
    return _try_all(as_json=as_json) if is_test else _show(as_json=as_json)


def _show(*, as_json: bool) -> int:
    from scheduler import needs as wording
    from scheduler.addressees import addressees
    from scheduler.errors import UserError
    from scheduler.operations.notify import needs

    with opened(in_need=True) as app:
        found, workspace = needs(app), app.workspace
        title, body = wording.words(
            wording.Letter(new=tuple(found)), language=workspace.language, pages=workspace.public_url
        )
        try:
            count, lacks = len(addressees(workspace)), ""
        except UserError as error:
            count, lacks = 0, str(error)
    if as_json:
        rows = [
            {"kind": str(one.kind), "about": one.about or None, "urgent": one.kind in wording.URGENT} for one in found
        ]
        said: dict[str, Any] = {"title": title, "body": body} if found else {"title": None, "body": None}
        output.as_json({"addresses": count, "needs": rows, **said})
        return 0
    output.say(body if found else "Nobody is needed.")
    output.aside(lacks or f"{output.count(count, 'address', 'addresses')}: `solidarity notify --test` tries each")
    return 0


def _try_all(*, as_json: bool) -> int:
    from scheduler.notices import Sender
    from scheduler.operations.notify import tested

    with opened() as app:
        found = list(enumerate(tested(app, send=Sender().send), 1))
    if as_json:
        rows = [
            {"address": number, "service": one.service or None, "ok": one.ok, "detail": one.detail or None}
            for number, one in found
        ]
        output.as_json({"tried": rows})
    else:
        words = {True: "taken", False: "not taken"}
        output.table(
            ["address", "service", "", ""],
            [(number, one.service or "?", words[one.ok], one.detail) for number, one in found],
        )
    return int(any(not one.ok for _, one in found))


COMMANDS = (notify,)
