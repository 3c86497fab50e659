"""deploy/compose.yaml and what belongs to it, read, with its command lines as they can be run without containers."""

import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from tests.docs import pages

DEPLOY = pages.ROOT / "deploy"


@cache
def compose() -> dict[str, Any]:
    """Return the file, with what its services share merged into each."""
    return dict(YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text("utf-8")))


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    return {name: dict(one) for name, one in compose()["services"].items()}


@cache
def dockerfile() -> list[tuple[str, str]]:
    """Return each instruction of the Dockerfile and what follows it."""
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def instruction(name: str) -> str:
    """Return the last of an instruction, which is the one that counts."""
    return [rest for kind, rest in dockerfile() if kind == name][-1]


def entrypoint() -> list[str]:
    """Return what every container of the program begins with."""
    return [str(word) for word in json.loads(instruction("ENTRYPOINT"))]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A service's command line and its health check, as they are run here."""

    command: list[str]
    check: list[str]

    @classmethod
    def of(cls, name: str, workspace: str, ports: dict[str, str]) -> "Line":
        """Return those of a service, in another workspace, with other ports."""
        service = services()[name]
        program, *options = entrypoint()
        assert program.endswith("/solidarity")
        where = [workspace if word == "/srv/campaign" else word for word in options]
        test = service["healthcheck"]["test"]
        assert test[:2] == ["CMD", "python"]
        command = [sys.executable, "-m", "scheduler", *where, *service["command"]]
        return cls(
            command=[ports.get(word, word) for word in command],
            check=[sys.executable, *(_ported(word, ports) for word in test[2:])],
        )


def _ported(words: str, ports: dict[str, str]) -> str:
    return re.sub(r":(\d+)/", lambda found: f":{ports[found[1]]}/", words)
