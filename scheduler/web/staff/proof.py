"""Whether it is really the person, and not somebody at a desk left open: asked before a way in is added or changed."""

from scheduler.operations import staff
from scheduler.web.ask import Ask
from scheduler.web.staff.attempts import attempts


def needs_password(ask: Ask) -> bool:
    """Tell whether the password is asked for: not of whoever signed in with a passkey, or has no password."""
    return bool(ask.session and ask.staff.has_password and not ask.session.passkey)


def proved(ask: Ask) -> bool:
    """Tell whether a form bears the right password, or none is needed. Wrong ones count as they do at the door."""
    if not needs_password(ask):
        return True
    name, tries = ask.staff.name, attempts(ask)
    if tries.wait(name, ask.client, ask.now):
        return False
    user = staff.check_password(ask.site.app, name, ask.form.values.get("password", ("",))[-1])
    if user is None:
        tries.failed(name, ask.client, ask.now)
    return user is not None and user.id == ask.staff.id
