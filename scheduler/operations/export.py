"""The calendar of deliveries, for other tools: iCalendar or CSV."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta

from scheduler.model import Workspace
from scheduler.status import Status
from scheduler.store import Delivery

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - as Excel reads them
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])  # RFC 5545, 3.3.11: not in a text
_STATUS = {Status.held: "TENTATIVE", Status.cancelled: "CANCELLED", Status.withdrawn: "CANCELLED"}


def as_csv(found: Iterable[Delivery], workspace: Workspace) -> str:
    """Return one line a delivery. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["id", "action", "post", "account", "platform", "status", "due_local", "due_utc", "url", "text"])
    for one in found:
        local = one.due_at.astimezone(workspace.timezone).strftime("%Y-%m-%d %H:%M")
        row = [one.key, one.action, one.post, one.account, one.platform, str(one.status)]
        row += [local, one.due_at.strftime("%Y-%m-%dT%H:%M:%SZ"), one.url or "", one.content.whole]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return out.getvalue()


def as_ics(found: Iterable[Delivery], workspace: Workspace, *, now: datetime) -> str:
    """Return an iCalendar (RFC 5545) with one event of five minutes a delivery."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Solidarity//Solidarity//EN"]
    lines.append(f"X-WR-CALNAME:{_escape(workspace.name.in_language(workspace.language))}")
    for one in found:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escape(one.key)}",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(one.due_at)}",
            f"DTEND:{_utc(one.due_at + timedelta(minutes=5))}",
            f"SUMMARY:{_escape(f'{one.account}: {one.action}/{one.post} ({one.status})')}",
            f"DESCRIPTION:{_escape(one.content.whole)}",
            f"STATUS:{_STATUS.get(one.status, 'CONFIRMED')}",
            *([f"URL:{one.url}"] if one.url else []),
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _escape(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n"), ("\r", "\n"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text.translate(_CONTROLS)


def _fold(line: str) -> str:
    """Break a line after at most 75 octets, never inside a character (RFC 5545, 3.1)."""
    parts, size = [""], 0
    for character in line:
        length = len(character.encode())
        if size + length > (75 if len(parts) == 1 else 74):
            parts.append("")
            size = 0
        parts[-1] += character
        size += length
    return "\r\n ".join(parts)
