"""Reads what a form sends: bounded in bytes, parts and time. Files go to the workspace's disk, without a name there."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from anyio import CapacityLimiter, to_thread
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message

from scheduler.web.ask import Form, Upload
from scheduler.web.routing import Route

FIELDS = 200
SMALL_PART = 60_000
"""Bytes of one field of a form."""

SILENT_SECONDS = 20.0
"""How long a body may pause."""

SLOWEST = 500
"""Bytes a second that a body has to bring on the whole, once it has had SILENT_SECONDS. A slow phone brings ten
times as much."""

_IN_MEMORY = 64_000


class TooSlowError(Exception):
    """The body took longer than its route allows."""


class TooLargeError(Exception):
    """The body has more bytes than its route allows."""


class NoFormError(Exception):
    """The body is no form that can be read."""


async def read(request: Request, route: Route, folder: Path, threads: CapacityLimiter) -> FormData:
    """Return what a form sends; whoever gets it closes it.

    Args:
        request: whose body it is.
        route: says how large and slow it may be, and which files it may have.
        folder: on whose disk files are kept meanwhile.
        threads: where they are written.

    Raises:
        TooLargeError: it has too many bytes; nothing is read where it says so beforehand.
        TooSlowError: it came too slowly.
        NoFormError: it can't be understood.
        ClientDisconnect: the client has gone.
    """
    if int(request.headers.get("content-length", "0")) > route.most:
        raise TooLargeError
    request._receive = bounded(request.receive, route.most)  # noqa: SLF001 - the one place a body passes
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(route.seconds):
            if kind == "multipart/form-data":
                return await _Parts(request, route, folder, threads).parse()
            if kind == "application/x-www-form-urlencoded":
                fields = FormParser(request.headers, request.stream(), max_fields=FIELDS, max_part_size=SMALL_PART)
                return await fields.parse()
            return FormData()
    except TimeoutError:
        raise TooSlowError from None
    except (MultiPartException, FormParserError, ValueError, KeyError, LookupError):
        raise NoFormError from None


def form(data: FormData, names: tuple[str, ...]) -> Form:
    """Return a form's words and its files, of those that its route names."""
    values: dict[str, tuple[str, ...]] = {}
    files: dict[str, Upload] = {}
    for name, value in data.multi_items():
        if not isinstance(value, UploadFile):
            # Some encodings that a form may name bring halves of letters, which no database takes.
            whole = value.replace("\0", "").encode("utf-8", "replace").decode()
            values[name] = (*values.get(name, ()), whole)
        elif value.size and name in names:
            files[name] = Upload(value.file, value.size)
    return Form(values=values, files=files)


class _File(UploadFile):
    """A file on its way in: without its name, written where it keeps no page waiting."""

    def __init__(self, folder: Path, threads: CapacityLimiter) -> None:
        spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed with the form
        super().__init__(cast(BinaryIO, spool), size=0)
        self._threads = threads

    async def write(self, data: bytes) -> None:
        self.size = (self.size or 0) + len(data)
        if self._will_roll(len(data)):
            await to_thread.run_sync(partial(self.file.write, data), limiter=self._threads)
        else:
            self.file.write(data)


class _Parts(MultiPartParser):
    """Starlette's parser, with files of our own."""

    def __init__(self, request: Request, route: Route, folder: Path, threads: CapacityLimiter) -> None:
        most = len(route.files)
        super().__init__(request.headers, request.stream(), max_files=most, max_fields=FIELDS, max_part_size=SMALL_PART)
        self._folder, self._threads = folder, threads
        self._made: list[_File] = []

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if self._current_part.file is not None:
            self._current_part.file.file.close()  # nothing was written to it, so nothing was on any disk
            made = _File(self._folder, self._threads)
            self._current_part.file = made
            self._made.append(made)

    async def parse(self) -> FormData:
        try:
            return await super().parse()
        except BaseException:
            for file in self._made:
                file.file.close()
            raise


def bounded(receive: Callable[[], Awaitable[Message]], most: int) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that ends a body which is larger or slower than it may be, whatever it said of itself."""
    seen = 0
    begun = asyncio.get_running_loop().time()

    async def within() -> Message:
        nonlocal seen
        async with asyncio.timeout(SILENT_SECONDS):
            message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise TooLargeError
        taken = asyncio.get_running_loop().time() - begun
        if message.get("more_body") and taken > SILENT_SECONDS and seen / taken < SLOWEST:
            raise TooSlowError
        return message

    return within
