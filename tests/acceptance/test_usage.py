"""What every call promises, whatever it does: where it looks, how it ends, what it writes where."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import COMMAND, Campaign, ahead, environment, run

COMMANDS = tuple(
    """accounts approve audit backup cancel card check clean collage doctor export init log pause plan preview queue
    rehearse release reply resolve restore resume retry run schema status upgrade user withdraw""".split()  # noqa: SIM905 - reads better
)
HEAVY = {"sqlalchemy", "PIL", "pyvips", "tweepy", "rich", "apscheduler", "requests", "ruamel", "alembic", "av", "segno"}
ASK_ALL = f"""
import sys
import click
from scheduler.cli import solidarity
for name in [None, *solidarity.commands]:
    args = [name, "--help"] if name else ["--help"]
    try:
        solidarity.main(args, prog_name="solidarity")
    except SystemExit as done:
        assert done.code == 0, name
print(sorted({HEAVY!r} & set(sys.modules)))
"""
NOT_FOR_A_CHECK = {"asyncio", "psycopg", "scheduler.gallery", "scheduler.publishers.x", "structlog"}
NOT_FOR_A_LOOK = NOT_FOR_A_CHECK | {"scheduler.posts", "scheduler.review", "scheduler.standins", "scheduler.storage"}
LOOK = """
import sys
from scheduler.cli import solidarity
for words in {calls!r}:
    solidarity.main([*sys.argv[1:], *words], prog_name="solidarity", standalone_mode=False)
print(sorted({heavy!r} & set(sys.modules)))
"""


def test_help_of_everything_answers_without_heavy_imports(tmp_path: Path):
    """No --help loads a library that it doesn't need: it answers at once."""
    command = [sys.executable, "-c", ASK_ALL]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for name in COMMANDS:
        assert f"Usage: solidarity {name}" in done.stdout


def test_a_look_answers_without_heavy_imports(campaign: Campaign):
    """`status`, `log`, `export` and `check` load nothing that takes longer than the look.

    A network's own module is loaded only for an account of it.
    """
    campaign.write(f"id: a, at: {ahead(hours=1)}, text: Hello")
    campaign("queue")
    words = [["status"], ["status", "--json"], ["log", "act/a@local"], ["export", "--format", "csv"]]
    for calls, heavy in ((words, HEAVY | NOT_FOR_A_LOOK), ([["check"]], HEAVY | NOT_FOR_A_CHECK)):
        command = [sys.executable, "-c", LOOK.format(calls=calls, heavy=heavy), "-C", str(campaign.folder)]
        done = subprocess.run(command, env=environment(campaign.home), capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
        assert "act/a@local" in done.stdout or "no error" in done.stdout


def test_every_command_has_a_line_in_the_help(tmp_path: Path):
    """The help lists every command; without a command it goes to standard error with exit code 2."""
    said = run("--help", home=tmp_path).out
    listed = {line.split()[0] for line in said.partition("Commands:")[2].splitlines() if line.strip()}
    assert set(COMMANDS) <= listed
    bare = run(code=2, home=tmp_path)
    assert not bare.out
    assert "Usage: solidarity" in bare.err
    assert run("--version", home=tmp_path).out.startswith("solidarity, version ")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["check", "--nosuch"], "No such option '--nosuch'"),
        (["status", "a", "b"], "unexpected extra argument"),
        (["pause"], "--why"),
        (["export", "--format", "doc"], "'doc'"),
        (["-C"], "-C"),
    ],
)
def test_wrong_usage_is_two_lines_and_exit_code_2(args: list[str], part: str, tmp_path: Path):
    """A slip on the command line gets what is wrong and where to read, nothing else."""
    ran = run(*args, code=2, home=tmp_path)
    assert len(ran.said) == 2
    assert part in ran.said[0]
    assert ran.said[1].startswith("Try `solidarity ")
    assert not ran.out


