"""What SQLAlchemy works out of a statement, kept for every engine of a test process.

Each test has a state, and so an engine, of its own; a program has one. Without this every test would compile the same
statements anew, which takes longer than running them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Engine

from scheduler.store import postgres, sqlite

_compiled: dict[Any, Any] = {}
_memos: dict[type, Any] = {}


@cache
def share() -> None:
    """Let every engine that this process makes from now on share what was worked out before."""
    for module in (sqlite, postgres):
        module.create_engine = _sharing(module.create_engine)  # type: ignore[attr-defined]


def _sharing(create: Callable[..., Engine]) -> Callable[..., Engine]:
    def created(*given: Any, **settings: Any) -> Engine:
        engine = create(*given, **settings)
        kind = _alike(engine.dialect.__class__)
        engine.dialect.__class__ = kind
        engine.dialect._type_memos = _memos.setdefault(kind, engine.dialect._type_memos)
        engine.update_execution_options(compiled_cache=_compiled)
        return engine

    return created


@cache
def _alike(kind: Any) -> Any:
    """Return a kind of dialect of which each is as good as another to who looks for what was compiled."""
    same = {"__eq__": lambda one, other: type(one) is type(other), "__hash__": lambda one: hash(type(one))}
    return type(kind.__name__, (kind,), {**same, "supports_statement_cache": True})
