"""Jobs that try to break out of the sandbox, or to break it: run inside a real one by `test_sandbox`."""

import ctypes
import errno
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from media.errors import Damaged
from media.sandbox.jobs import Answer, Job


def said(*values: Any) -> Answer:
    """An answer of one list."""
    return {"said": list(values)}, ()


def tried(attempt: Callable[[], object]) -> str:
    """What became of an attempt: the name of the kernel's refusal, or "done"."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    return "done"


def connect(port: int) -> None:
    """Open a connection to this machine itself."""
    with socket.socket() as made:
        made.connect(("127.0.0.1", port))


def attempts(_: BinaryIO, options: dict[str, Any]) -> Answer:
    """Everything a job has no business with, each with what the kernel said."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *values: int) -> None:
        if getattr(libc, name)(*map(ctypes.c_long, values)) == -1:
            raise OSError(ctypes.get_errno(), name)

    parent = os.getppid()
    things: dict[str, Callable[[], object]] = {
        "read a password file": Path("/etc/passwd").read_bytes,
        "read a file of the workspace": Path(options["file"]).read_bytes,
        "see whether a file is there": Path(options["file"]).stat,
        "list a folder": lambda: list(Path("/").iterdir()),
        "write a file": lambda: Path("/tmp/probe").write_bytes(b"x"),
        "make a folder": lambda: Path("/tmp/probe").mkdir(),
        "read its own environment": Path("/proc/self/environ").read_bytes,
        "open a connection": lambda: connect(options["port"]),
        "talk to a local socket": lambda: socket.socket(socket.AF_UNIX),
        "make a pair of sockets": socket.socketpair,
        "start a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        "start a shell": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": os.fork,
        "kill its parent": lambda: os.kill(parent, signal.SIGTERM),
        "stop its group": lambda: os.killpg(0, signal.SIGSTOP),
        "trace its parent": lambda: call("ptrace", 16, parent, 0, 0),
        "read its parent's memory": lambda: call("process_vm_readv", parent, 0, 0, 0, 0, 0),
        "leave its group": os.setsid,
        "make a file in memory": lambda: os.memfd_create("more"),
        "share memory": lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
        "run memory as code": lambda: mmap.mmap(
            -1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE
        ),
        "make memory code": lambda: call("mprotect", 0, 4096, 7),
        "enter a new namespace": lambda: call("unshare", 0x10000000),
        "copy a descriptor": lambda: os.dup(0),
        "make a pipe": os.pipe,
        "raise its limits": lambda: call("setrlimit", 9, 0),
        "become root": lambda: os.setuid(0),
        "use an io_uring": lambda: call("syscall", 425, 8, 0),
        "load a kernel program": lambda: call("syscall", 321, 0, 0, 0),
    }
    return said(*((name, tried(attempt)) for name, attempt in things.items()))


def around(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """What a job sees of the world without asking: variables, arguments, descriptors that answer."""
    open_ones = [number for number in range(3, 64) if tried(lambda n=number: os.lseek(n, 0, os.SEEK_CUR)) != "EBADF"]
    return {"environ": dict(os.environ), "argv": sys.argv, "open": len(open_ones)}, ()


def echo(file: BinaryIO, options: dict[str, Any]) -> Answer:
    """The file again, and its options."""
    return options, (file.read(),)


def change(file: BinaryIO, _: dict[str, Any]) -> Answer:
    """Try to write into the upload."""
    return said(tried(lambda: os.write(file.fileno(), b"x")), tried(lambda: os.ftruncate(file.fileno(), 0)))


def hog(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Take memory without end."""
    kept = []
    while True:
        kept.append(bytes([len(kept) % 255 + 1]) * (16 << 20))


def hog_in_c(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Take memory as a decoder would, and fall over when there is none."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while True:
        ctypes.memset(ctypes.c_void_p(libc.malloc(ctypes.c_size_t(16 << 20))), 1, 16 << 20)


def spin(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Stay in a loop of C that listens to no signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    return said(pow(3, 10**9) % 7)


def crash(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Read memory that isn't there."""
    return said(ctypes.string_at(8))


def vanish(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """End well, without an answer."""
    os._exit(0)


def garble(_: BinaryIO, options: dict[str, Any]) -> Answer:
    """Write an answer of one's own over the other descriptor, and end well."""
    os.write(options.get("number", 4), bytes.fromhex(options["answer"]))
    os._exit(0)


def flood(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Answer more than is allowed."""
    return {}, [bytes(1 << 20)] * 100


def threads(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Decoders use threads: they must work."""
    seen: list[int] = []
    for number in range(3):
        thread = threading.Thread(target=seen.append, args=(number,))
        thread.start()
        thread.join()
    return said(*seen)


def refuse(_: BinaryIO, options: dict[str, Any]) -> Answer:
    """Refuse the file in words."""
    raise Damaged(options["words"])


def blunder(_: BinaryIO, __: dict[str, Any]) -> Answer:
    """Raise what nobody foresaw."""
    raise ZeroDivisionError


def unprepared() -> None:
    """Fail while loading."""
    raise ImportError


RUN = (attempts, around, echo, change, hog, hog_in_c, spin, crash, vanish, garble, flood, threads, refuse, blunder)
JOBS = {run.__name__: Job(lambda: None, run) for run in RUN} | {"unprepared": Job(unprepared, echo)}