def test_the_workspace_is_chosen_before_after_by_environment_or_by_where_one_stands(campaign: Campaign):
    """-C works before and after the sub-command, the innermost one wins, then the variable, then the folder."""
    campaign.write(f"id: a, at: {ahead(days=2)}, text: Hello")
    home, here = campaign.home, campaign.folder
    for args, env, cwd in (
        (["-C", here, "check"], {}, None),
        (["check", "--workspace", here], {}, None),
        (["-C", home, "check", "-C", here], {"SOLIDARITY_WORKSPACE": str(home)}, None),
        (["check"], {"SOLIDARITY_WORKSPACE": str(here)}, None),
        (["check"], {}, here),
    ):
        ran = run(*args, "--json", home=home, env=env, cwd=cwd)
        assert ran.json == {"posts": 1, "deliveries": 1, "problems": []}
        assert not ran.err
    nowhere = run("check", code=2, home=home)
    assert "config.yaml" in nowhere.err
    assert "init" in nowhere.err


def _in_terminal(campaign: Campaign, env: dict[str, str]) -> str:
    """Return what a command shows on a terminal of 80 columns."""
    main, side = pty.openpty()
    env = environment(campaign.home, {"TERM": "xterm", "COLUMNS": "80", **env})
    command = [*COMMAND, "-C", str(campaign.folder), "status"]
    with subprocess.Popen(command, stdout=side, stderr=subprocess.DEVNULL, env=env) as process:
        os.close(side)
        shown = b""
        try:
            while part := os.read(main, 4096):
                shown += part
        except OSError:  # the other side has closed
            pass
        assert process.wait() == 0
    os.close(main)
    return shown.decode()


def test_a_terminal_gets_colour_and_lines_that_fit_unless_it_wants_no_colour(campaign: Campaign):
    """On 80 columns nothing is broken in the middle, a command to copy stays on one line; NO_COLOR is honoured."""
    post = f"at: {ahead(days=2)}, text: Hello, approve: true"
    campaign.write(f"id: a-rather-long-name-of-a-post, {post}")
    campaign("queue")
    coloured, plain = _in_terminal(campaign, {}), _in_terminal(campaign, {"NO_COLOR": "1"})
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    assert all(len(line) <= 80 for line in plain.splitlines())
    assert "    `solidarity approve act/a-rather-long-name-of-a-post@local`" in plain


def test_a_reader_that_goes_away_or_a_full_disk_ends_quietly(campaign: Campaign):
    """`solidarity … | head` and a full disk behind `>` end without a traceback."""
    campaign.write(
        f"id: a, every: {{days: daily, time: '12:00', from: {ahead(days=2)[:10]}, until: 2100-01-01}}, text: A"
    )
    campaign.write(
        *(f"id: p{number}, at: {ahead(days=2, hours=number)}, text: Hello {number}" for number in range(200))
    )
    command, env = [*COMMAND, "-C", str(campaign.folder), "plan", "--json"], environment(campaign.home)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "Exception" not in said
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == "solidarity: the output: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
def test_what_cannot_be_said_is_told_by_the_exit_code(tmp_path: Path):
    """Where standard error is on a full disk too, the code is the one that it would be, and there is no traceback."""
    command = [*COMMAND, "-C", str(tmp_path / "nowhere"), "status"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=full, env=environment(tmp_path), check=False)
    assert done.returncode == 2


def test_a_terminal_of_another_alphabet_ends_no_command(campaign: Campaign):
    """Text that the terminal can't show is written in another way; JSON is UTF-8 whatever the locale."""
    campaign.write(f"id: a, at: {ahead(days=2)}, text: نحن معكم")
    env, args = {"PYTHONIOENCODING": "latin-1"}, ["-C", campaign.folder, "preview", "a"]
    assert "\\u0646" in run(*args, home=campaign.home, env=env).out
    (one,) = run(*args, "--json", home=campaign.home, env=env).json
    assert "نحن معكم" in one["parts"][0]["text"]


def test_a_fault_of_the_program_itself_is_said_in_two_lines(tmp_path: Path):
    """What nobody expected is no traceback either, unless whoever mends it asks for one."""
    code = """
import scheduler.cli as cli, click
@click.command("broken")
def broken(): return 1 / 0
cli.solidarity.add_command(broken)
cli.main()
"""
    for env, traceback in (({}, False), ({"SOLIDARITY_DEBUG": "1"}, True)):
        done = subprocess.run(
            [sys.executable, "-c", code, "broken"],
            env=environment(tmp_path, env),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "ZeroDivisionError" in done.stderr
        assert ("Traceback" in done.stderr) is traceback
