"""What publishing through each network's publisher takes, beside its bare HTTP client making the very same requests.

The requests of one post with a picture are noted once, against the strict stand-in. Then a server in a process of its
own, which answers from that tape at once, is asked by the publisher and by the client alone, by turns. The client alone
writes its JSON and signs what X wants signed, over one connection; bodies of other kinds it sends as they were noted.
"""

import hashlib
import json
import multiprocessing
import socket
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests
from PIL import Image
from requests_oauthlib import OAuth1

from scheduler import publishers, standins
from scheduler.clock import SimulatedClock
from scheduler.model import Account, Medium, Outgoing
from scheduler.publishers.base import Publisher
from scheduler.standins.lender import Lender
from scheduler.standins.loopback import LoopbackServer, Request, Seat

POSTS = 60
ROUNDS = 5
DELAY = 0.1  # seconds that a network takes to answer, where six are asked at once
_START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

Tape = list[tuple[Request, bytes]]


class Kept(NamedTuple):
    """One network, ready to be measured."""

    name: str
    tape: Tape
    seat: Seat


def measure() -> Iterator[str]:
    """Yield a line for each network, and one for all of them at once."""
    with tempfile.TemporaryDirectory() as name:
        out = _post(Path(name))
        kept = [_noted(platform, out, Path(name)) for platform in sorted(standins.names() & publishers.names())]
        for one in kept:
            yield _beside_the_client(one, out, Path(name))
        yield _all_at_once(kept, out, Path(name))


def _post(folder: Path) -> Outgoing:
    path = folder / "card.jpg"
    Image.effect_noise((1080, 1080), 40).convert("RGB").save(path, quality=60)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    card = Medium(
        path=path, mime="image/jpeg", width=1080, height=1080, size=len(data), sha256=digest, alt="A candle in the dark"
    )
    text = "Free them now. https://example.org/free #FreeThem"
    return Outgoing(key="a/b@c", account="c", language="en", text=text, token=digest[:32], due_at=_START, media=(card,))


# ── the tape ────────────────────────────────────────────────────────────────────────────────────────────


def _noted(platform: str, out: Outgoing, folder: Path) -> Kept:
    """Publish twice against the stand-in; keep what the second post asked: the first one also finds its way in."""
    clock, tape = SimulatedClock(_START), []

    class Noting(standins.load(platform)):  # type: ignore[misc]
        def answer(self, request: Request) -> Any:
            answered = super().answer(request)
            tape.append((request, answered.wire()))
            return answered

    server: LoopbackServer = Noting(now=lambda: clock.now().timestamp())
    with server, Lender(now=lambda: clock.now().timestamp()) as shelf:
        seat = server.seat("c")
        publisher = _publisher(platform, seat, folder / platform / "noted", clock, shelf)
        _publish(publisher, replace(out, token="1" * 32, text=f"First. {out.text}"), clock)
        first = len(tape)
        _publish(publisher, out, clock)
    return Kept(platform, _without_hidden(tape, first), seat)


def _without_hidden(tape: Tape, first: int) -> Tape:
    """Return the whole tape; requests of the first post are kept for their answers only."""
    return [
        (replace(request, fault="" if place >= first else "first"), wire) for place, (request, wire) in enumerate(tape)
    ]


def _publisher(platform: str, seat: Seat, folder: Path, clock: SimulatedClock, shelf: Lender) -> Publisher:
    options = {
        name: seat.base_url if str(value).startswith("http://") else value for name, value in seat.options.items()
    }
    account = Account(name="c", platform=platform, language="en", base_url=seat.base_url, options=options)
    kind = publishers.load(platform)
    return kind(account, secrets=dict(seat.secrets), folder=folder, clock=clock, shelf=shelf)


def _publish(publisher: Publisher, out: Outgoing, clock: SimulatedClock) -> None:
    staged = publisher.stage(out)
    while staged.again_at is not None:
        clock.move_to(max(staged.again_at, clock.now()))
        staged = publisher.stage(out, staged)
    publisher.publish(out, staged)


# ── answering from the tape ─────────────────────────────────────────────────────────────────────────────


