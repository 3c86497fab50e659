"""The sandbox, tried from inside by jobs that mean harm, and from outside by faults."""

import io
import json
import os
import platform
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from media import clean
from media.errors import Damaged, MediaError, NotAPicture, TooLarge, Unfinished
from media.order import Region
from media.sandbox import Sandbox
from media.sandbox import answer as sandbox_answer
from media.sandbox.parent import Limits
from tests.media import sandbox_probes

ROOT = Path(__file__).parents[2]
QUICK = Limits(seconds=20, memory=256 << 20, output=32 << 20)
HASTY = QUICK._replace(seconds=0.5)


@pytest.fixture(scope="module")
def probes() -> Iterator[Sandbox]:
    """A real sandbox that runs the probes."""
    with Sandbox(jobs=sandbox_probes.__name__) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def real() -> Iterator[Sandbox]:
    """The sandbox as it is used."""
    with Sandbox() as sandbox:
        yield sandbox


def photo(size: tuple[int, int] = (300, 200)) -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def probe(sandbox: Sandbox, job: str, limits: Limits = QUICK, **options: Any) -> Any:
    """What a probe says."""
    return sandbox.run(job, b"upload", options, limits)[0].get("said")


def still_works(sandbox: Sandbox) -> bool:
    """Whether the next job is done as if nothing had been."""
    return sandbox.run("echo", b"next", {"a": 1}, QUICK) == ({"a": 1}, [b"next"])


def test_a_job_can_do_nothing_but_work(probes: Sandbox, tmp_path: Path) -> None:
    """Files, sockets, programs, processes, signals, shared or runnable memory: the kernel forbids each, from within."""
    if not probes.confined:
        pytest.skip("this machine's kernel has no filter we know")
    secret = tmp_path / "secret"
    secret.write_text("token")
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = dict(probe(probes, "attempts", file=str(secret), port=server.getsockname()[1]))
    assert {name: said for name, said in outcome.items() if said not in ("EPERM", "EACCES")} == {}
    assert len(outcome) > 25


def test_the_attempts_succeed_outside(tmp_path: Path) -> None:
    """The probes have teeth: without the lock the harmless ones among them are done."""
    secret = tmp_path / "secret"
    secret.write_text("token")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        free = (secret.read_bytes, secret.stat, lambda: os.close(os.dup(0)), lambda: sandbox_probes.connect(port))
        assert [sandbox_probes.tried(attempt) for attempt in free] == ["done"] * len(free)


