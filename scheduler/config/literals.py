"""Finds secrets that stand in `config.yaml` itself. Their names belong there, they never do."""

import re
from collections.abc import Iterator

from scheduler.model import Place
from scheduler.reading.nodes import Node, Row, Scalar, Table
from scheduler.reading.report import Report

_NAMES = re.compile(
    r"(^|_)(api_?key|api_?secret|access_?key|access_?token|access_?secret|secret|secrets|token|tokens|password"
    r"|passwd|passphrase|bearer|credentials?|private_?key|client_?secret|app_?password)(_file)?$"
)
_KNOWN = re.compile(
    r"(?:gh[pousr]_|github_pat_|xox[abprs]-|sk-|AKIA|ASIA|EAA|AIza|glpat-|Bearer |ya29\.)[\w.+/=-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|[a-z0-9]{4}(?:-[a-z0-9]{4}){3}"  # an app password of Bluesky
    r"|[0-9a-fA-F]{32,}"
)
_RANDOM = re.compile(r"(?=[^\W_]*[0-9])(?=[^\W_]*[A-Za-z])[A-Za-z0-9+=]{16,}")
_LOGIN = re.compile(r"^[\w+.-]+://[^/@\s]*:[^/@\s]+@")
_CURE = "move it into .env, name it by 'keys', and replace it at the network: it may have been seen"


def search(root: Node, report: Report) -> set[Place]:
    """Note every literal secret and hide it from all messages; return the places of its keys and values."""
    places: set[Place] = set()
    for key, value in _pairs(root):
        if key is not None and _NAMES.search(re.sub(r"[^a-z0-9]+", "_", key.text.lower())):
            places |= {key.place, value.place}
            _hide(value, report)
            report.error(key.place, "literal-secret", f"a secret stands here; {_CURE}")
        elif isinstance(value, Scalar) and _is_secret(value.text):
            places.add(value.place)
            _hide(value, report)
            report.error(value.place, "literal-secret", f"this looks like a secret; {_CURE}")
    return places


def _pairs(node: Node) -> Iterator[tuple[Scalar | None, Node]]:
    if isinstance(node, Table):
        for key, value in node.items:
            yield key, value
            yield from _pairs(value)
    elif isinstance(node, Row):
        for value in node.items:
            yield None, value
            yield from _pairs(value)


def _is_secret(text: str) -> bool:
    if _LOGIN.match(text) or _KNOWN.fullmatch(text):
        return True
    if "://" in text or " " in text.strip():
        return False
    return any(_RANDOM.fullmatch(part) for part in re.split(r"[-_./:]", text))


def _hide(node: Node, report: Report) -> None:
    if isinstance(node, Scalar):
        report.hidden |= {node.text} if len(node.text) > 3 else set()
    for key, value in _pairs(node):
        if isinstance(value, Scalar) and len(value.text) > 3:
            report.hidden.add(value.text)
        del key
