"""What a process asked the kernel to write, sync, rename and send, in order, by strace; and a disk it is played to."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.reliability.disk import Disk, Naming, Node, Write

CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,lseek,sendfile,"
    "copy_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,"
    "sendto,recvfrom,mmap"
)
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
_PART = re.compile(r' *(?:"((?:\\x[0-9a-f]{2})*)"|(-?\w+)<((?:\\x[0-9a-f]{2}|[^>"])*)>|([^," ][^,"]*))')
_RESULT = re.compile(r"(.*)\)\s+= (.*)")  # a call that another thread's interrupted ends in a column of its own
_SOCKETS = ("socket:", "TCP:", "UNIX", "pipe:", "anon_inode:")
TELLS = b"done: "  # begins a line in which a process says what it has done for good
IGNORED = ("-shm", ".lock")  # SQLite's index of its log is made anew; a lock holds nothing


@cache
def why_not() -> str:
    """Return why a process can't be followed on this machine; empty where it can."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=exit_group", "true"]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError:
        return "there is no strace on this machine: apt-get install strace"
    return f"strace may not follow a process here: {done.stderr.strip()}" if done.returncode else ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that came back well: its name, its arguments as strace wrote them, and what it returned."""

    name: str
    values: tuple[str, ...]  # hexadecimal strings are decoded to latin-1; a file's number bears its path
    paths: tuple[str, ...]  # the path behind each argument that is a file's number
    result: int

    @property
    def data(self) -> bytes:
        """The bytes that were handed over."""
        return next((value[1:].encode("latin-1") for value in self.values if value.startswith("\0")), b"")


def record(command: list[str], log: Path, *, env: Mapping[str, str], timeout: float = 120) -> list[Call]:
    """Run a program to its good end; return what it asked for."""
    follow = ["strace", "-f", "-qq", "-y", "-xx", "-s", "8000000", "-o", str(log), "-e", f"trace={CALLS}"]
    done = subprocess.run([*follow, *command], check=False, capture_output=True, env=dict(env), timeout=timeout)
    assert done.returncode == 0, done.stderr.decode()
    return list(_read(log.read_text("latin-1")))


def solidarity(folder: Path, *words: str) -> list[str]:
    """Return the command that runs the program in a workspace."""
    return [sys.executable, "-m", "scheduler", "-C", str(folder), *words]


def _read(text: str) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        process, resumed, name, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            begun[process] = rest.removesuffix("<unfinished ...>")
            continue
        said = begun.pop(process, "") + rest if resumed else rest
        ended = _RESULT.match(said)
        number = ended and re.match(r"\d+", ended[2])
        if ended and number:
            yield _call(resumed or name, ended[1], int(number[0]), ended[2])


def _call(name: str, arguments: str, result: int, said: str) -> Call:
    values, paths = [], []
    for text, number, path, other in _PART.findall(arguments):
        if number:
            values.append(number)
            paths.append(_plain(path))
        elif other.strip():
            values.append(other.strip())
            paths.append("")
        else:
            values.append("\0" + _plain(text))
            paths.append("")
    if found := re.match(r"\d+<(.*)>", said):
        paths.append(_plain(found[1]))
    return Call(name=name, values=tuple(values), paths=tuple(paths), result=result)


def _plain(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text)


class Player:
    """Plays a recording to a disk, call by call."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.sent: list[str] = []  # requests that left for a network
        self.told: list[str] = []  # what the process said of itself
        self.answered = 0
        self._places: dict[str, int] = {}  # where the next write to an open file goes, by its number and path
        self._parts: Mapping[str, Callable[[Call], None]] = {
            "openat": self._open, "creat": self._open, "write": self._append, "sendfile": self._copy,
            "copy_file_range": self._copy, "pwrite64": self._put, "ftruncate": self._cut, "lseek": self._seek,
            "fsync": self._sync, "fdatasync": self._sync, "mkdir": self._folder, "mkdirat": self._folder,
            "unlink": self._forget, "unlinkat": self._forget, "rmdir": self._forget, "rename": self._rename,
            "renameat": self._rename, "renameat2": self._rename, "link": self._link, "linkat": self._link,
            "sendto": self._send, "recvfrom": self._receive, "mmap": self._map,
        }  # fmt: skip

    def play(self, call: Call) -> bool:
        """Do one call; tell whether anything changed that outlasts the process, or left it."""
        self._changed = False
        part = self._parts.get(call.name)
        assert part is not None or not any(map(self._ours, call.paths)), f"{call.name} isn't understood: {call.paths}"
        if part is not None:
            part(call)
        return self._changed

    def _ours(self, path: str) -> bool:
        return Path(path).is_relative_to(self.disk.root) and not path.endswith(IGNORED)

    def _names(self, call: Call) -> list[Path]:
        """Return the paths that a call names, each below the folder before it where there is one."""
        found, below = [], "/"
        for value, path in zip(call.values, call.paths, strict=False):
            if value.startswith("\0"):
                found.append(Path(below) / value[1:])
                below = "/"
            elif path:
                below = path
        return [path for path in found if self._ours(str(path))]

    def _file(self, call: Call, which: int = 0) -> Node | None:
        path = call.paths[which]
        return self.disk.find(Path(path)) if self._ours(path) else None

    def _name(self, path: Path, node: Node | None, gone: Path | None = None) -> None:
        self.disk.name(path, node, gone=gone)
        self._changed = True

    def _do(self, node: Node, change: Write | Naming) -> None:
        node.do(change)
        self._changed = True

    def _open(self, call: Call) -> None:
        for path in self._names(call):
            node = self.disk.find(path)
            flags = " ".join(call.values)
            if node is None and "O_CREAT" in flags:
                node = Node(is_folder=False)
                self._name(path, node)
            assert node is not None, f"{path} isn't known"
            if "O_TRUNC" in flags and node.length:
                self._do(node, Write(at=0, cut=True))
            self._places[f"{call.result} {path}"] = node.length if "O_APPEND" in flags else 0

    def _at(self, call: Call, length: int) -> int:
        place = f"{call.values[0]} {call.paths[0]}"
        at = self._places.get(place, 0)
        self._places[place] = at + length
        return at

    def _append(self, call: Call) -> None:
        node = self._file(call)
        if node is not None:
            self._do(node, Write(at=self._at(call, call.result), data=call.data[: call.result]))
        else:
            self._on_wire(call)

    def _copy(self, call: Call) -> None:
        to, source = (0, 1) if call.name == "sendfile" else (2, 0)
        node = self._file(call, to)
        if node is not None and call.result:
            origin = self.disk.find(Path(call.paths[source]))
            held = bytes(origin.now[0]) if origin is not None else Path(call.paths[source]).read_bytes()
            place = f"{call.values[to]} {call.paths[to]}"
            at = self._places.get(place, 0)
            self._places[place] = at + call.result
            self._do(node, Write(at=at, data=held[at : at + call.result]))  # the whole file is copied, from its start

    def _put(self, call: Call) -> None:
        node = self._file(call)
        if node is not None:
            assert len(call.data) >= call.result
            self._do(node, Write(at=int(call.values[-1]), data=call.data[: call.result]))

    def _cut(self, call: Call) -> None:
        node = self._file(call)
        if node is not None:
            self._do(node, Write(at=int(call.values[-1]), cut=True))

    def _seek(self, call: Call) -> None:
        if self._file(call) is not None:
            self._places[f"{call.values[0]} {call.paths[0]}"] = call.result

    def _sync(self, call: Call) -> None:
        node = self._file(call)
        if node is not None:
            node.sync()
            self._changed = True

    def _folder(self, call: Call) -> None:
        for path in self._names(call):
            self._name(path, Node(is_folder=True))

    def _forget(self, call: Call) -> None:
        for path in self._names(call):
            self._name(path, None)

    def _rename(self, call: Call) -> None:
        names = self._names(call)
        if len(names) == 2:
            self._name(names[1], self.disk.find(names[0]), gone=names[0])

    def _link(self, call: Call) -> None:
        names = self._names(call)
        if len(names) == 2:
            self._name(names[1], self.disk.find(names[0]))

    def _send(self, call: Call) -> None:
        self._on_wire(call)

    def _on_wire(self, call: Call) -> None:
        if found := re.match(rb"(?:GET|POST|DELETE|PUT) /[^ ?]*", call.data):
            self.sent.append(found[0].decode())
            self._changed = True
        elif call.data.startswith(TELLS):
            self.told += call.data.decode().split("\n")[:-1]
            self._changed = True

    def _receive(self, call: Call) -> None:
        if call.data.startswith(b"HTTP/1."):
            self.answered += 1
            self._changed = True

    def _map(self, call: Call) -> None:
        shared = "PROT_WRITE" in " ".join(call.values) and "MAP_SHARED" in " ".join(call.values)
        assert not (shared and any(map(self._ours, call.paths))), f"written without a call: {call.paths}"
