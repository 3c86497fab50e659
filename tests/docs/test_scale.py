"""docs/scale.md says what is so: addresses, settings, commands and figures; and its simulation delivers."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench import millions
from bench.postgres import fill
from scheduler.config.keys import DATABASE
from scheduler.operations import deliver
from scheduler.store import deliveries, faults, open_store
from scheduler.store.database import open_engine
from scheduler.store.leases import identity
from tests import databases
from tests.docs import pages
from tests.docs.test_commands import parsed

PAGE = pages.text("scale.md")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Give a new state on a PostgreSQL server."""
    url = databases.server().database()
    yield url
    databases.server().drop(url)


def test_every_address_of_a_database_could_be_written() -> None:
    """Each is taken by config.yaml, with what it says of TLS, and by the driver; none holds a password."""
    found = set(re.findall(r"postgresql\+psycopg://[^\s`']+", PAGE))
    assert len(found) >= 2
    for address in found:
        DATABASE.parse(address)
        open_engine(address, Path(), password="secret").dispose()


def test_every_command_in_a_container_could_be_given() -> None:
    """What stands after the service in `docker compose run` is a command line of this program."""
    found = re.findall(r"docker compose run --rm(?: --volume \S+)? daemon ([^`\n]+)", PAGE)
    assert len(found) >= 4
    for line in found:
        assert parsed(pages.words(line)), line


def test_every_statement_and_setting_is_one_of_the_server_s(url: str) -> None:
    """What is given to a role or a table is taken by a real server; each of its settings is there."""
    name = url.rpartition("/")[2]
    statements = [line for block in pages.fences(PAGE, "sql") for line in block.splitlines()]
    assert len(statements) >= 6
    for statement in statements:
        databases.server().run(f"BEGIN; {statement} ROLLBACK", name)
    settings = [line for block in pages.fences(PAGE, "text") for line in block.splitlines() if " = " in line]
    assert len(settings) >= 3
    for setting in settings:
        known, value = setting.split(" = ")
        databases.server().run(f"ALTER SYSTEM SET {known} = '{value}'")
        databases.server().run(f"ALTER SYSTEM RESET {known}")


def test_the_figures_of_the_program_are_its_own() -> None:
    """How many connections a process has at most, and how long a lease is."""
    engine = open_engine("postgresql+psycopg://solidarity@127.0.0.1/nobody", Path())
    most = engine.pool.size() + engine.pool._max_overflow + 1  # type: ignore[attr-defined]
    assert f"Let the server take {most} connections for each daemon" in PAGE
    assert any(f"max_connections, {most} for each daemon" in cure for _, cure in faults.SERVER)
    engine.dispose()
    assert timedelta(minutes=3) == deliver.LEASE
    assert "a moment, three minutes ahead" in PAGE


def test_all_that_stands_in_var_is_spoken_of() -> None:
    """Of every file and folder that the program keeps there the page says what machines do about it."""
    code = "\n".join(file.read_text("utf-8") for file in (pages.ROOT / "scheduler").rglob("*.py"))
    found = set(re.findall(r"\bvar / \"([\w.-]+)\"", code))
    assert found >= {"uploads", "rendered", "tokens", "secret.key", "mastodon"}
    assert {name for name in found if f"`{name}" not in PAGE and f"`var/{name}`" not in PAGE} == set()


@pytest.mark.parametrize("batch", [1, 3])
def test_the_simulation_delivers(batch: int, tmp_path: Path) -> None:
    """Its steps take every delivery through all its states, once, to a receipt."""
    address = databases.server().database()
    store = open_store(address, tmp_path, check=False)
    fill(store, 12, accounts=4)
    done = millions.work(store, identity(), batch=batch)
    assert (done["done"], done["again"]) == (12, 0)
    with store.read() as c:
        assert deliveries.counts(c) == {"published": 12}
        events = [event for _, event, _ in deliveries.history(c, 1)]
    assert events[-4:] == ["claimed", "staged", "sending", "published"]
    store.close()
    databases.server().drop(address)
