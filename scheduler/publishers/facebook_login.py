"""How a person gets the secrets of a Facebook Page: a token of theirs, made long-lived, leads to the Page's own."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scheduler.errors import TryLater, UserError
from scheduler.publishers.base import Ask

if TYPE_CHECKING:
    from scheduler.publishers.meta_wire import Graph

_EXPLORER = "https://developers.facebook.com/tools/explorer/"
_PERMISSIONS = "pages_show_list, pages_manage_posts, pages_read_engagement"

Open = Callable[[str, str], "Graph"]
"""Opens the wire for a token and an app's secret."""


def log_in(ask: Ask, opened: Open) -> dict[str, str]:
    """Ask a person for their app and a short-lived token; return PAGE_ID, PAGE_TOKEN and APP_SECRET.

    Raises:
        PublishError: Meta refuses them.
        UserError: there is no Page on which this person may publish.
    """
    app_id = ask("App ID, from developers.facebook.com, “App settings”, “Basic”:").strip()
    secret = ask("App secret, from the same page:", hidden=True).strip()
    question = (
        f"Open {_EXPLORER}, choose your app, “Get user access token”, tick {_PERMISSIONS} and the Page, and paste the "
        "token:"
    )
    short = ask(question, hidden=True).strip()
    if not (app_id.isdigit() and secret and short):
        raise UserError("the app's ID is a number, and its secret and the token are needed too: start again")
    page = _chosen(ask, _pages(opened(_long_lived(opened(short, secret), app_id, secret, short), secret)))
    if "CREATE_CONTENT" not in page["tasks"]:
        msg = (
            f"you may not publish as {page['name']}: ask somebody with full control of the Page to give you access to "
            "“Content”, then start again"
        )
        raise UserError(msg)
    return {"PAGE_ID": page["id"], "PAGE_TOKEN": page["access_token"], "APP_SECRET": secret}


def _long_lived(wire: "Graph", app_id: str, secret: str, short: str) -> str:
    """Change a token of an hour for one of about 60 days: the Page's token that it leads to has no date."""
    wanted = {"grant_type": "fb_exchange_token", "client_id": app_id, "client_secret": secret}
    answer = wire.ask("POST", "/oauth/access_token", data={**wanted, "fb_exchange_token": short})
    token = answer.body.get("access_token")
    if not isinstance(token, str) or not token:
        raise TryLater("Meta gave no lasting token: start again")
    return token


def _pages(wire: "Graph") -> list[dict[str, Any]]:
    params = {"fields": "id,name,access_token,tasks", "limit": "100"}
    data = wire.ask("GET", "/me/accounts", params=params).body.get("data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    return [_page(row) for row in rows if all(isinstance(row.get(key), str) for key in ("id", "access_token"))]


def _page(row: Mapping[str, Any]) -> dict[str, Any]:
    tasks = row.get("tasks")
    return {**row, "name": str(row.get("name", row["id"])), "tasks": tasks if isinstance(tasks, list) else []}


def _chosen(ask: Ask, pages: list[dict[str, Any]]) -> dict[str, Any]:
    if not pages:
        raise UserError(f"this token shows no Page: tick {_PERMISSIONS} and the Page itself, then start again")
    if len(pages) == 1:
        return pages[0]
    listed = "; ".join(f"{number}: {page['name']}" for number, page in enumerate(pages, 1))
    answer = ask(f"Which Page ({listed})? Its number:").strip()
    if not answer.isdigit() or not 1 <= int(answer) <= len(pages):
        raise UserError(f"{answer} is none of these numbers: start again")
    return pages[int(answer) - 1]
