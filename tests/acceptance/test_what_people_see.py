"""After each fault: what the command says and its cure, its exit code, and what `status` and `log` tell.

One post on one account of a strict X, due a minute ago. What else is broken around the program is in `test_faults`.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler import app as parts
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, recover
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from scheduler.standins.x import USERS, Server
from scheduler.status import Status
from scheduler.store import controls, deliveries
from tests.acceptance.command import Campaign, Ran, ago, ahead, environment, wait_for
from tests.acceptance.stem import Started, Stem
from tests.acceptance.test_faults import _locked

KEY = "act/a@x"
SEND, LOOK = "POST /2/tweets", "GET /2/users/:id/tweets"
CONFIG = """\
name: Test
timezone: UTC
languages: [en]
accounts:
  x: {{platform: x, keys: X, base_url: "{url}"}}
"""


class Scene:
    """A campaign whose one post is due, and the server of its account."""

    def __init__(self, campaign: Campaign, stem: Stem, server: Server) -> None:
        self.campaign, self._stem, self.server = campaign, stem, server
        self.state = campaign.folder / "var/state.db"
        campaign.env = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
        campaign.config(CONFIG.format(url=server.url))
        self.write(ago(minutes=1))
        campaign("queue")

    def write(self, at: str) -> None:
        """Write the post."""
        self.campaign.write(f"id: a, at: {at}, text: We stand with you.")

    def run(self) -> Ran:
        """Do what is due, whatever comes of it."""
        return self.call("run", "--once")

    def call(self, *words: str) -> Ran:
        """Run a command, whatever it returns."""
        arguments = ["-C", str(self.campaign.folder), *words]
        return Ran(*self._stem.call(arguments, env=self._env, cwd=self.campaign.home))

    def start(self, *words: str, first: tuple[object, ...] = ()) -> Started:
        """Start a command."""
        arguments = ["-C", str(self.campaign.folder), *words]
        return self._stem.start(arguments, env=self._env, cwd=self.campaign.home, first=first)

    def daemon(self) -> Started:
        """Start the daemon; it is at work on return."""
        started = self.start("run")
        wait_for(lambda: "running" in started.said, seconds=60)
        return started

    @property
    def _env(self) -> dict[str, str]:
        return environment(self.campaign.home, self.campaign.env)


def _killed(scene: Scene) -> Ran:
    """The daemon dies in the middle of the call that makes the post visible; the next one finds that."""
    scene.server.fail(SEND, "timeout_after_commit")
    daemon = scene.daemon()
    wait_for(lambda: scene.campaign.delivery(KEY)["status"] == "sending", seconds=60)
    daemon.end(signal.SIGKILL)
    assert "No daemon is running: `solidarity run` publishes on schedule." in scene.call("status").err
    scene.server.fail(LOOK, "503", times=50)
    return scene.run()


def _no_answer(scene: Scene) -> Ran:
    """The network breaks the line after the post is out, and can't be asked for it either."""
    create = scene.server.create

    def commit(request: Request) -> Answer:
        scene.server.fail(LOOK, "503", times=50)
        return create(request)

    scene.server.fail(SEND, "reset_after_commit")
    scene.server.create = commit  # type: ignore[method-assign]
    return scene.run()


def _nobody_can_tell(scene: Scene) -> Ran:
    """The line broke, and the network's list never shows the post: the looks are over, a person is asked."""
    scene.server.fail(SEND, "reset_before_commit")
    ran = scene.run()
    workspace, _ = parts.workspace(scene.campaign.folder)
    clock = SimulatedClock(datetime.now(UTC))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in scene.campaign.env.items():
            patch.setenv(name, value)
        app = parts.build(workspace, clock=clock)
        for _ in range(60):
            while recover.step(app) or deliver.step(app):
                pass
            clock.move_to(clock.now() + timedelta(minutes=10))
            with app.store.read() as c:
                if deliveries.in_status(c, Status.needs_human):
                    break
        app.close()
    return ran


def _refused(scene: Scene) -> Ran:
    """The network doesn't let the account in any more."""
    scene.server.fail("*", "401", times=50)
    return scene.run()


def _down(scene: Scene) -> Ran:
    """No connection can be made."""
    scene.server.stop()
    return scene.run()


def _slow(scene: Scene) -> Ran:
    """Every request takes its time: the post is late, no more."""
    scene.server.reads_after = 1.0
    return scene.run()


def _disk_full(scene: Scene) -> Ran:
    """Nothing can be written into the state."""
    hook = ("tests.reliability.disk_faults:fail", "/nowhere", [1, 10**9], 28, str(scene.campaign.home / "log"), True)
    ran = scene.start("run", "--once", first=hook)
    return Ran(ran.wait(), ran.out.read_text("utf-8"), ran.said)


def _state_locked(scene: Scene) -> Ran:
    """A database browser holds the state."""
    with _locked(scene.state):
        return scene.run()


def _clock_back(scene: Scene) -> Ran:
    """The daemon wrote an hour ahead of what the clock shows now."""
    scene.write(ahead(days=1))
    scene.campaign("queue")
    workspace, _ = parts.workspace(scene.campaign.folder)
    app = parts.build(workspace)
    with app.store.write() as c:
        controls.beat(c, "elsewhere/1/1", app.clock.now() + timedelta(hours=1))
    app.close()
    return scene.call("doctor")


