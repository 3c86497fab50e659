"""A real Bluesky server from npm, where node is there: one for all tests of a process."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from scheduler.clock import Clock
from scheduler.model import Account
from scheduler.publishers.bluesky import Publisher

HERE = Path(__file__).parent
OLDEST_NODE = 20


@dataclass(frozen=True)
class Pds:
    """The server, asked without our own code."""

    url: str
    version: str
    jwt_secret: str

    def ask(self, name: str, token: str = "", body: object = None, **params: str) -> dict[str, Any]:
        """Call a method: GET, or POST where there is a body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        method = "GET" if body is None else "POST"
        where = f"{self.url}/xrpc/{name}"
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, where, json=body, headers=headers, params=params, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())

    def signed(self, claims: dict[str, Any]) -> str:
        """Return a session's token as the server would make it."""
        parts = [{"typ": "at+jwt", "alg": "HS256"}, claims]
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        seal = hmac.digest(self.jwt_secret.encode(), ".".join(coded).encode(), hashlib.sha256)
        return ".".join([*coded, base64.urlsafe_b64encode(seal).decode().rstrip("=")])


@dataclass(frozen=True)
class Member:
    """An account on the server, and what its own password opens."""

    pds: Pds
    did: str
    handle: str
    app_password: str
    folder: Path

    def publisher(self, *, clock: Clock | None = None, **options: object) -> Publisher:
        """Return a publisher for the account."""
        account = Account(name="bsky", platform="bluesky", language="fr", base_url=self.pds.url, options=options)
        secrets = {"IDENTIFIER": self.handle, "APP_PASSWORD": self.app_password}
        return Publisher(account, secrets=secrets, folder=self.folder, clock=clock)

    def posts(self) -> list[dict[str, Any]]:
        """Return all posts, oldest first."""
        params = {"repo": self.did, "collection": "app.bsky.feed.post", "reverse": "true"}
        found: list[dict[str, Any]] = self.pds.ask("com.atproto.repo.listRecords", **params)["records"]
        return found

    def revision(self) -> str:
        """Return the revision of all the account's records: another with every change."""
        return str(self.pds.ask("com.atproto.sync.getLatestCommit", did=self.did)["rev"])


def _node() -> str:
    """Return why there is no server to be had; nothing where there is one."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm aren't there"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < OLDEST_NODE:
        return f"node {OLDEST_NODE} or later is needed, this is {version.strip()}"
    if not (HERE / "node_modules" / "@atproto" / "dev-env").is_dir():
        return "the server isn't installed: `make test` does it, or `npm ci` in tests/pds"
    return ""


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    """Return a running server."""
    if why := _node():
        pytest.skip(f"no real Bluesky server: {why}")
    folder = tmp_path_factory.mktemp("pds")
    said = (folder / "stderr").open("w+")
    environment = {**os.environ, "TMPDIR": str(folder), "LOG_ENABLED": "false", "NODE_ENV": "test"}
    command = ["node", str(HERE / "serve.mjs")]
    with (
        said,
        subprocess.Popen(
            command, env=environment, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        ) as server,
    ):
        assert server.stdin
        assert server.stdout
        line = server.stdout.readline()
        if not line:
            said.seek(0)
            pytest.fail(f"the real Bluesky server doesn't start:\n{said.read()[-3000:]}")
        told = json.loads(line)
        url = told["url"].replace("localhost", "127.0.0.1")
        yield Pds(url, told["version"], told["jwtSecret"])
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture
def member(pds: Pds, tmp_path: Path) -> Member:
    """Return a new account with an app password."""
    name = f"u{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    given = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": "canary-own"}
    made = pds.ask("com.atproto.server.createAccount", body=given)
    app = pds.ask("com.atproto.server.createAppPassword", token=made["accessJwt"], body={"name": "solidarity"})
    return Member(pds, made["did"], made["handle"], app["password"], tmp_path)
