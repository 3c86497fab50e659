"""Runs the site: one process beside the daemon, on the same state."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette

from scheduler import cleaning
from scheduler.app import App
from scheduler.errors import UsageError
from scheduler.logs import scrubbed
from scheduler.systemd import Supervisor
from scheduler.web import api
from scheduler.web.all_routes import ROUTES
from scheduler.web.entrance import application, threads
from scheduler.web.site import Site
from scheduler.web.volunteers.cleaner import cleaner_of
from scheduler.web.wire import Wire

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0  # how soon a changed config.yaml and a replaced state are noticed
_GIVE_UP_SECONDS = 7.0  # after which a stop no longer waits for files that are being opened
_STOP_SECONDS = 9
_CONNECTIONS = 500
_HEAD = 16_384  # bytes of a request's head
_STATUS = "serving the web pages"


def whole(site: Site) -> Starlette:
    """Return everything that is served: pages, files, the API."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_quietly)
        cleaner = cleaner_of(site.app)
        async with threads(app):
            await to_thread.run_sync(cleaner.start)
            yield
            cleaner.stop()

    return application(site, ROUTES, mounts=[api.mount(site)], lifespan=lifespan)


def serve(app: App, *, host: str, port: int, ready: Callable[[str], None] = lambda _address: None) -> signal.Signals:
    """Answer requests until told to stop, and return by which signal. No request is ever logged.

    Args:
        app: the workspace.
        host: the name or address to listen at.
        port: 0 takes any that is free.
        ready: is told the address once requests are answered.

    Raises:
        UsageError: it can't be listened at.
        StateMovedError: the state was replaced meanwhile.
    """
    site = Site(app, hosts=[host.strip("[]")])
    with _listening(host, port) as listener:
        config = uvicorn.Config(
            whole(site),
            http=Wire,
            ws="none",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_STOP_SECONDS,
            limit_concurrency=_CONNECTIONS,
            h11_max_incomplete_event_size=_HEAD,
        )
        server = _Server(config, site, lambda: ready(_address(host, listener)))
        server.run([listener])
    if site.ended is not None:
        raise site.ended
    return server.told


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it is ready, looks after the workspace, and ends as the command line wants it."""

    def __init__(self, config: uvicorn.Config, site: Site, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._site, self._ready = site, ready
        self._supervisor = Supervisor()
        self.told = signal.SIGTERM

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the two signals that stop it, and keep them: the command line says what they mean."""
        old = {name: signal.signal(name, self._stop) for name in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for name, handler in old.items():
                signal.signal(name, handler)

    def _stop(self, number: int, _frame: object) -> None:
        self.force_exit = self.should_exit  # told twice
        self.told = signal.Signals(number)
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._looking = asyncio.create_task(self._look())
        self._ready()
        self._supervisor.ready(_STATUS)

    async def _look(self) -> None:
        """Look after the workspace; a sign of life goes out only while that, and this loop, get on."""
        while not self.should_exit:
            await to_thread.run_sync(self._site.look)
            if self._site.ended is not None:
                self.should_exit = True
            self._supervisor.alive(_STATUS)
            await asyncio.sleep(_LOOK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is under way come to its end, within bounds."""
        self._supervisor.stopping()
        asyncio.get_running_loop().call_later(_GIVE_UP_SECONDS, self._give_up)
        await super().shutdown(sockets)
        self._give_up()

    def _give_up(self) -> None:
        cleaner_of(self._site.app).stop()
        cleaning.stop()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens.

    Raises:
        UsageError: there is no such address, or the port is taken or not allowed.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        listener = socket.create_server(address[:2], family=family, backlog=1024)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host}:{port}: can't be listened at: {_cure(error)}") from None
    with listener:
        yield listener


def _cure(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return "another program uses this port: stop it, or take another one with --port"
    if number in (errno.EACCES, errno.EPERM):
        return "this user may not use this port: take one above 1023 with --port"
    return "this machine has no such address: name one of its own with --host"


def _address(host: str, listener: socket.socket) -> str:
    name = host.strip("[]")
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}"


def _quietly(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a fault outside any request; asyncio itself would print whose connection it was."""
    error = context.get("exception")
    _LOG.error("fault outside a request: %s", scrubbed(error) if error is not None else "unknown")