def _config_broken(scene: Scene) -> Ran:
    """config.yaml breaks under the daemon, which goes on with the one before and says so."""
    scene.write(ahead(days=1))
    daemon = scene.daemon()
    with (scene.campaign.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("  y: {platform: nowhere}\n")
    wait_for(lambda: "[unknown-platform]" in daemon.said, seconds=60)
    ran = scene.call("queue")
    assert daemon.end(signal.SIGTERM) == 0, daemon.said
    return ran


def _posts_unreadable(scene: Scene) -> Ran:
    """The file of the posts becomes one that can't be read, under the daemon: what was queued stays."""
    scene.write(ahead(days=1))
    daemon = scene.daemon()
    (scene.campaign.folder / "posts/act.yaml").write_bytes(b"title: \xff\xfe\n")
    wait_for(lambda: "posts/act.yaml:" in daemon.said, seconds=60)
    ran = scene.call("queue")
    assert daemon.end(signal.SIGTERM) == 0, daemon.said
    return ran


def _two_daemons(scene: Scene) -> Ran:
    """Two daemons work on one state: both are seen, and nothing is done twice."""
    scene.server.reads_after = 0.5
    both = [scene.daemon(), scene.daemon()]
    wait_for(lambda: scene.campaign.delivery(KEY)["status"] == "published", seconds=60)
    assert len(scene.campaign("status", "--json").json["daemons"]) == 2
    ran = scene.call("status")
    for daemon in both:
        assert daemon.end(signal.SIGTERM) == 0, daemon.said
    assert scene.campaign.delivery(KEY)["attempts"] == 1
    return ran


@dataclass(frozen=True)
class Seen:
    """What a person has to see after a fault."""

    make: Callable[[Scene], Ran]
    code: int
    says: tuple[str, ...]  # the command itself
    status: str
    reason: str  # why it stands there, in `status`; `log` says it too
    log: str  # its last step
    tells: tuple[str, ...] = ()  # what else is in `status`
    out: int = 0  # posts on the network


ENDED = "may have gone out before its daemon was stopped, is being looked up"
MAY_BE = "may have gone out, is being looked up"
TABLE = {
    "killed": Seen(_killed, 1, ("unknown", ENDED), "unknown", "being looked up", "unknown", ("1 unknown",), 1),
    "no answer": Seen(_no_answer, 1, ("unknown", MAY_BE), "unknown", "being looked up", "unknown", ("1 unknown",), 1),
    "nobody can tell": Seen(
        _nobody_can_tell, 1, (MAY_BE,), "needs-human", "solidarity resolve", "needs-human", ("1 needs-human",)
    ),
    "account refused": Seen(
        _refused,
        1,
        ("held", "account: x can't be used"),
        "held",
        "account: x can't be used",
        "held",
        ("account x can't be used", "`solidarity resume --account x` lifts it"),
    ),
    "network down": Seen(_down, 0, ("queued", "put off"), "queued", "put off", "queued", ("1 queued",)),
    "network slow": Seen(_slow, 0, ("1 published",), "published", "", "published", ("1 published",), 1),
    "disk full": Seen(_disk_full, 2, ("the disk is full: free some space",), "queued", "", "queued"),
    "state locked": Seen(_state_locked, 2, ("keeps the state locked: close it",), "queued", "", "queued"),
    "clock set back": Seen(_clock_back, 1, ("the clock was set back", "set it right"), "queued", "", "edited"),
    "config broken": Seen(_config_broken, 2, ("config.yaml:6:", "[unknown-platform]"), "queued", "", "edited"),
    "posts unreadable": Seen(_posts_unreadable, 1, ("posts/act.yaml:", "UTF-8"), "queued", "", "edited"),
    "two daemons": Seen(_two_daemons, 0, ("1 published",), "published", "", "published", ("1 published",), 1),
}


@pytest.fixture
def scene(campaign: Campaign, stem: Stem) -> Iterator[Scene]:
    """Return a campaign on a strict X."""
    with Server() as server:
        yield Scene(campaign, stem, server)


@pytest.mark.parametrize("name", TABLE)
def test_what_a_person_sees(scene: Scene, name: str):
    """The exit code, the message and its cure, `status` in both forms, and `log`: each says the same, and no lies."""
    seen = TABLE[name]
    ran = seen.make(scene)
    assert ran.code == seen.code, ran
    assert "Traceback" not in ran.out + ran.err
    for words in seen.says:
        assert words in ran.out + ran.err, ran
    told = scene.campaign.delivery(KEY)
    assert (told["status"], seen.reason in (told["reason"] or "")) == (seen.status, True), told
    plain = scene.call("status")
    assert plain.code == 0
    for words in (seen.status, seen.reason, *seen.tells):
        assert words in plain.out, plain
    steps = scene.campaign("log", KEY, "--json").json
    assert steps[-1]["event"] == seen.log, steps
    assert seen.reason in scene.call("log", KEY).out
    assert len(scene.server.state()["posts"]) == seen.out


def test_what_a_person_sees_of_a_damaged_state(scene: Scene):
    """No command can say where things stand: each ends with 2, names the file, and how to put a copy back."""
    copy: Path = scene.campaign.home / "copy.db"
    scene.campaign("backup", copy)
    with scene.state.open("r+b") as file:
        file.write(b"not a database at all, this is " * 10)
    for words in (["status"], ["status", "--json"], ["log", KEY], ["run", "--once"], ["pause", "--why", "x"]):
        said = scene.campaign(*words, code=2).err
        assert f"{scene.state}: the state's file is damaged" in said
        assert "put back a copy with `solidarity restore FILE`" in said
    scene.campaign("restore", copy)
    assert scene.campaign.delivery(KEY)["status"] == "unknown"
    assert "everything is paused: a copy of the state was put back" in scene.call("status").out
