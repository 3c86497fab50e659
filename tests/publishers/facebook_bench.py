"""What the tests of Facebook share: a server that plays it, and publishers that talk to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from scheduler.clock import Clock
from scheduler.model import Account, Medium, Outgoing, Staged
from scheduler.publishers.facebook import Publisher
from scheduler.standins.facebook import PAGES, Server
from scheduler.standins.facebook_objects import Page
from tests.media.films import film
from tests.publishers.harness_facebook import Harness, secrets_of


class Bench:
    """A server, and a folder for the files that are sent to it."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self._harness = Harness(folder)
        self._folder = folder

    def publisher(self, *, page: Page = PAGES[0], clock: Clock | None = None, **options: object) -> Publisher:
        """Return a new publisher for a Page."""
        account = Account(
            name="facebook-fr", platform="facebook", language="fr", base_url=self.server.url, options=options
        )
        return Publisher(account, secrets=secrets_of(page), folder=self._folder, clock=clock)

    def out(self, text: str, *media: Medium) -> Outgoing:
        """Return a delivery ready to go."""
        return self._harness.out(text, *media)

    def picture(self, name: str = "card.png", alt: str = "Une bougie") -> Medium:
        """Return a small picture."""
        return self._harness.picture(name, alt)

    def film(self, data: bytes | None = None, **more: Any) -> Medium:
        """Return a film of a second."""
        path = self._folder / "film.mp4"
        path.write_bytes(film(**more) if data is None else data)
        facts = {"width": 160, "height": 120, "size": path.stat().st_size, "sha256": "0" * 64}
        return Medium(path=path, mime="video/mp4", alt="", **facts)  # type: ignore[arg-type]

    @property
    def seen(self) -> list[dict[str, Any]]:
        """Return what the public sees."""
        posts: list[dict[str, Any]] = self.server.state()["posts"]
        return posts


class Watch:
    """A clock that the test sets, for the publisher and the server alike."""

    def __init__(self, start: Any) -> None:
        self.at = start

    def now(self) -> Any:
        """Return the moment."""
        return self.at

    def seconds(self) -> float:
        """Return the moment in seconds since 1970."""
        return float(self.at.timestamp())

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.at += timedelta(seconds=seconds)


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Bench]:
    """Have Facebook there; nothing may have gone wrong in it."""
    with Server(**more) as server:
        yield Bench(server, folder)
    assert not server.errors


def staged(publisher: Publisher, out: Outgoing, watch: Watch) -> Staged:
    """Stage until nothing has to be waited for, as the daemon does."""
    ready = publisher.stage(out)
    while ready.again_at is not None:
        watch.at = max(watch.at, ready.again_at)
        ready = publisher.stage(out, ready)
    return ready
