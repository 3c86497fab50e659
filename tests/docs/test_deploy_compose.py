"""deploy/compose.yaml, its Dockerfile and deploy/database.sql fit the program and each other."""

import json
import re
import tomllib

import pytest

from scheduler.web import serving
from tests.docs import pages
from tests.docs.compose import DEPLOY, compose, dockerfile, entrypoint, instruction, services
from tests.docs.test_commands import parsed
from tests.docs.test_deploy_web import unit

OURS = [name for name, one in services().items() if one["image"] == "solidarity"]
PAGE = pages.text("scale.md")


def test_as_few_containers_as_it_takes() -> None:
    """A database, a daemon, the pages, and what speaks https before them."""
    assert set(services()) == {"database", "daemon", "web", "proxy"}
    assert OURS == ["daemon", "web"]


@pytest.mark.parametrize("name", OURS)
def test_each_container_of_ours_starts_a_real_command(name: str) -> None:
    """What the Dockerfile and the compose file say together is a command line of this program."""
    program, *options = entrypoint()
    assert program == "/opt/solidarity/bin/solidarity"
    assert parsed([*options, *services()[name]["command"]])
    assert parsed([*options, *json.loads(instruction("CMD"))])


@pytest.mark.parametrize("name", OURS)
def test_ours_are_confined_as_under_systemd(name: str) -> None:
    """Read-only but for var/ and /tmp, without any privilege, and given the time that ending takes."""
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["./campaign:/srv/campaign:ro", "./campaign/var:/srv/campaign/var"]
    assert instruction("USER").split(":")[0].isdigit()
    assert instruction("WORKDIR") == entrypoint()[-1] == "/srv/campaign"
    systemd = unit("solidarity.service")["Service"]
    assert int(service["stop_grace_period"].removesuffix("s")) >= int(systemd["TimeoutStopSec"])


@pytest.mark.parametrize("name", list(services()))
def test_each_comes_back_and_says_how_it_is(name: str) -> None:
    """Each has a restart policy and a health check that can fail; what waits for another waits for its health."""
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert int(check["timeout"].removesuffix("s")) < int(check["interval"].removesuffix("s"))
    if name in OURS:
        assert service["depends_on"]["database"]["condition"] == "service_healthy"


def test_only_the_proxy_has_ports() -> None:
    """The database is reached by the other containers alone, over a network that leads nowhere else."""
    assert [name for name, one in services().items() if "ports" in one] == ["proxy"]
    assert services()["database"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"] == {"internal": True}
    assert all("network_mode" not in one or one["network_mode"] == "service:proxy" for one in services().values())


def test_the_pages_and_the_proxy_share_a_loopback() -> None:
    """The pages listen where deploy/Caddyfile looks for them, and believe it, for it is on their own machine."""
    web = services()["web"]
    host, port = web["command"][2], web["command"][4]
    assert f"reverse_proxy {host}:{port}" in (DEPLOY / "Caddyfile").read_text("utf-8")
    assert web["network_mode"] == "service:proxy"
    assert f":{port}/" in web["healthcheck"]["test"][-1]
    assert web["ulimits"]["nofile"] > 4 * serving._CONNECTIONS


def test_the_health_check_asks_where_the_daemon_answers() -> None:
    """`run --health` and the check name the same port."""
    daemon = services()["daemon"]
    port = daemon["command"][daemon["command"].index("--health") + 1]
    assert f"http://127.0.0.1:{port}/healthz" in daemon["healthcheck"]["test"][-1]


def test_every_secret_is_a_file_and_one_that_is_read() -> None:
    """No secret stands in the file; each variable names a file of a secret that the service is given."""
    known = (pages.ROOT / ".env.example").read_text("utf-8") + pages.text("config.md")
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            assert variable.endswith("_FILE")
            secret = value.removeprefix("/run/secrets/")
            assert secret in service["secrets"]
            if name in OURS:
                assert variable.removesuffix("_FILE") in known
        for secret in service.get("secrets", []):
            assert compose()["secrets"][secret] == {"file": f"./secrets/{secret}"}
            assert f"secrets/{secret}" in PAGE
    assert "/deploy/secrets/" in (pages.ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_every_volume_and_network_is_there() -> None:
    """What a service names is a volume or network of the file, or a file of this folder that exists."""
    for service in services().values():
        assert set(service.get("networks", [])) <= set(compose()["networks"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            made = {"./campaign", "./campaign/var"}  # by who sets it up
            assert source in compose()["volumes"] or source in made or (DEPLOY / source).is_file(), source


def test_the_image_holds_the_program_and_nothing_else() -> None:
    """It is made of plain images and of folders that exist, with the extra for PostgreSQL, on a Python that will do."""
    images = [rest.split()[0] for kind, rest in dockerfile() if kind == "FROM"]
    images += [one["image"] for one in services().values()]
    assert all(re.fullmatch(r"[a-z]+(:[a-z0-9.-]+)?", image) for image in images), images
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text("utf-8"))
    for kind, rest in dockerfile():
        if kind == "FROM":
            version = tuple(int(part) for part in re.findall(r"\d+", rest.partition(":")[2])[:2])
            assert version >= (3, 11)
        elif kind == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            allowed = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
            assert all((pages.ROOT / one).exists() and f"!{one}" in allowed for one in sources)
    (install,) = (rest for kind, rest in dockerfile() if kind == "RUN" and "pip install" in rest)
    (extra,) = re.findall(r"\[(\w+)\]", install)
    assert extra in project["project"]["optional-dependencies"]
    assert services()["daemon"]["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}


def test_the_guide_names_what_there_is() -> None:
    """docs/scale.md leads to each file, and says that one small server needs none of them."""
    for name in ("compose.yaml", "Dockerfile", "database.sql"):
        assert f"../deploy/{name}" in PAGE
    assert "needs none" in PAGE
