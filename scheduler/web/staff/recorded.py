"""The words of the audit in the reader's language; what isn't known is shown as it is. The record keeps its own."""

from collections.abc import Callable

from scheduler.web.ask import Ask


def deed(ask: Ask, what: str) -> str:
    """Return what somebody did, in words."""
    return {**_on_posts(ask._), **_on_submissions(ask._), **_on_staff(ask._)}.get(what, what)


def detail(ask: Ask, what: str, text: str) -> str:
    """Return what is said beside it: names and keys stay as they are."""
    if what != "sign in":
        return text
    return {
        "with password": ask._("with a password"),
        "with passkey": ask._("with a passkey"),
        "with invitation": ask._("with an invitation"),
        "with openid": ask._("through the provider"),
    }.get(text, text)


def _on_posts(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "release": _("release"),
        "approve": _("approve"),
        "retry": _("retry"),
        "cancel": _("cancel"),
        "withdraw": _("withdraw"),
        "resolve": _("resolve"),
        "task-done": _("task done"),
        "pause": _("pause"),
        "resume": _("resume"),
        "restore": _("restore"),
        "copy state": _("copy state"),
    }


def _on_submissions(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "approve submission": _("approve submission"),
        "reject submission": _("reject submission"),
        "reconsider submission": _("reconsider submission"),
        "cover submission": _("cover submission"),
        "describe submission": _("describe submission"),
        "expire submission": _("expire submission"),
        "second look": _("second look"),
        "risk low": _("risk low"),
        "risk elevated": _("risk elevated"),
        "risk high": _("risk high"),
        "asked to take back": _("asked to take back"),
        "take back": _("take back"),
    }


def _on_staff(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "sign in": _("sign in"),
        "user add": _("user add"),
        "user invite": _("user invite"),
        "user remove": _("user remove"),
        "user role": _("user role"),
        "password": _("password"),
        "openid": _("provider"),
        "passkey add": _("passkey add"),
        "passkey remove": _("passkey remove"),
        "token add": _("token add"),
        "token end": _("token end"),
    }
