"""What deploy/ says of the web pages fits the program: the unit, and the web servers before it."""

import re
from configparser import ConfigParser

from scheduler.web import serving, wire
from scheduler.web.volunteers import upload
from tests.docs import pages
from tests.docs.test_commands import parsed

DEPLOY = pages.ROOT / "deploy"


def unit(name: str) -> ConfigParser:
    """Return a unit, read."""
    read = ConfigParser(strict=True, interpolation=None, comment_prefixes=("#", ";"), delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string((DEPLOY / name).read_text("utf-8"))
    return read


def test_the_unit_serves_the_same_workspace() -> None:
    """It starts a real command, for this machine only, as the daemon's user in the daemon's confinement."""
    web, daemon = unit("solidarity-web.service")["Service"], unit("solidarity.service")["Service"]
    program, *line = pages.words(web["ExecStart"])
    assert program.endswith("/bin/solidarity")
    assert parsed(line)
    assert line[2:] == ["serve", "--host", "127.0.0.1", "--port", "8080"]
    for name in set(daemon) - {"ExecStart"}:
        assert web[name] == daemon[name]
    assert int(web["TimeoutStopSec"]) > serving._STOP_SECONDS
    assert int(web["LimitNOFILE"]) > 4 * serving._CONNECTIONS


def test_the_web_servers_take_what_the_pages_take() -> None:
    """The largest upload passes, nothing is logged, and the client's address is the server's own word."""
    nginx, caddy = (DEPLOY / "nginx.conf").read_text("utf-8"), (DEPLOY / "Caddyfile").read_text("utf-8")
    for text, size in ((nginx, r"client_max_body_size (\d+)m;"), (caddy, r"max_size (\d+)MB")):
        found = re.search(size, text)
        assert found
        assert int(found[1]) * 10**6 >= upload.MOST
        assert "127.0.0.1:8080" in text
    assert nginx.count("access_log off;") == nginx.count("server {") == 2
    assert "X-Forwarded-For $remote_addr" in nginx
    assert "log" not in re.sub("#.*", "", caddy)
    assert wire.HEAD_SECONDS == 10
