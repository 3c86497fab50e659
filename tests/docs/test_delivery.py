"""docs/delivery.md and docs/networks.md tell the states, the reasons and the figures that the code has."""

import ast
import re
from datetime import timedelta

import pytest

from scheduler import publishers, settling
from scheduler.operations import deliver, queue
from scheduler.publishers import x, x_wire
from scheduler.status import MOVES, Status
from tests.docs import pages


def test_every_status_has_its_row_and_no_other_has() -> None:
    """The table of states is exactly the states there are."""
    assert pages.rows(pages.text("delivery.md"), "state") == {str(status) for status in Status}


def test_the_moves_told_are_the_code_s() -> None:
    """The table of moves is exactly what the store allows."""
    told = {}
    for line in pages.text("delivery.md").partition("| from | to |")[2].partition("\n\n")[0].splitlines()[2:]:
        start, *ends = re.findall(r"`([a-z-]+)`", line)
        told[start] = set(ends)
    assert told == {str(start): {str(end) for end in ends} for start, ends in MOVES.items()}


def test_every_status_stands_in_the_picture() -> None:
    """The drawing of a delivery's life shows each state."""
    picture = pages.fences(pages.text("delivery.md"), "text")[0]
    assert [str(status) for status in Status if str(status) not in picture] == []


def test_every_reason_to_be_held_is_explained() -> None:
    """Each `hold` that the code gives stands in the table of what a held delivery waits for."""
    given = set()
    for file in (pages.ROOT / "scheduler").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hold" and isinstance(node.value, ast.Constant):
                given.add(node.value.value)
    explained = {cell.rstrip(":") for cell in pages.rows(pages.text("delivery.md"), "the reason begins with")}
    assert explained == given - {""}


def test_the_figures_of_waiting_are_the_code_s() -> None:
    """Leases, delays and what is long past are as docs/delivery.md tells them."""
    page = pages.text("delivery.md")
    assert timedelta(minutes=3) == deliver.LEASE
    assert "lease of three minutes" in page
    assert timedelta(seconds=20) == settling._FIRST_DELAY
    assert timedelta(minutes=10) == settling._LONGEST_DELAY
    assert "after 20 seconds" in page
    assert "up to 10 minutes" in page
    assert timedelta(days=1) == queue.LONG_PAST
    assert "more than a day ago" in page


def test_every_network_has_its_page() -> None:
    """Each publisher there is has a page of its own, which docs/networks.md leads to, and no other network has."""
    found = {file.stem for file in (pages.ROOT / "docs" / "networks").glob("*.md")}
    assert found == publishers.names()
    assert [name for name in sorted(found) if f"(networks/{name}.md)" not in pages.text("networks.md")] == []


@pytest.mark.parametrize("name", sorted(publishers.names()))
def test_the_limits_told_are_the_code_s(name: str) -> None:
    """The figures of each network are those that `check` counts with, and each of its secrets is named."""
    told, kind = pages.text(f"networks/{name}.md"), publishers.load(name)
    limits = kind.limits
    figures = [f"{limits.text:,}", f"{limits.alt:,}", f"{limits.image_bytes // 1_000_000} MB"]
    figures += [f"| {limits.images}, each", f"{limits.card[0]} × {limits.card[1]}"]
    figures += [f"_{secret}`" for secret in (*kind.secrets, *kind.optional_secrets)]
    if limits.film is not None:
        figures += [f"{limits.film.bytes // 1_000_000} MB", f"{limits.film.seconds:g} seconds"]
    assert [figure for figure in figures if figure not in told] == []


def test_the_looks_of_x_are_told() -> None:
    """When X is asked again after an unknown outcome, and how long a text may be there, is as its page tells."""
    page = pages.text("networks/x.md")
    assert f"{x._PREMIUM_TEXT:,} with `premium: true`" in page
    assert [look.total_seconds() for look in x.Publisher.looks] == [15, 60, 300]
    assert "15 seconds, one minute and five minutes" in " ".join(page.split())


def test_every_answer_of_x_is_explained() -> None:
    """Each status that the code reads a meaning into stands in the table of X's errors."""
    page = pages.text("networks/x.md")
    assert [status for status in x_wire.STATUS if str(status) not in page] == []
