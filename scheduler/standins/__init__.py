"""Stand-ins for the networks: real HTTP servers on loopback that refuse what the networks would refuse.

`solidarity rehearse --strict` sends a campaign to them, and so do the tests. They judge by themselves: nothing in here
knows the publishers, and no publisher knows them. One file a network with a class `Server`; `loopback` is what they
share.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.standins.loopback import LoopbackServer

_SERVER = "\nclass Server("


@cache
def names() -> frozenset[str]:
    """Return the networks that have a stand-in, by looking at the files."""
    files = [file for folder in __path__ for file in Path(folder).glob("*.py")]
    return frozenset(file.stem for file in files if file.stem[0] != "_" and _SERVER in file.read_text(encoding="utf-8"))


def load(platform: str) -> "type[LoopbackServer]":
    """Return the server that stands in for a network.

    Raises:
        KeyError: there is none.
    """
    if platform not in names():
        raise KeyError(platform)
    found: type[LoopbackServer] = import_module(f"scheduler.standins.{platform}").Server
    return found
