"""Mastodon, and the servers that speak its language (GoToSocial, Pixelfed): with an access token, over HTTP.

A post carries a key of its own (Idempotency-Key): for an hour the server answers a repeated call with the post that
it has already. What isn't known after that is looked up in the account's own list. Everything that touches the wire
stands in `mastodon_wire`, imported when needed.
"""

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base, mastodon_figures, mastodon_memory, mastodon_rules, mastodon_text
from scheduler.publishers import mastodon_posts as posts
from scheduler.publishers.mastodon_figures import Figures

if TYPE_CHECKING:
    from scheduler.publishers.mastodon_wire import Wire

VISIBILITIES = ("public", "unlisted", "private")
MEDIA_LASTS = timedelta(hours=22)  # unattached media are deleted after about a day
PROCESSING = timedelta(minutes=15)  # how long a film may take to be converted
_CLOCKS_APART = timedelta(minutes=2)
_CURE = "add its server to config.yaml"
_FIGURES_LAST = timedelta(days=1)


class Publisher(base.Publisher):
    """One account on a Mastodon server."""

    platform = "mastodon"
    options = frozenset({"visibility", "timeout", *mastodon_figures.OPTIONS})
    limits: ClassVar[base.Limits] = base.Limits(
        text=500,
        images=4,
        image_bytes=16 * 1024 * 1024,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
        alt=1500,
        card=(1200, 675),
        source="mastodon/documentation, 2026-07-02, and the source of Mastodon 4.7, 2026-08-08",
        # The length is ours; the sides are those of the largest square, so that a film on end fits too.
        film=base.Film(bytes=99 * 1024 * 1024, seconds=600.0, width=2880, height=2880),
        threads=True,
        warning=True,
    )
    secrets = ("ACCESS_TOKEN",)
    looks = tuple(timedelta(seconds=after) for after in (15, 150, 300, 600, 1800))

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `visibility`, `timeout` (seconds to connect and to read), and the server's own figures."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, "") if account.base_url else ""
        self._waits = base.checked_waits(account)
        self._visibility = _checked_visibility(account)
        self._figures = mastodon_figures.checked(account)
        self._memory = mastodon_memory.Memory(self._folder)
        self._told: tuple[Figures, datetime] | None = None  # by the server, and when
        self._user: tuple[str, str] | None = None  # id and name, asked once
        self._opened: Wire | None = None

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the length in graphemes: a link 23, `@user@server` as `@user`."""
        return mastodon_text.length(text, link=self._figures.characters_reserved_per_url)

    def text_limit(self) -> int:
        """Return what the account's server takes: 500, or its `max_characters` in config.yaml."""
        return self._figures.max_characters

    def findings(self, content: Content) -> list[Finding]:
        """Return the problems of a content with all its parts. The warning stands on each, and counts there."""
        found = self.problems(replace(content, thread=()) if content.thread else content)
        for number, text in enumerate(content.thread, 2):
            part = Content(text=text, language=content.language, warning=content.warning)
            problems = [one for one in self.problems(part) if one.rule != "no-server"]
            found += [replace(one, message=f"part {number}: {one.message}") for one in problems]
        return found

    def problems(self, content: Content) -> list[Finding]:
        """Return what the server would refuse (errors) or what is unwise there (warnings)."""
        found = mastodon_rules.of_text(content, self._figures, self.account.name)
        if not self._base_url:
            message = f"{self.account.name} has no base_url: {_CURE}, e.g. https://mastodon.social"
            found.insert(0, Finding(rule="no-server", message=message))
        return [*found, *mastodon_rules.of_media(content, self._figures, self.account.name)]

    # ── staging ──

    @classmethod
    def remote_id(cls, url: str) -> tuple[str, str]:
        """Return a post's id and its own link, from the link in a browser's address bar.

        Raises:
            UserError: the link is none to a post.
        """
        where = r"(?:@[^/?#]+|(?:users/|@)[^/?#]+/statuses|web/statuses|p/[^/?#]+)"
        found = re.fullmatch(rf"(https?://[^/?#]+/{where}/(\d{{6,20}}|[0-9A-Z]{{26}}))(?:[/?#].*)?", url.strip())
        if found is None or "@" in found[1].removeprefix("https://").split("/")[0]:
            raise UserError(f"{url}: this is no link to a post on Mastodon: it ends in /@name/ and a number")
        return found[2], found[1]

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Hold the post against the server's own figures, note the newest post, upload, wait for films."""
        ids = dict(begun.ids) if begun else {}
        is_whole = len(posts.strings(ids.get("media_ids"))) == len(out.media) and "account_id" in ids
        if not is_whole or self._is_on_another_server(ids):
            where = self._base_url.partition("://")[2]
            mastodon_rules.refuse(out, self._server_figures(), self.limits, where)
            account_id, _ = self._who()
            ids = {"server": self._base_url, "account_id": account_id}
            ids["since_id"] = posts.newest(self._wire(), account_id)
            ids["staged_at"] = self._clock.now().timestamp()
            uploads = [self._upload(medium) for medium in out.media]
            ids["media_ids"] = [media_id for media_id, _ in uploads]
            ids["waiting"] = [media_id for media_id, ready in uploads if not ready]
        else:
            ids["waiting"] = [one for one in posts.strings(ids.get("waiting")) if not self._is_ready(one)]
        return Staged(ids, self._again_at(ids) if ids["waiting"] else None)

    def _again_at(self, ids: Mapping[str, object]) -> datetime:
        """Return when to ask again for media that are being converted: soon at first, then more rarely."""
        now = self._clock.now()
        age = timedelta(seconds=now.timestamp() - _seconds(ids.get("staged_at")))
        if age > PROCESSING:
            minutes = PROCESSING.total_seconds() / 60
            raise TryLater(f"the server hasn't converted the film in {minutes:.0f} minutes: it is uploaded again")
        return now + min(max(age / 4, timedelta(seconds=2)), timedelta(seconds=30))

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the server is about to delete what was uploaded (it keeps unattached media about a day)."""
        uploaded = bool(posts.strings(staged.ids.get("media_ids")))
        return uploaded and now.timestamp() >= _seconds(staged.ids.get("staged_at")) + MEDIA_LASTS.total_seconds()

    def _server_figures(self) -> Figures:
        now = self._clock.now()
        if self._told is None or not timedelta() <= now - self._told[1] < _FIGURES_LAST:
            from scheduler.publishers.mastodon_wire import LOOKING

            answer = self._wire().ask("GET", "/api/v2/instance", missing_ok=True, meaning=LOOKING)
            known = answer.status < 300  # a server older than Mastodon 4.0 hasn't this page
            self._told = mastodon_figures.told(answer.body) if known else self._figures, now
        return self._told[0]

    def _upload(self, medium: Medium) -> tuple[str, bool]:
        """Upload one file with its alt text; return its id, and whether it is ready to be posted."""
        try:
            data = medium.path.read_bytes()
        except OSError as error:
            raise TryLater(f"{medium.path.name} can't be read: {error.strerror}") from None
        name = f"media{mimetypes.guess_extension(medium.mime) or ''}"
        form = {"description": medium.alt} if medium.alt else {}
        answer = self._wire().ask("POST", "/api/v2/media", data=form, files={"file": (name, data, medium.mime)})
        if not posts.is_id(answer.body.get("id")):
            raise TryLater(f"{self._base_url} gave no id for {medium.path.name}")
        return answer.body["id"], answer.status == 200

    def _is_ready(self, media_id: str) -> bool:
        from scheduler.publishers.http_wire import Verdict

        route, meaning = f"/api/v1/media/{media_id}", {Verdict.missing: TryLater}
        return self._wire().ask("GET", route, meaning=meaning).status == 200

    # ── publishing ──

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Post, and make sure that the server kept it. Before a repeated attempt the account's list is read first."""
        began = self._clock.now()
        media = posts.strings(staged.ids.get("media_ids"))
        if "account_id" not in staged.ids or staged.ids.get("waiting") or len(media) != len(out.media):
            raise TryLater("not staged for Mastodon, or not all of it: nothing was sent")
        if self._is_on_another_server(staged.ids):
            raise TryLater("staged for another server: nothing was sent")
        earlier = self._memory.recall(out.token)
        found = self._out_before(out, staged, began) if earlier is not None else None
        if found is None:
            was_sought = earlier is not None and earlier.is_second_look(began)
            found = self._post(out, staged, began, was_sought=was_sought)
            self._confirm(found, out, staged, began)
        self._memory.forget(out.token, self._clock.now())
        return found

    def _out_before(self, out: Outgoing, staged: Staged, began: datetime) -> Receipt | None:
        """Return the receipt of an earlier attempt; where there is none, the looks after the next call count anew."""
        if found := self._out_already(out, staged, began, otherwise=TryLater):
            return found
        if abs(self._clock.now() - began) > base.PROMPT:
            raise TryLater("looking whether it is out took too long: nothing was sent")
        attempt = self._attempt(out, staged, began)
        if not self._memory.keep(out.token, replace(attempt, not_seen=0.0)):
            raise TryLater("the earlier attempts can't be remembered: nothing was sent")
        return None

    def _post(self, out: Outgoing, staged: Staged, began: datetime, *, was_sought: bool) -> Receipt:
        from scheduler.publishers.http_wire import Fault, Verdict

        media = posts.strings(staged.ids.get("media_ids"))
        try:
            headers = {"Idempotency-Key": out.token}
            body = posts.body(out, media, self._visibility)
            answer = self._wire().look("POST", "/api/v1/statuses", alone=True, json=body, headers=headers)
        except Fault as fault:
            trouble = fault.trouble
        else:
            if receipt := posts.receipt(answer.body, self._clock.now(), self._base_url):
                return receipt
            raise OutcomeUnknown("Mastodon answered the post without an id")
        if trouble.verdict is Verdict.duplicate:  # its media are attached to a post already, or deleted
            if found := self._out_already(out, staged, began):
                return found
            if was_sought or all(self._is_free(one) for one in media):
                raise TryLater(f"{trouble.message}: nothing was posted, the media are uploaded again")
        if trouble.verdict is Verdict.missing and not out.before:
            raise Rejected(f"{trouble.message}: this post was out already, and somebody has deleted it")
        raise self._wire().failed(trouble)

    def _is_free(self, media_id: str) -> bool:
        """Tell whether an upload is in no post yet, as far as the server says."""
        from scheduler.publishers.http_wire import Fault

        try:
            self._wire().look("GET", f"/api/v1/media/{media_id}")
        except Fault:
            return False
        return True

    def _out_already(
        self, out: Outgoing, staged: Staged, since: datetime, *, otherwise: type[PublishError] = OutcomeUnknown
    ) -> Receipt | None:
        """Return the receipt of an earlier attempt, None where there is none; `otherwise` is raised where it can't."""
        try:
            if not self._is_another_account(staged.ids):
                return self._look(out, staged, since)[0]
            said = "staged for another account"
            otherwise = TryLater
        except PublishError as error:
            said = str(error)
        raise otherwise(f"it couldn't be looked up whether the post is out: {said}")

    def _confirm(self, receipt: Receipt, out: Outgoing, staged: Staged, began: datetime) -> None:
        """Make sure that a post is there: a server's protection against spam may say yes and drop it."""
        from scheduler.publishers.http_wire import Fault, Verdict

        try:
            self._wire().look("GET", f"/api/v1/statuses/{receipt.remote_id}")
        except Fault as fault:
            gone = fault.trouble.verdict is Verdict.missing
        else:
            return
        if gone:  # any other trouble says nothing against the server's yes
            attempt = self._attempt(out, staged, began)
            self._memory.keep(out.token, replace(attempt, dropped=receipt.remote_id))
            raise OutcomeUnknown(
                f"{self._base_url} said that it took the post and doesn't have it: perhaps its protection against spam "
                f"dropped it. It isn't posted again; look at {self.account.name}, and ask the server's moderators"
            )

    # ── looking ──

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Look through the account's own posts. Absent only where repeating the very same call does no harm.

        That is: nobody can be working on the call any more, and two looks since then at the account's own list, which
        has all its posts, were in vain. Within an hour the server knows the key of the call besides.
        """
        if self._is_on_another_server(staged.ids) or self._is_another_account(staged.ids):
            return None  # this account's list says nothing of what another one posted
        found, whole = self._look(out, staged, since)
        if found is not None:
            self._memory.forget(out.token, self._clock.now())
            return found
        now, attempt = self._clock.now(), self._attempt(out, staged, since)
        kept = self._memory.keep(out.token, replace(attempt, not_seen=attempt.not_seen or now.timestamp()))
        is_certain = whole and kept and not attempt.dropped and now - since >= base.IN_FLIGHT
        return base.Absent() if is_certain and attempt.is_second_look(now) else None

    def _attempt(self, out: Outgoing, staged: Staged, since: datetime) -> mastodon_memory.Attempt:
        """Return the first attempt at this post, with the uploads of all."""
        latest = mastodon_memory.begun(staged.ids, since)
        first = self._memory.recall(out.token)
        if first is None:
            return latest
        return replace(first, media=tuple(dict.fromkeys([*first.media, *latest.media])))

    def _look(self, out: Outgoing, staged: Staged, since: datetime) -> tuple[Receipt | None, bool]:
        """Return the post's receipt where it is out, and whether all posts were seen that could be it."""
        attempt = self._attempt(out, staged, since)
        earliest = min(since, attempt.first_at) - _CLOCKS_APART
        account_id = str(staged.ids.get("account_id") or self._who()[0])
        post, whole = posts.look(self._wire(), account_id, out, attempt, earliest=earliest)
        return (posts.receipt(post, self._clock.now(), self._base_url) if post else None), whole

    def _is_on_another_server(self, ids: Mapping[str, object]) -> bool:
        """Tell whether something was staged on another server than the account's settings name by now."""
        return ids.get("server", self._base_url) != self._base_url

    def _is_another_account(self, ids: Mapping[str, object]) -> bool:
        """Tell whether something was staged with another account's token."""
        account_id = ids.get("account_id")
        return account_id is not None and account_id != self._who()[0]

    # ── the rest ──

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the post with its media and read back that it is gone. Repeatable.

        "Not there" proves nothing but of this account's own posts on this very server.
        """
        if not posts.is_id(receipt.remote_id):
            raise Rejected(f"{receipt.remote_id!r} is not the id of a post on Mastodon")
        route, where = f"/api/v1/statuses/{receipt.remote_id}", receipt.url or f"the post {receipt.remote_id}"
        if not posts.is_at(receipt, self._base_url):
            return base.NeedsHand(
                f"{self.account.name} is on {self._base_url or 'no server'} by now: delete {where} where it is"
            )
        try:
            answer = self._wire().ask("DELETE", route, params={"delete_media": "true"}, missing_ok=True)
            if answer.status >= 300 and not posts.is_of(receipt, *self._who()):
                return base.NeedsHand(f"delete {where}: @{self._who()[1]}, whose token this is, has no such post")
            if self._wire().ask("GET", route, missing_ok=True).status < 300:
                raise TryLater("Mastodon still shows the post after deleting it")
        except AccountBlocked as blocked:
            return base.NeedsHand(f"log in to {self._base_url} as {self.account.name} and delete {where} ({blocked})")
        return base.Deleted()

    def verify(self) -> str:
        """Return the name the token stands for, once it is clear that the token may do all it has to."""
        from scheduler.publishers.mastodon_login import check_scopes

        self._user = None
        name = self._who()[1]
        check_scopes(self._scopes(), self.account.name)
        return f"@{name}@{self._base_url.partition('://')[2]}"

    def _scopes(self) -> object:
        """Return what the token may do, None where the server doesn't tell."""
        from scheduler.publishers.http_wire import Fault

        try:
            return self._wire().look("GET", "/api/v1/apps/verify_credentials").body.get("scopes")
        except Fault:
            return None

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Register this program with the server, and let a person allow it there and paste a code."""
        from scheduler.publishers.http_wire import Waits
        from scheduler.publishers.mastodon_login import access_token

        waits = Waits(*self._waits)
        return {"ACCESS_TOKEN": access_token(base=self._server(), waits=waits, clock=self._clock, ask=ask)}

    def _server(self) -> str:
        if not self._base_url:
            raise UserError(f"{self.account.name} has no base_url: {_CURE}")
        return self._base_url

    def _wire(self) -> "Wire":
        if self._opened is None:
            from scheduler.publishers.http_wire import Waits
            from scheduler.publishers.mastodon_wire import Wire

            if not self._base_url:
                raise AccountBlocked(f"{self.account.name} has no base_url: {_CURE}")
            token = self._secrets.get("ACCESS_TOKEN", "")
            if not token:
                raise AccountBlocked(f"{self.account.name} has no ACCESS_TOKEN")
            self._opened = Wire(base=self._base_url, waits=Waits(*self._waits), clock=self._clock, token=token)
        return self._opened

    def _who(self) -> tuple[str, str]:
        if self._user is None:
            from scheduler.publishers.mastodon_wire import LOOKING

            user = self._wire().ask("GET", "/api/v1/accounts/verify_credentials", meaning=LOOKING).body
            if not posts.is_id(user.get("id")) or not isinstance(user.get("username"), str):
                raise TryLater("Mastodon did not say whose token this is")
            self._user = user["id"], user["username"]
        return self._user


# ── what an account's settings may be, and a file ───────────────────────────────────────────────────────


def _checked_visibility(account: Account) -> str:
    visibility = account.options.get("visibility", VISIBILITIES[0])
    if visibility not in VISIBILITIES:
        raise UserError(f"{account.name}: visibility is {', '.join(VISIBILITIES)}, not {visibility!r}")
    return str(visibility)


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
