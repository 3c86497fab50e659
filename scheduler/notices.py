"""Hands messages to Apprise, in a process of its own: the only place that knows Apprise.

Apprise is large, its plug-ins log addresses, and some of them wait without an end. So it is loaded by a child process
that has no log, no secret but the addresses it is handed, and that is ended by the clock. What comes back of each
message is whether it was taken, and a few words of our own.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

SECONDS = 45.0
"""How long one call may take in all; its messages leave beside each other."""

_ANSWER = 10.0  # seconds to connect, and likewise for each part of an answer; Apprise's own are shorter
_STARTING = 30.0  # seconds that the process may take for itself
_LATE = "no answer in time"
_PASSED_ON = re.compile(
    r"(?i)(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|PATH|LANG|COVERAGE_.*"
)
_ADDRESS = re.compile(r"(?m)^\s+|\s+$|\s*\n\s*|\s+(?=[a-z0-9]+://)")
_STATUS = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to one address."""

    url: str
    title: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a message. `service` is Apprise's name for the kind of address; empty where it knows none."""

    ok: bool
    service: str = ""
    detail: str = ""  # why it wasn't taken: words of our own, nothing of the address or the answer


def addresses(text: str) -> tuple[str, ...]:
    """Return the addresses in a text: one a line, or apart by spaces; a line that begins with # isn't one."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return tuple(one for one in _ADDRESS.split("\n".join(lines)) if one)


class Sender:
    """Sends messages, one call at a time; `stop` ends a call in flight and all later ones."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Send no more: what is on its way is given up within a second."""
        self._stopped.set()

    def send(self, messages: Sequence[Message]) -> list[Outcome | None]:
        """Send the messages and return what came of each; None of one that was given up, for it was stopped."""
        if self._stopped.is_set():
            return [None] * len(messages)
        try:
            child = _start()
        except OSError:
            return [Outcome(ok=False, detail="this machine can't start a process now")] * len(messages)
        try:
            said = self._talk(child, [asdict(one) for one in messages])
        finally:
            _end(child)
        return _read(said, len(messages), given_up=self._stopped.is_set())

    def _talk(self, child: "subprocess.Popen[str]", messages: list[dict[str, str]]) -> str:
        """Hand the messages over and return the answers that came in time."""
        end = time.monotonic() + self._seconds + _STARTING
        todo: str | None = json.dumps({"seconds": self._seconds, "messages": messages})
        while not self._stopped.is_set() and time.monotonic() < end:
            try:
                return child.communicate(todo, timeout=0.5)[0]
            except subprocess.TimeoutExpired:
                todo = None  # communicate goes on with what it was given first
        child.kill()
        return child.communicate()[0]


def _start() -> "subprocess.Popen[str]":
    path = [str(Path(__file__).resolve().parents[1]), *(entry for entry in sys.path if Path(entry).is_absolute())]
    known = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    return subprocess.Popen(
        [sys.executable, "-s", "-P", "-B", "-m", "scheduler.notices"],
        env={**known, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)), "PYTHONUTF8": "1"},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # a Ctrl-C at the terminal is the parent's to heed
    )


def _end(child: "subprocess.Popen[str]") -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):  # what it was not yet handed
            if pipe is not None:
                pipe.close()


def _read(said: str, count: int, *, given_up: bool) -> list[Outcome | None]:
    """Return the child's answers, a line each; where there is none, nothing was taken, as far as one knows."""
    found: list[Outcome | None] = [None if given_up else Outcome(ok=False, detail=_LATE)] * count
    for line in said.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError, IndexError):  # cut, or no answer of ours
            answer = json.loads(line)
            number = answer.pop("number")
            found[number] = Outcome(**answer)
    return found


# ── in the child ────────────────────────────────────────────────────────────────────────────────────────


def main(told: TextIO, answer: TextIO) -> None:
    """Send what stands on standard input, and answer on standard output."""
    import importlib
    import logging

    log = logging.getLogger("apprise")  # its results carry what it says here, and nothing else does
    log.propagate = False
    log.addHandler(logging.NullHandler())
    given = json.load(told)
    importlib.import_module("apprise")  # on a slow machine that alone takes seconds
    end = time.monotonic() + given["seconds"]
    messages = [Message(**one) for one in given["messages"]]
    tries = [_Try(one, number, answer) for number, one in enumerate(messages)]
    for one in tries:
        one.start()
    for one in tries:
        one.join(max(0.0, end - time.monotonic()))
    for one in tries:
        one.say(Outcome(ok=False, service=one.service, detail=_LATE))
    if any(one.is_alive() for one in tries):
        os._exit(0)  # they may never end


class _Try(threading.Thread):
    """One message on its way; its outcome is said once."""

    def __init__(self, message: Message, number: int, answer: TextIO) -> None:
        super().__init__(daemon=True)
        self.service = ""
        self.message, self._number, self._answer, self._said = message, number, answer, False

    def run(self) -> None:
        """Send it, and say what came of it."""
        try:
            outcome = _sent(self)
        except Exception:  # a plug-in's fault; its words may quote the address
            outcome = Outcome(ok=False, service=self.service, detail="Apprise failed at it")
        self.say(outcome)

    def say(self, outcome: Outcome) -> None:
        """Say an outcome, where none was said."""
        with _SAYING:
            if not self._said:
                self._said = True
                self._answer.write(json.dumps({"number": self._number, **asdict(outcome)}) + "\n")
                self._answer.flush()


_SAYING = threading.Lock()
_LOADING = threading.Lock()


def _sent(one: _Try) -> Outcome:
    message = one.message
    with _LOADING:
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

        # No redirects: a target's secrets go where they were meant to go. No pictures from elsewhere.
        asset = AppriseAsset(
            app_id="Solidarity",
            app_desc="Solidarity",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            http_redirects=False,
            service_timeout=0,  # the clock is ours
        )
        plugin = Apprise.instantiate(message.url, asset=asset)
    if plugin is None:
        return Outcome(ok=False, detail="this is no address that Apprise knows")
    service = str(plugin.service_name)
    one.service = service
    plugin.socket_connect_timeout = min(plugin.socket_connect_timeout or _ANSWER, _ANSWER)
    plugin.socket_read_timeout = min(plugin.socket_read_timeout or _ANSWER, _ANSWER)
    calls = Apprise(asset=asset)
    calls.add(plugin)
    result = calls.notify(
        title=message.title, body=message.body, notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT
    )
    if result:
        return Outcome(ok=True, service=service)
    return Outcome(ok=False, service=service, detail=_why(" ".join(str(line) for line in result.logs())))


def _why(logged: str) -> str:
    """Return why a message wasn't taken, as far as that can be said without quoting Apprise."""
    status = _STATUS.search(logged)
    return f"it answered {status[1]}" if status else "it can't be reached, or didn't take it"


if __name__ == "__main__":
    out, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - a plug-in may print
    main(sys.stdin, out)
