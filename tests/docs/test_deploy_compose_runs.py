"""The command lines of deploy/compose.yaml, run here as processes, on a PostgreSQL set up by deploy/database.sql."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import databases
from tests.acceptance.command import environment
from tests.docs.compose import DEPLOY, Line, services

CONFIG = """\
name: Campaign
timezone: UTC
languages: [en]
database: {database}
accounts:
  local: {{platform: outbox, lang: en}}
"""
ROLE = "campaign"  # the tests' server belongs to a `solidarity` already
SECRET = "a 'word' nobody else knows"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Server]:
    """Run a server with the settings of the compose file, set up by deploy/database.sql."""
    words = [word.removeprefix("-c") for word in services()["database"]["command"][1:]]
    server = databases.Server(**dict(word.split("=") for word in words))
    _set_up(server, tmp_path_factory.mktemp("set-up"))
    yield server
    server.close()


def _set_up(server: databases.Server, folder: Path, role: str = ROLE) -> None:
    """Run deploy/database.sql, the password's file named or in its usual place; from then on ask for passwords."""
    secret, script = folder / "database_password", folder / "database.sql"
    secret.write_text(f"{SECRET}\n", "utf-8")
    statements = (DEPLOY / "database.sql").read_text("utf-8").replace("solidarity", role)
    script.write_text(statements.replace("/run/secrets/database_password", str(secret)), "utf-8")
    given = ["-v", f"secret={secret}"] if role == ROLE else []
    url = server.url("postgres", driver="postgresql")
    command = [server._programs / "psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", *given]
    done = subprocess.run([*command, "-f", script, url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rules = "host all solidarity 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    (Path(server._data) / "pg_hba.conf").write_text(rules, "utf-8")
    server.run("SELECT pg_reload_conf()")


@contextmanager
def _running(line: Line, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service until its health check passes; in the end tell it to end, and wait."""
    (folder / "database_password").write_text(f"{SECRET}\n", "utf-8")
    variables = {name: str(folder / "database_password") for name in services()["daemon"]["environment"]}
    with (folder / "said.log").open("ab") as log:
        process = subprocess.Popen(line.command, stdout=log, stderr=log, env=environment(folder, variables))
    try:
        _until(line, process, folder / "said.log", healthy=True)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until(line: Line, process: subprocess.Popen[bytes], log: Path, *, healthy: bool) -> None:
    end = time.monotonic() + 90
    while _healthy(line) is not healthy:
        said = log.read_text("utf-8", "replace")
        assert process.poll() is None, said
        assert time.monotonic() < end, said
        time.sleep(0.2)


def _healthy(line: Line) -> bool:
    return subprocess.run(line.check, capture_output=True, check=False, env=environment(Path.cwd())).returncode == 0


def test_the_containers_would_run(server: databases.Server, tmp_path: Path) -> None:
    """On a role with no right but its own, daemon and pages start, make the tables, outlive the database, and end."""
    folder = tmp_path / "campaign"
    (folder / "posts").mkdir(parents=True)
    url = f"postgresql+psycopg://{ROLE}@127.0.0.1:{server.port}/{ROLE}"
    (folder / "config.yaml").write_text(CONFIG.format(database=url), "utf-8")
    ports = {"9464": str(databases._free_port()), "8080": str(databases._free_port())}
    daemon, web = (Line.of(name, str(folder), ports) for name in ("daemon", "web"))
    assert not _healthy(daemon)
    assert not _healthy(web)
    with _running(daemon, tmp_path) as one, _running(web, tmp_path) as other:
        server.stop()
        _until(daemon, one, tmp_path / "said.log", healthy=False)
        server.start()
        _until(daemon, one, tmp_path / "said.log", healthy=True)
    assert (one.returncode, other.returncode) == (0, 0), (tmp_path / "said.log").read_text("utf-8")
    assert not _healthy(daemon)
    with _as(server) as c:
        assert c.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall() == [
            (ROLE,)
        ]


def test_the_role_has_no_more_rights_than_it_needs(server: databases.Server) -> None:
    """It may make neither roles nor databases, isn't let in without its password, and nobody else into its database."""
    import psycopg

    with _as(server) as c:
        for statement in ("CREATE ROLE other", "CREATE DATABASE other", "COPY (SELECT 1) TO PROGRAM 'true'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(statement)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(_url(server))
    server.run("CREATE ROLE stranger LOGIN PASSWORD 'known'")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(_url(server).replace(f"{ROLE}@", "stranger@"), password="known")


def test_a_state_moves_there_and_back(server: databases.Server, tmp_path: Path) -> None:
    """What docs/scale.md says step by step, as that role: there, a second machine, a copy put back, and back."""
    _set_up(server, tmp_path, "mover")
    before, after = "sqlite:///var/state.db", f"postgresql+psycopg://mover@127.0.0.1:{server.port}/mover"
    folder = tmp_path / "campaign"
    _do(tmp_path, "init", str(folder))
    _do(tmp_path, "-C", str(folder), "queue")
    known = _do(tmp_path, "-C", str(folder), "status", "--json")
    _do(tmp_path, "-C", str(folder), "copy-state", before, after)
    config = folder / "config.yaml"
    written = config.read_text("utf-8")
    config.write_text(f"{written.replace(f'database: {before}', '')}\ndatabase: {after}\n", "utf-8")
    assert json.loads(_do(tmp_path, "-C", str(folder), "status", "--json")) == json.loads(known)
    second = shutil.copytree(folder, tmp_path / "second", ignore=shutil.ignore_patterns("var"))
    assert json.loads(_do(tmp_path, "-C", str(second), "status", "--json")) == json.loads(known)
    _do(tmp_path, "-C", str(folder), "backup", str(tmp_path / "copy.db"))
    _do(tmp_path, "-C", str(folder), "restore", str(tmp_path / "copy.db"))
    _do(tmp_path, "-C", str(folder), "resume")
    _do(tmp_path, "-C", str(folder), "copy-state", after, before)
    config.write_text(written, "utf-8")
    assert _keys(_do(tmp_path, "-C", str(folder), "status", "--json")) == _keys(known) != []


def _keys(status: str) -> list[str]:
    return [one["id"] for one in json.loads(status)["deliveries"]]


def _do(home: Path, *words: str) -> str:
    variables = {"DATABASE_PASSWORD_FILE": str(home / "database_password")}
    command = [sys.executable, "-m", "scheduler", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(home, variables))
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def _url(server: databases.Server) -> str:
    return server.url(ROLE, driver="postgresql").replace("solidarity@", f"{ROLE}@")


@contextmanager
def _as(server: databases.Server) -> Iterator[Any]:
    """Give a connection of the role's."""
    import psycopg

    with psycopg.connect(_url(server), password=SECRET, autocommit=True) as connection:
        yield connection
