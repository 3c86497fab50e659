"""A server on loopback that answers every request with the same JSON, after a delay, over connections kept open."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"1"}'


@contextmanager
def server(*, delay: float = 0.0) -> Iterator[str]:
    """Run it in a process of its own; give its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=[theirs, delay], daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Any, delay: float) -> None:
    asyncio.run(_listen(pipe, delay))


async def _listen(pipe: Any, delay: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = head.split(b"content-length:")[1].split(b"\r\n")[0] if b"content-length:" in head else b"0"
                await reader.readexactly(int(size))
                if delay:
                    await asyncio.sleep(delay)
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    pipe.send(listening.sockets[0].getsockname()[1])
    await listening.serve_forever()