def test_a_job_sees_no_secret(probes: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables, not even in the memory the warm child began with, and no descriptors but its two."""
    monkeypatch.setenv("X_TOKEN", "canary")
    with Sandbox(jobs=sandbox_probes.__name__) as fresh, Path(__file__).open("rb"):
        seen, _ = fresh.run("around", b"", {}, QUICK)
        assert fresh._warm
        assert b"canary" not in Path(f"/proc/{fresh._warm._child.pid}/environ").read_bytes()
    assert seen["environ"] == {}
    assert seen["open"] == 2
    assert not any("canary" in word for word in seen["argv"])
    assert still_works(probes)


def test_an_upload_can_not_be_changed(probes: Sandbox, tmp_path: Path) -> None:
    """Neither bytes nor a file that are handed in can be written to by the job."""
    assert set(probe(probes, "change")) <= {"EPERM", "EBADF", "EACCES", "EINVAL"}
    upload = tmp_path / "upload"
    upload.write_bytes(b"as it was")
    with upload.open("r+b") as file:
        refused = probes.run("change", file, {}, QUICK)[0]["said"]
    assert "done" not in refused
    assert upload.read_bytes() == b"as it was"


def test_a_file_is_read_from_its_start(probes: Sandbox, tmp_path: Path) -> None:
    """However far the caller had read: real files, files in memory and bytes arrive whole."""
    path = tmp_path / "film"
    path.write_bytes(b"whole")
    with path.open("rb") as file:
        file.read(2)
        assert probes.run("echo", file, {}, QUICK)[1] == [b"whole"]
        assert file.tell() == 2
    with tempfile.TemporaryFile() as fresh:
        fresh.write(b"whole")
        assert probes.run("echo", fresh, {}, QUICK)[1] == [b"whole"]
    memory = io.BytesIO(b"whole")
    memory.read(2)
    assert probes.run("echo", memory, {}, QUICK)[1] == [b"whole"]


def resident() -> int:
    """This process's memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize(("job", "error"), [("hog", TooLarge), ("hog_in_c", Unfinished)])
def test_memory_is_limited(probes: Sandbox, job: str, error: type[MediaError]) -> None:
    """A job that eats memory is refused at its limit; the parent's own memory stays as it was."""
    before = resident()
    with pytest.raises(error):
        probe(probes, job)
    assert resident() - before < 20 << 20
    assert 128 << 20 < probes.peak < QUICK.memory + (64 << 20)
    assert still_works(probes)


def test_an_endless_job_is_stopped_by_the_parent(probes: Sandbox) -> None:
    """A loop of C that listens to no signal is ended by the wall clock, in plain words; the child stays warm."""
    warm = probes._warm
    assert still_works(probes)
    with pytest.raises(Unfinished, match=r"more than 0\.5 seconds to open: save it smaller"):
        probe(probes, "spin", HASTY)
    assert still_works(probes)
    assert probes._warm is warm


@pytest.mark.parametrize("job", ["crash", "vanish", "flood", "blunder"])
def test_any_fault_is_a_refusal(probes: Sandbox, job: str) -> None:
    """A crash, no answer, too long an answer, an unforeseen error: refused in words, and the next job runs."""
    with pytest.raises(MediaError, match="save it"):
        probe(probes, job)
    assert still_works(probes)


@pytest.mark.parametrize("job", ["unprepared", "no such job"])
def test_a_job_that_can_not_be_loaded(probes: Sandbox, job: str) -> None:
    """If a decoder is missing the cure is said, which isn't the file's; other jobs go on."""
    with pytest.raises(Unfinished, match="install the program again"):
        probe(probes, job)
    assert still_works(probes)


def framed(head: object, body: bytes = b"") -> str:
    """An answer as a job would write it, as hexadecimal."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return (struct.pack(">I", len(text)) + text + body).hex()


FORGED = {
    "nothing": "",
    "half a length": "0000",
    "a length of four gigabytes": "ffffffff",
    "no JSON": framed(b"<html>"),
    "deep JSON": framed(b"[" * 100_000),
    "a list": framed([1, 2]),
    "sizes that lie": framed({"values": {}, "sizes": [1 << 40]}),
    "negative sizes": framed({"values": {}, "sizes": [-1]}),
    "an unknown error": framed({"values": {"error": "SystemExit", "words": "1"}, "sizes": []}),
    "an error that is no error": framed({"values": {"error": "inspect", "words": "1"}, "sizes": []}),
    "words with an escape": framed({"values": {"error": "Damaged", "words": "\x1b[2J"}, "sizes": []}),
}


@pytest.mark.parametrize("answer", FORGED.values(), ids=FORGED.keys())
def test_a_forged_answer_is_a_refusal(probes: Sandbox, answer: str) -> None:
    """The parent believes no answer that isn't in the agreed form."""
    with pytest.raises(Unfinished):
        probes.run("garble", b"", {"answer": answer}, QUICK)
    assert still_works(probes)


def test_a_forged_photo_is_a_refusal() -> None:
    """A job that was taken over can't hand out a page, a foreign comment or a wrong size as a photo."""
    made = clean.photo(photo())
    values = {"width": 300, "height": 200, "faces": [], "removed": [], "seconds": 0}
    assert sandbox_answer.photo(values, (made.data, b"")) == made
    commented = made.data[:20] + b"\xff\xfe\0\x06evil" + made.data[20:]
    for data in (b"<script>", commented, made.data + b"more", made.data[:-2]):
        with pytest.raises(Unfinished):
            sandbox_answer.photo(values, (data, b""))
    wrong: list[dict[str, Any]] = [{"width": 301}, {"faces": [[0, 0, 2, 1]]}, {"removed": ["\x1b"]}, {"seconds": "x"}]
    for lie in [*wrong, {"faces": 1}, {"removed": None}, {"height": None}]:
        with pytest.raises(Unfinished):
            sandbox_answer.photo({**values, **lie}, (made.data, b""))


def test_a_refusal_comes_through_in_its_own_words(probes: Sandbox) -> None:
    """What the job says of the file is what the caller reads, as the same error."""
    with pytest.raises(Damaged, match=r"^the photo is torn: save it again$"):
        probe(probes, "refuse", words="the photo is torn: save it again")


def test_decoders_may_use_threads(probes: Sandbox) -> None:
    """The lock lets a job start threads of its own."""
    assert probe(probes, "threads") == [0, 1, 2]


def children(pid: int) -> list[int]:
    """The processes a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_job_has_no_rights(probes: Sandbox) -> None:
    """Seen from outside: filtered, without capabilities, unable to gain any, and not root even where its parent is."""
    with spinning(probes) as (job, _):
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{job}/status").read_text().splitlines())
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    assert "0" not in status["Uid"].split()


@contextmanager
def spinning(sandbox: Sandbox) -> Iterator[tuple[int, list[MediaError]]]:
    """Have a job spin in another thread; yield its process, locked in, and what becomes of it once it was killed."""
    assert still_works(sandbox)
    assert sandbox._warm
    caught: list[MediaError] = []

    def work() -> None:
        try:
            probe(sandbox, "spin")
        except MediaError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    job = first_child(sandbox._warm._child.pid)
    try:
        yield job, caught
    finally:
        with suppress(ProcessLookupError):
            os.kill(job, signal.SIGKILL)
        thread.join(20)


def first_child(pid: int) -> int:
    """The first process that `pid` starts, once it has locked itself in."""
    assert soon(lambda: children(pid))
    job = children(pid)[0]
    assert soon(lambda: "\nSeccomp:\t2" in Path(f"/proc/{job}/status").read_text())
    return job


def soon(true: Callable[[], object]) -> bool:
    """Whether something is so within five seconds, far sooner than a spinning job's own limit."""
    end = time.monotonic() + 5
    while not true():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


@pytest.mark.parametrize("whom", ["job", "warm child"])
def test_killed_from_outside(probes: Sandbox, whom: str) -> None:
    """If the kernel or somebody kills the job or the warm child, the file is refused and the next one is opened."""
    with spinning(probes) as (job, caught):
        assert probes._warm
        os.kill(job if whom == "job" else probes._warm._child.pid, signal.SIGKILL)
        assert soon(lambda: state(job) == "Z")  # whoever was killed
    assert [type(error) for error in caught] == [Unfinished]
    assert still_works(probes)


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def state(pid: int) -> str:
    """A process's state by one letter; Z when only its end is left to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize("also_the_warm_child", [False, True])
def test_nothing_outlives_its_parent(*, also_the_warm_child: bool) -> None:
    """If the program itself is killed while a job spins, with its warm child or without, all three are gone."""
    program = (
        "import threading\n"
        "from media.sandbox import Sandbox\n"
        "box = Sandbox(jobs='tests.media.sandbox_probes')\n"
        "box.run('echo', b'', {})\n"
        "print(box._warm._child.pid, flush=True)\n"
        "box.run('spin', b'', {})\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as outer:
        assert outer.stdout
        child = int(outer.stdout.readline())
        job = first_child(child)
        if also_the_warm_child:
            os.kill(child, signal.SIGSTOP)  # it can't end its job any more
        outer.kill()
    if also_the_warm_child:
        os.kill(child, signal.SIGKILL)
    assert soon(lambda: state(child) == state(job) == "Z")


def test_nothing_is_left_open(probes: Sandbox) -> None:
    """Jobs that end well, badly, late or by force leave neither descriptor nor process."""
    assert still_works(probes)

    def held() -> tuple[int, list[int]]:
        return descriptors(), children(os.getpid())

    before = held()
    for _ in range(5):
        for job, limits in (("echo", QUICK), ("vanish", QUICK), ("blunder", QUICK)):
            try:
                probe(probes, job, limits)
            except MediaError:
                continue
    with pytest.raises(Unfinished):
        probe(probes, "spin", HASTY._replace(seconds=0.05))
    assert held() == before
    assert probes._warm
    assert children(probes._warm._child.pid) == []


def test_closing_ends_everything() -> None:
    """After closing there is no child and no descriptor; a job asked for later is refused in words."""
    before = descriptors()
    with Sandbox(jobs=sandbox_probes.__name__) as sandbox:
        assert still_works(sandbox)
        assert sandbox._warm
        child = sandbox._warm._child.pid
    assert not Path(f"/proc/{child}").exists()
    assert descriptors() == before
    with pytest.raises(Unfinished, match="program is ending"):
        probe(sandbox, "echo")


def test_two_threads_share_one_sandbox(real: Sandbox) -> None:
    """Photos handed in at once come back each to its own caller."""
    files = [photo((100 + 10 * number, 80)) for number in range(8)]
    seen: dict[int, int] = {}

    def work(numbers: range) -> None:
        for number in numbers:
            seen[number] = real.photo(files[number]).width

    threads = [threading.Thread(target=work, args=(range(start, 8, 2),)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == {number: 100 + 10 * number for number in range(8)}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF"])
def test_the_same_bytes_come_out_as_without_it(real: Sandbox, kind: str) -> None:
    """Every format is decoded in the sandbox, with nothing missing, to the very bytes the library call gives."""
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    out = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(out, kind)
    options: dict[str, Any] = {"cover": (Region(0.1, 0.1, 0.4, 0.4),), "find_faces": True, "max_side": 200}
    assert real.photo(out.getvalue(), **options) == clean.photo(out.getvalue(), **options)


def test_refusals_and_faces_come_through(real: Sandbox) -> None:
    """What isn't a picture is refused as by the library; a picture without faces has none."""
    with pytest.raises(NotAPicture):
        real.photo(b"hello")
    assert real.faces(photo()) == ()


def test_a_logo_keeps_what_is_transparent_and_nothing_else(real: Sandbox) -> None:
    """It comes out as a small PNG of our own writing, with its holes and without the texts beside it."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "CANARY")
    image = Image.new("RGBA", (900, 450), (255, 221, 51, 255))
    image.paste((0, 0, 0, 0), (0, 0, 450, 450))
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=notes)
    made = real.logo(out.getvalue())
    assert b"CANARY" not in made
    with Image.open(io.BytesIO(made)) as logo:
        assert (logo.format, logo.mode, logo.size) == ("PNG", "RGBA", (512, 256))
        assert logo.getpixel((10, 10))[3] == 0
        assert logo.getpixel((500, 10)) == (255, 221, 51, 255)
    with pytest.raises(NotAPicture):
        real.logo(b"<svg/>")


def test_closing_does_not_wait_for_a_job() -> None:
    """A program that is told to end isn't kept by a file that takes long: whoever waits for it gets a refusal."""
    sandbox = Sandbox(jobs=sandbox_probes.__name__)
    assert still_works(sandbox)
    with ThreadPoolExecutor(1) as pool:
        spinning = pool.submit(probe, sandbox, "spin")
        while not sandbox.busy:
            assert not spinning.done()
        began = time.monotonic()
        sandbox.close()
        with pytest.raises(Unfinished):
            spinning.result(timeout=10)
    assert time.monotonic() - began < 5
    with pytest.raises(Unfinished, match="ending"):
        still_works(sandbox)


def test_a_word_to_stop_that_comes_too_late_harms_nobody(probes: Sandbox) -> None:
    """The job had just ended by itself: the next one is done as if nothing had been."""
    assert still_works(probes)
    assert probes._warm
    probes._warm._socket.send(b"stop")
    assert still_works(probes)


def test_where_the_kernel_can_not_confine_nothing_is_opened() -> None:
    """On a machine whose system calls we don't know a file is refused in words, never opened all the same."""
    personality = shutil.which("setarch")
    if personality is None or platform.machine() != "x86_64":
        pytest.skip("only a 64-bit PC can pass for another machine")
    code = (
        "import sys; from media.sandbox import Sandbox; from media.errors import Unfinished\n"
        "with Sandbox() as sandbox:\n"
        "    try: sandbox.photo(sys.stdin.buffer.read())\n"
        "    except Unfinished as error: print(sandbox.confined, error)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [personality, "i686", sys.executable, "-c", code], input=photo(), env=env, capture_output=True, check=True
    )
    assert done.stdout.decode().startswith("False files from outside aren't opened here")