@contextmanager
def _playing(tape: Tape, seat: Seat, *, delay: float = 0.0) -> Iterator[str]:
    """Answer from the tape, in a process of its own; yield the address."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    own = f"http://127.0.0.1:{listening.getsockname()[1]}"
    answers: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    again = {(request.method, request.url) for request, _ in tape if not request.fault}
    for request, wire in tape:
        if request.fault and (request.method, request.url) in again:
            continue  # what the first post was told is no answer to the second
        path = "/" + request.url.split("/", 3)[3]
        answers[request.method, path].append(wire.replace(seat.base_url.encode(), own.encode()))
    process = multiprocessing.get_context("fork").Process(target=_play, args=[listening, dict(answers), delay])
    process.start()
    listening.close()
    try:
        yield own
    finally:
        process.kill()
        process.join()


def _play(listening: socket.socket, answers: dict[tuple[str, str], list[bytes]], delay: float) -> None:
    places: dict[tuple[str, str], int] = defaultdict(int)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_talk, args=[connection, answers, places, delay], daemon=True).start()


def _talk(connection: socket.socket, answers: Any, places: Any, delay: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as file:
        while line := file.readline():
            method, path = line.decode("latin-1").split(" ")[:2]
            length = 0
            while (header := file.readline()) not in {b"\r\n", b""}:
                if header[:15].lower() == b"content-length:":
                    length = int(header[15:])
            file.read(length)
            key = method, path.partition("?")[0]
            known = answers.get(key) or next(found for (verb, _), found in answers.items() if verb == method)
            # The last answer counts from then on: what was being worked on is ready.
            wire = known[min(places[key], len(known) - 1)]
            places[key] += 1
            if delay:
                time.sleep(delay)
            connection.sendall(wire)


# ── the figures ─────────────────────────────────────────────────────────────────────────────────────────


def _beside_the_client(one: Kept, out: Outgoing, folder: Path) -> str:
    clock = SimulatedClock(_START)
    with _playing(one.tape, one.seat) as url, Lender(now=lambda: clock.now().timestamp()) as shelf:
        publisher = _publisher(one.name, replace(one.seat, base_url=url), folder / one.name / "beside", clock, shelf)
        _publish(publisher, out, clock)
        asked = [request for request, _ in one.tape if not request.fault]
        with requests.Session() as client:
            client.trust_env = False
            ours, bare = [], []
            ready = [_ready(request, url, one.seat) for request in asked]
            for _ in range(ROUNDS):
                ours.append(_seconds(lambda: _publish(publisher, out, clock)))
                bare.append(_seconds(lambda: _ask(client, ready)))
    mine, least = statistics.median(ours), statistics.median(bare)
    return (
        f"{one.name}: a post with a picture, {len(asked)} requests: {mine * 1000:.1f} ms, its HTTP client alone "
        f"{least * 1000:.1f} ms: {least / mine:.2f} x its speed"
    )


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(POSTS):
        work()
    return (time.perf_counter() - start) / POSTS


def _ready(request: Request, url: str, seat: Seat) -> dict[str, Any]:
    """Return what the client alone is given of a request: its words, not yet written out or signed."""
    own = {"Host", "Content-Length", "Authorization"} if "API_KEY" in seat.secrets else {"Host", "Content-Length"}
    headers = {name: value for name, value in request.headers.items() if name not in own}
    given: dict[str, Any] = {"method": request.method, "url": f"{url}/{request.url.split('/', 3)[3]}"}
    given |= {"params": request.query, "headers": headers}
    if "Authorization" in own:
        names = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET")
        given["auth"] = OAuth1(*(seat.secrets[name] for name in names))
    if "json" in request.headers.get("Content-Type", "") and request.body:
        return given | {"json": json.loads(request.body)}
    return given | {"data": request.body}


def _ask(client: requests.Session, ready: Sequence[dict[str, Any]]) -> None:
    for given in ready:
        client.request(**given).json()


def _all_at_once(kept: Sequence[Kept], out: Outgoing, folder: Path) -> str:
    """Return how long posts on all networks at once take beside the slowest of them alone; each answers slowly."""
    posts = 10
    alone = {one.name: _together([one], out, folder / "alone", posts) for one in kept}
    slowest = max(alone, key=lambda name: alone[name])
    together = _together(kept, out, folder / "together", posts)
    return (
        f"{len(kept)} networks at once, {posts} posts each, each answer after {DELAY * 1000:.0f} ms: {together:.2f} s, "
        f"the slowest alone ({slowest}) {alone[slowest]:.2f} s: {together / alone[slowest]:.2f} x"
    )


def _together(kept: Sequence[Kept], out: Outgoing, folder: Path, posts: int) -> float:
    def work(one: Kept) -> None:
        clock = SimulatedClock(_START)
        with _playing(one.tape, one.seat, delay=DELAY) as url, Lender(now=lambda: clock.now().timestamp()) as shelf:
            publisher = _publisher(one.name, replace(one.seat, base_url=url), folder / one.name, clock, shelf)
            _publish(publisher, out, clock)
            ready.wait()
            for _ in range(posts):
                _publish(publisher, out, clock)

    ready = threading.Barrier(len(kept) + 1)
    lanes = [threading.Thread(target=work, args=[one]) for one in kept]
    for lane in lanes:
        lane.start()
    ready.wait()
    start = time.perf_counter()
    for lane in lanes:
        lane.join()
    return time.perf_counter() - start
