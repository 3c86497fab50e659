"""What people did, newest first, and whether the record of it is whole. For admins."""

from functools import partial
from urllib.parse import urlencode

from starlette.responses import Response

from scheduler.operations import audit
from scheduler.submission import May
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import frame, recorded

_HERE = "/staff/audit"
_PAGE = 100


def show(ask: Ask) -> Response:
    """Show a page of entries; with `verify` in the address, also the result of computing the chain again."""
    app, query = ask.site.app, ask.query
    after = query.get("after", "")
    chosen = {name: query.get(name, "") for name in ("who", "what")}
    start = int(after) if after.isdecimal() and len(after) < 16 else 0
    entries = audit.entries(app, start, _PAGE + 1, **chosen)
    who, what = audit.kinds(app)
    older = ""
    if len(entries) > _PAGE:
        older = f"{_HERE}?{urlencode({**chosen, 'after': entries[_PAGE - 1].id})}"
    return frame.page(
        ask,
        "staff/audit.html.jinja",
        entries=entries[:_PAGE],
        older=older,
        people=who,
        kinds=[(one, recorded.deed(ask, one)) for one in what],
        deed=partial(recorded.deed, ask),
        detail=partial(recorded.detail, ask),
        chosen=chosen,
        verified=audit.verify(app) if "verify" in query else None,
    )


ROUTES: tuple[Route, ...] = (get(_HERE, show, May.govern, limit="60 per minute"),)
