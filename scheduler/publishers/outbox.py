"""The built-in network: every post becomes a folder under var/outbox, and the page beside it lists them.

A rehearsal puts it in the place of the real networks: with `like` it takes their limits and refuses what they
would refuse. Exactly once by construction: the folder's name comes from the delivery's token, and the folder
appears whole, by one rename. What is there is out; what isn't there isn't.
"""

import contextlib
import hashlib
import heapq
import json
import mimetypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import files
from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater
from scheduler.model import Account, Content, FileContent, Finding, Level, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base

if TYPE_CHECKING:
    from scheduler.gallery import feed

ON_PAGE = 100
"""How many posts the page lists; the folders of all of them stay beside it."""

_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d{4}-[a-z0-9-]+-[0-9a-f]{12}")
_CURE = "Nothing went out. Free some space or make the folder writable; it will be tried again."


class Publisher(base.Publisher):
    """One account whose posts are folders."""

    platform = "outbox"
    limits = base.Limits(
        text=100_000,
        images=20,
        image_bytes=50_000_000,
        image_types=frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"}),
        alt=10_000,
        card=(1200, 675),
        source="our own",
        film=base.Film(bytes=95_000_000, seconds=140.0, width=1920, height=1920),
    )
    looks = (timedelta(0),)  # a folder is there at once or not at all
    live = False
    reads_late = True

    def __init__(
        self,
        account: Account,
        *,
        secrets: Mapping[str, str],
        folder: Path,
        like: type[base.Publisher] | None = None,
        clock: Clock | None = None,
        shelf: base.Shelf | None = None,
    ) -> None:
        """`like`: the network to stand in for, in a rehearsal; `clock`: where `published_at` comes from."""
        super().__init__(account, secrets=secrets, folder=folder, clock=clock, shelf=shelf)
        self._like = like(account, secrets={}, folder=folder, clock=clock) if like else None
        if self._like:
            vars(self)["limits"] = self._like.limits  # of this instance: the class keeps its own
        self._home = folder.absolute() / "outbox" / _slug(account.name)
        self._listed: dict[str, feed.FeedPost] = {}

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the characters of `text`, or what the network stood in for counts."""
        return self._like.measure(text) if self._like else len(text)

    def text_limit(self) -> int:
        """Return how long a text it takes, or the network stood in for."""
        return self._like.text_limit() if self._like else self.limits.text

    def price(self, content: Content) -> Decimal:
        """Return what the network stood in for would ask: so a rehearsal shows where a budget ends."""
        return self._like.price(content) if self._like else Decimal(0)

    def problems(self, content: Content) -> list[Finding]:
        """Return what it refuses, or what the network stood in for would."""
        if self._like:
            return self._like.problems(content)
        found = []
        if len(content.text) > self.limits.text:
            message = f"The text has {len(content.text)} characters of {self.limits.text}."
            found.append(Finding(rule="text-too-long", message=message))
        if (count := len(content.images) + (content.card is not None)) > self.limits.images:
            message = f"There are {count} images; {self.limits.images} fit."
            found.append(Finding(rule="too-many-images", message=message, about="images"))
        return found

    # ── the folder ──

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:  # noqa: ARG002
        """Prepare nothing: the folder is written and shown in one go."""
        return Staged()

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:  # noqa: ARG002
        """Write the post's folder. One that is there already is the same post: its receipt is returned."""
        final = self._home / _name(out)
        try:
            if not _there(final):
                self._refuse(out)
                self._put(out, final)
        except OSError as error:
            with contextlib.suppress(OSError):
                if _there(final):  # somebody else put the same post there meanwhile
                    return self._receipt_of(final)
            raise TryLater(f"The outbox can't be written ({error}). {_CURE}") from error
        self._write_page()
        return self._receipt_of(final)

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:  # noqa: ARG002
        """Return the receipt in the post's folder; no folder proves that it didn't go out."""
        final = self._home / _name(out)
        try:
            if not _there(final):
                return base.Absent()
        except OSError:
            return None  # a disk that can't be read proves nothing
        self._write_page()  # whoever put it there may have ended before
        return self._settled(final)

    def delete(self, receipt: Receipt) -> base.Deleted:
        """Remove the post's folder: out of sight in one step, then from the disk."""
        if not _NAME.fullmatch(receipt.remote_id):
            raise Rejected(f"{receipt.remote_id!r} is not a post of this outbox.")
        final = self._home / receipt.remote_id
        aside = self._home / f".gone-{receipt.remote_id}"
        try:
            if _there(final):
                final.rename(aside)
            if _there(aside):  # also what an interrupted deletion left
                shutil.rmtree(aside)
        except OSError as error:
            raise TryLater(f"The post can't be removed from the outbox ({error}). Make the folder writable.") from error
        self._listed.pop(receipt.remote_id, None)
        self._write_page()
        return base.Deleted()

    def verify(self) -> str:
        """Check that the folder can be written; return its path."""
        try:
            self._make_home()
            with tempfile.TemporaryFile(dir=self._home):
                pass
        except OSError as error:
            raise AccountBlocked(f"The outbox can't be written ({error}). Make it writable.") from error
        return str(self._home)

    def _refuse(self, out: Outgoing) -> None:
        reasons = [*self._text_refusals(out), *(reason for m in out.media for reason in self._refusals(m))]
        images = sum(not _is_video(medium) for medium in out.media)
        if images > self.limits.images:
            reasons.append(f"There are {images} images; {self.limits.images} fit.")
        if reasons:
            raise Rejected(" ".join(dict.fromkeys(reasons)))

    def _text_refusals(self, out: Outgoing) -> Iterator[str]:
        files = [(FileContent(file=str(medium.path), alt=medium.alt), _is_video(medium)) for medium in out.media]
        content = Content(
            text=out.text,
            language=out.language,
            images=tuple(file for file, video in files if not video),
            video=next((file for file, video in files if video), None),
        )
        for finding in self.problems(content):
            if finding.level is Level.error:
                yield finding.message

    def _refusals(self, medium: Medium) -> Iterator[str]:
        if _is_video(medium):
            yield from self._film_refusals(medium)
            return
        name = medium.path.name
        if medium.mime not in self.limits.image_types:
            yield f"{name} is {medium.mime}; it takes {', '.join(sorted(self.limits.image_types))}."
        if medium.size > self.limits.image_bytes:
            yield f"{name} has {medium.size:,} bytes of {self.limits.image_bytes:,}."
        if len(medium.alt) > self.limits.alt:
            yield f"The alt text of {name} has {len(medium.alt)} characters of {self.limits.alt}."

    def _film_refusals(self, film: Medium) -> Iterator[str]:
        limits = self.limits.film
        if limits is None:
            yield f"{film.path.name} is a film; it takes none."
        elif film.size > limits.bytes:
            yield f"{film.path.name} has {film.size:,} bytes of {limits.bytes:,}."

    def _put(self, out: Outgoing, final: Path) -> None:
        """Write everything beside, then rename: the one visible step. Raises OSError, only before it."""
        self._make_home()
        half = Path(tempfile.mkdtemp(prefix=f".new-{_token(out)}-", dir=self._home))
        try:
            self._fill(half, out, final)
            half.rename(final)
        finally:
            shutil.rmtree(half, ignore_errors=True)  # gone already where all went well
        # Of an attempt that was killed; a rehearsal's folder is new.
        for left in () if self._like else self._home.glob(f".new-{_token(out)}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _fill(self, half: Path, out: Outgoing, final: Path) -> None:
        (half / "text.txt").write_bytes(out.text.encode())
        pictures = []
        for number, medium in enumerate(out.media, 1):
            name = f"{number}{mimetypes.guess_extension(medium.mime) or medium.path.suffix}"
            shutil.copyfile(medium.path, half / name)
            (half / f"{number}.alt.txt").write_bytes(medium.alt.encode())
            shape = {"width": medium.width, "height": medium.height, "video": _is_video(medium)}
            pictures.append({"file": name, "alt": medium.alt, **shape})
        receipt = {
            "remote_id": final.name,
            "url": final.as_uri(),
            "published_at": self._clock.now().astimezone(UTC).isoformat(),
            "due_at": out.due_at.astimezone(UTC).isoformat(),
            "key": out.key,
            "account": out.account,
            "language": out.language,
            "part": out.part,
            "parts": out.part + len(out.rest),
            "warning": out.warning,
            "pictures": pictures,
        }
        (half / "receipt.json").write_text(json.dumps(receipt, ensure_ascii=False, indent=1), encoding="utf-8")
        half.chmod(0o755)  # mkdtemp's 0700 would hide the post from the person who looks
        for path in [*half.iterdir(), half]:
            self._sync(path)

    def _make_home(self) -> None:
        if self._like:
            self._home.mkdir(parents=True, exist_ok=True)
        else:
            files.make_folder(self._home)

    def _sync(self, path: Path) -> None:
        """Wait until `path` is on the disk; a stand-in's posts aren't worth the wait."""
        if self._like or os.name == "nt":  # Windows has no handle on a folder
            return
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _receipt_of(self, final: Path) -> Receipt:
        receipt = self._settled(final)
        if receipt is None:
            raise OutcomeUnknown(f"{final} is there without a readable receipt.json: a person must look.")
        return receipt

    def _settled(self, final: Path) -> Receipt | None:
        """Return a post's receipt once its folder is there for good, also where another one has put it there."""
        with contextlib.suppress(OSError):  # it is out: nothing after the rename may say otherwise
            self._sync(self._home)
        return _read_receipt(final)

    # ── the page ──

    def _write_page(self) -> None:
        """Write the list again from the folders."""
        if self._like:
            return  # a rehearsal shows the whole campaign on its own page
        with contextlib.suppress(Exception):  # the post is out: nothing may turn that into an error
            found = (path.name for path in self._home.iterdir() if _NAME.fullmatch(path.name))
            posts = [self._post(name) for name in heapq.nlargest(ON_PAGE, found)]
            listed = sorted(filter(None, posts), key=lambda post: post.published_at, reverse=True)
            from scheduler.gallery import feed

            feed.write(self._home / "index.html", title=self.account.name, posts=listed, most=ON_PAGE)

    def _post(self, name: str) -> "feed.FeedPost | None":
        """Return a post for the page; None leaves out one whose folder has been tampered with."""
        from scheduler.gallery import feed

        if name not in self._listed:
            folder = self._home / name
            try:
                data = _read(folder)
                self._listed[name] = feed.FeedPost(
                    folder=name,
                    text=(folder / "text.txt").read_bytes().decode(),
                    language=data["language"],
                    published_at=datetime.fromisoformat(data["published_at"]),
                    pictures=tuple(feed.FeedPicture(**picture) for picture in data["pictures"]),
                )
            except (OSError, ValueError, LookupError, TypeError):
                return None
        return self._listed[name]


def _slug(text: str, most: int = 80) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:most].rstrip("-") or "post"


def _token(out: Outgoing) -> str:
    return hashlib.sha256(out.token.encode()).hexdigest()[:12]


def _name(out: Outgoing) -> str:
    """Return the folder's name, the same for every attempt at a delivery; its time is UTC."""
    return f"{out.due_at.astimezone(UTC):%Y-%m-%d_%H%M}-{_slug(out.key)}-{_token(out)}"


def _there(path: Path) -> bool:
    """Tell whether `path` exists. Raises OSError where it can't be told, which `Path.exists` hides."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _is_video(medium: Medium) -> bool:
    return medium.mime.startswith("video/")


def _read(folder: Path) -> Any:
    """Return what `receipt.json` of a post says. Raises OSError or ValueError."""
    return json.loads((folder / "receipt.json").read_text(encoding="utf-8"))


def _read_receipt(folder: Path) -> Receipt | None:
    try:
        at = datetime.fromisoformat(_read(folder)["published_at"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Receipt(remote_id=folder.name, url=folder.as_uri(), published_at=at)
