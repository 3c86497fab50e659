"""Who is on staff: list, invite, change roles, remove. For admins."""

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.operations import staff
from scheduler.submission import May, Role
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Handler, Route, get, post
from scheduler.web.staff import frame
from scheduler.web.staff.proof import proved

_HERE = "/staff/people"


def show(ask: Ask) -> Response:
    """List everybody."""
    return _page(ask)


def _page(ask: Ask, *, wrong: str = "", name: str = "", status: int = 200) -> Response:
    users = staff.users(ask.site.app)
    asked = next((user for user in users if str(user.id) == ask.query.get("remove")), None)
    return frame.page(
        ask,
        "staff/people.html.jinja",
        status=status,
        users=users,
        roles=roles(ask),
        able=staff.able(ask.site.app),
        asked=asked,
        wrong=wrong,
        name=name,
    )


def roles(ask: Ask) -> dict[Role, str]:
    """Return what the roles are called."""
    return {Role.moderator: ask._("Moderator"), Role.editor: ask._("Editor"), Role.admin: ask._("Admin")}


def _sure(deed: Handler) -> Handler:
    """Make a deed of one that asks for the password first: a stolen cookie makes nobody a member of staff."""

    def done(ask: Ask) -> Response:
        if proved(ask):
            return deed(ask)
        values = [(name, ask.form[name][:200]) for name in ("name", "role") if name in ask.form]
        wrong = ask._("Your password isn't right.") if "password" in ask.form else ""
        return frame.page(ask, "staff/sure.html.jinja", status=403, values=values, wrong=wrong)

    done.__doc__ = deed.__doc__
    return done


def add(ask: Ask) -> Response:
    """Add somebody, and show the invitation once."""
    name, role = ask.form["name"], ask.form["role"]
    if role not in set(Role):
        return _page(ask, wrong=ask._("Choose what the person may do."), name=name, status=400)
    try:
        user, code = staff.add_user(ask.site.app, name, Role(role), who=ask.staff.name)
    except staff.NameTakenError:
        return _page(ask, wrong=ask._("Somebody of that name is on staff already."), name=name, status=400)
    except UserError:
        return _page(ask, wrong=ask._("Give a name of 1 to 80 characters."), name=name, status=400)
    return _hand_on(ask, user.name, code)


def invite(ask: Ask) -> Response:
    """Invite somebody anew."""
    user, code = staff.invite(ask.site.app, ask.form["name"], who=ask.staff.name)
    return _hand_on(ask, user.name, code)


def _hand_on(ask: Ask, name: str, code: str) -> Response:
    text = ask._("Hand this invitation to {name} on a safe way. It holds for seven days and isn't shown again.")
    base = ask.site.workspace.public_url or "http://localhost:8080"
    frame.say(ask, text.replace("{name}", name), secret=f"{base}/staff/welcome#{code}")
    return pages.go(_HERE)


def change(ask: Ask) -> Response:
    """Give somebody another role."""
    role = ask.form["role"]
    if role in set(Role):
        try:
            user = staff.set_role(ask.site.app, ask.form["name"], Role(role), who=ask.staff.name)
        except staff.LastAdminError:
            return _last_admin(ask)
        text = ask._("{name} is {role} now.").replace("{role}", roles(ask)[user.role])
        frame.say(ask, text.replace("{name}", user.name))
    return pages.go(_HERE)


def remove(ask: Ask) -> Response:
    """Take somebody off the staff."""
    try:
        user = staff.remove_user(ask.site.app, ask.form["name"], who=ask.staff.name)
    except staff.LastAdminError:
        return _last_admin(ask)
    frame.say(ask, ask._("{name} is off the staff, and signed out everywhere.").replace("{name}", user.name))
    return pages.go(_HERE)


def _last_admin(ask: Ask) -> Response:
    frame.say(ask, ask._("This is the last admin who can sign in. Make somebody else an admin first."), wrong=True)
    return pages.go(_HERE)


ROUTES: tuple[Route, ...] = (
    get(_HERE, show, May.govern),
    post(f"{_HERE}/add", _sure(add), May.govern, limit="60 per minute"),
    post(f"{_HERE}/invite", _sure(invite), May.govern, limit="60 per minute"),
    post(f"{_HERE}/role", _sure(change), May.govern, limit="60 per minute"),
    post(f"{_HERE}/remove", _sure(remove), May.govern, limit="60 per minute"),
)
