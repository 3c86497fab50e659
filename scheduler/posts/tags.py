"""The accounts that an action tags: each network has names of its own form."""

import re
from dataclasses import dataclass
from typing import Any

from scheduler.reading.nodes import Node
from scheduler.reading.report import Report, shown
from scheduler.reading.shapes import Json, Shape
from scheduler.reading.values import TAG

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_META = "letters, digits, '_' and '.', at most 30, e.g. amnestycanada"
# Of each network: the form of its names, and what to write instead of another.
_FORMS = {
    "x": (r"[A-Za-z0-9_]{1,15}", "write letters, digits and '_', at most 15, e.g. AmnestyNow"),
    "facebook": (r"[A-Za-z0-9.-]{1,50}", "write the Page's name as its address has it, e.g. AmnestyCanada"),
    "instagram": (r"[A-Za-z0-9_.]{1,30}", f"write {_META}"),
    "threads": (r"[A-Za-z0-9_.]{1,30}", f"write {_META}"),
    "bluesky": (_HOST, "write the whole handle, which is a domain, e.g. amnesty.org or name.bsky.social"),
    "mastodon": (
        rf"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@{_HOST})?",
        "write the name and its server, e.g. amnesty@example.social",
    ),
}


@dataclass(frozen=True)
class Tag(Shape):
    """One tag, in the form of the network whose list it stands in; of a network without a known form, any."""

    what: str = TAG.what

    def read(self, node: Node, name: str, report: Report) -> Any:
        """Return the tag; `name` is the network's."""
        tag = TAG.read(node, name, report)
        form, cure = _FORMS.get(name, ("", ""))
        if tag is None or not form:
            return tag
        if not re.fullmatch(form, tag):
            report.error(node.place, "broken-tag", f"no account on {name} can be called {shown(tag)}; {cure}")
            return None
        if name == "mastodon" and "@" not in tag:
            message = f"{shown(tag)} is looked for on the server of each account; {cure}"
            report.warn(node.place, "tag-without-server", message)
        return tag

    def schema(self) -> Json:
        """See Shape."""
        return TAG.schema()
