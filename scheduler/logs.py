"""The log of `run` and `serve`: lines for people on a terminal, one JSON object a line for programs elsewhere.

The program logs through the standard library; here it is decided what becomes of that: which fields a line has, what is
blotted out of it, and that no log, however broken, stops anything. What libraries say is kept out altogether: it may
hold addresses, tokens, or a person's words.
"""

import copy
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from scheduler.lines import Lines
from scheduler.redaction import BLOT, Redaction, is_secret, plain

if TYPE_CHECKING:
    from structlog.stdlib import ProcessorFormatter

FIELDS = ("delivery", "account", "worker")
"""What a line tells beside its words, where a caller gives it as `extra`."""

_OURS = "scheduler"
_OWN = frozenset({"at", "level", *FIELDS})  # what we have said ourselves, and nobody else
_LOG = logging.getLogger(__name__)
_LONGEST = 4000  # characters of one value
_DEEPEST = 6  # places in the program, of a fault

Event = MutableMapping[str, Any]


@contextmanager
def keeping(*, level: int, stream: TextIO | None = None, hidden: Callable[[], Iterable[str]] = tuple) -> Iterator[None]:
    """Keep the log while the block runs.

    Args:
        level: the lowest that is written.
        stream: where to; standard error where None.
        hidden: returns the secrets that no line may show. It is asked at each line, and returns the same object as
            long as they are the same.
    """
    handler, nothing = _Handler(stream or sys.stderr, hidden), logging.NullHandler()
    ours, root = logging.getLogger(_OURS), logging.getLogger()
    old, hooks = (ours.level, ours.propagate), (sys.unraisablehook, threading.excepthook)
    ours.addHandler(handler)
    root.addHandler(nothing)  # without one, Python writes what libraries say to standard error
    ours.setLevel(level)
    ours.propagate = False
    sys.unraisablehook, threading.excepthook = _unraisable, _in_thread
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:  # they are written past every handler, and quote what they like
                warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook, threading.excepthook = hooks
        ours.setLevel(old[0])
        ours.propagate = old[1]
        ours.removeHandler(handler)
        root.removeHandler(nothing)
        handler.lines.close()


def scrubbed(error: BaseException) -> str:
    """Return what went wrong and where in the program; never the error's own words, which may quote anything."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    return f"{type(error).__name__} at {' < '.join(reversed(where[-_DEEPEST:]))}"


class _Handler(logging.Handler):
    """Makes lines of records; whatever goes wrong with one of them is nobody's business."""

    def __init__(self, stream: TextIO | None, hidden: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self.lines: Lines[logging.LogRecord] = Lines(stream, self._form)
        self.setFormatter(_formatter(Redaction(hidden), terminal=self.lines.is_terminal))

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record over to be written; what it was said of may change meanwhile, so its words are put together."""
        try:
            words = record.getMessage()
        except Exception:
            words = f"a line that can't be put together ({record.name})"
        ours = copy.copy(record)  # there may be other handlers
        ours.msg, ours.args = words, ()
        self.lines.add(ours)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: the standard library would print a traceback, with what the record holds."""

    def _form(self, record: logging.LogRecord, lost: int) -> str:
        try:
            line = self.format(record)
        except Exception:
            line = self.format(_other(record, f"a line that can't be written ({record.name})"))
        if not lost:
            return line
        said = _other(record, f"{lost} lines of the log were lost: it couldn't be written")
        return f"{self.format(said)}\n{line}"


def _other(record: logging.LogRecord, words: str) -> logging.LogRecord:
    """Return a record of our own, of the same moment."""
    told = {"msg": words, "created": record.created, "levelno": logging.WARNING, "levelname": "WARNING"}
    return logging.makeLogRecord(told)


def _formatter(redact: Redaction, *, terminal: bool) -> "ProcessorFormatter":
    import structlog

    def safe(_logger: Any, _method: str, event: Event) -> Event:
        return {name: _safe(name, value, redact) for name, value in event.items()}

    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if terminal:
        last = structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ, timestamp_key="at", pad_level=False)
    return structlog.stdlib.ProcessorFormatter(processors=[_for_people if terminal else _for_programs, safe, last])


def _for_programs(_logger: Any, _method: str, event: Event) -> Event:
    record: logging.LogRecord = event["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": event["event"]}
    line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
    return {**line, **_fault(event)}


def _for_people(_logger: Any, _method: str, event: Event) -> Event:
    """Leave out what the words say already; the time is this machine's."""
    record: logging.LogRecord = event["_record"]
    at = f"{datetime.fromtimestamp(record.created).astimezone():%Y-%m-%d %H:%M:%S}"
    return {"at": at, "level": record.levelname.lower(), "event": event["event"], **_fault(event)}


def _fault(event: Event) -> dict[str, Any]:
    """Return what a record tells of a fault; its words only for whoever mends the program."""
    error = (event.get("exc_info") or (None, None))[1]
    if error is None:
        return {}
    if os.environ.get("SOLIDARITY_DEBUG"):
        return {"fault": "".join(traceback.format_exception(error))}
    return {"fault": scrubbed(error)}


def _safe(name: str, value: object, redact: Redaction) -> str:
    if is_secret(name):
        return BLOT
    text = str(value)
    return plain(text if name in _OWN else redact(text), longest=_LONGEST)


def _in_thread(ended: threading.ExceptHookArgs) -> None:
    """Log what ended a thread; Python would print a traceback."""
    if ended.exc_value is not None and ended.exc_type is not SystemExit:
        fault = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        _LOG.error("a thread of the program ended: %s", getattr(ended.thread, "name", "?"), exc_info=fault)


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Log what went wrong where nobody could be told, as when an object is thrown away."""
    error = found.exc_value
    _LOG.debug("a fault nobody waited for: %s", scrubbed(error) if error is not None else found.exc_type.__name__)
