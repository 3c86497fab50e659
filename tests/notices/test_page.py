"""docs/notifications.md says what the program tells, and shows addresses that Apprise knows."""

import re
import subprocess
import sys

from scheduler.addressees import _MOST
from scheduler.needs import Kind
from tests.docs import pages

PAGE = pages.text("notifications.md")


def test_every_kind_has_its_row() -> None:
    """The table of what is told names each kind there is, and no other."""
    assert pages.rows(PAGE, "kind") == {str(kind) for kind in Kind}


def test_the_addresses_shown_are_addresses() -> None:
    """Apprise makes a service of each address in the table; it is asked in a process of its own."""
    shown = re.findall(r"`([a-z]+://[^`]+)` \|", PAGE)
    assert len(shown) == 5
    asked = "import sys, apprise; print([bool(apprise.Apprise.instantiate(one)) for one in sys.argv[1:]])"
    ran = subprocess.run([sys.executable, "-c", asked, *shown], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str([True] * 5)


def test_the_figures_are_the_program_s() -> None:
    """How many addresses there may be."""
    assert _MOST == 20
    assert "Twenty are the most" in PAGE
