"""The keys of `config.yaml`: what each takes and what it is for. The check and the JSON Schema stand on this."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from scheduler.reading.late import LATE_KEYS
from scheduler.reading.nodes import Node, Scalar, Table, plain
from scheduler.reading.report import Report, Wrong, cure, shown
from scheduler.reading.shapes import Judged, Key, Leaf, ListOf, MapOf, Record, unknown
from scheduler.reading.times import DURATION, TIME
from scheduler.reading.values import BASE_URL, FLAG, LANG, account_name, known, texts

Platforms = Collection[str] | Mapping[str, Collection[str]]

QUIET = Record(
    (
        Key(name="from", shape=TIME, doc='the first quiet minute, e.g. "22:00"', absent="missing-key"),
        Key(name="to", shape=TIME, doc='the first minute after, e.g. "07:00"', absent="missing-key"),
    ),
    "quiet",
)
_KEYS = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown, malformed, the name of a folder of zones
        cured = cure(text, available_timezones()) if text else ""
        cured = cured if cured.startswith("; did you") else "; write it as America/Toronto"
        raise Wrong("bad-zone", f"{shown(text)} is not a time zone{cured}") from None


def _keys(text: str) -> str:
    if not _KEYS.fullmatch(text):
        message = "'keys' takes the beginning of the secrets' names, such as X_EN; put the secrets into .env"
        raise Wrong("literal-secret", message)
    return text


def _database(text: str) -> str:
    if not re.match(r"sqlite:///.|postgresql(\+psycopg)?://.", text):
        message = "this is not a database; write sqlite:///var/state.db or postgresql+psycopg://HOST/NAME"
        raise Wrong("bad-value", message)
    if re.search(r"^[^/]*//[^/@:]*:.*@|[?&](ssl)?pass(word|file)=", text):
        message = "a password doesn't belong here; put DATABASE_PASSWORD into .env, and leave it out of the address"
        raise Wrong("literal-secret", message)
    return text


def _budget(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1_000_000:
        raise Wrong("bad-value", f"{shown(text)} is no sum; write US dollars a month, e.g. 25")
    return int(value) if value == int(value) else value


BUDGET = Leaf("a number (US dollars a month)", _budget, {"type": "number", "minimum": 0}, frozenset({"int", "float"}))


def _bucket(text: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]+)?", text):
        raise Wrong("bad-value", "this is no place in a storage; write s3://BUCKET, or s3://BUCKET/FOLDER")
    return text.rstrip("/")


_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")


def _encryption(text: str) -> str:
    if text not in _ENCRYPTIONS:
        raise Wrong("bad-value", f"{shown(text)} is no encryption{cure(text, _ENCRYPTIONS)}")
    return text


def _to(text: str) -> str:
    if not _KEYS.fullmatch(text):
        message = (
            "'to' takes the beginning of a secret's name, such as NOTIFY; put the addresses into .env, NOTIFY_URLS="
        )
        raise Wrong("literal-secret", message)
    return text


def _between(least: str, most: str) -> Leaf:
    """Return the shape of a duration within bounds."""

    def read(text: str) -> timedelta:
        found: timedelta = DURATION.parse(text)
        if not DURATION.parse(least) <= found <= DURATION.parse(most):
            raise Wrong("bad-duration", f"{shown(text)} can't be meant here; write {least} to {most}")
        return found

    return replace(DURATION, parse=read)


ZONE = Leaf("a text (a time zone)", _zone, {"type": "string", "examples": ["America/Toronto"]})
KEYS = Leaf("a text (the beginning of the secrets' names)", _keys, {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"})
DATABASE = Leaf("a text (a database's address)", _database)


MODERATION = Record(
    (
        Key(name="cooling_off", shape=DURATION, doc="how long what was approved waits, e.g. 1 day"),
        Key(name="passkeys", shape=FLAG, doc="true: only who signed in with a passkey may decide on them"),
    ),
    "moderation",
)
SIGN_IN = Record(
    (
        Key(name="issuer", shape=BASE_URL, doc="the provider's address", absent="missing-key"),
        Key(name="client_id", shape=Leaf("a text", str), doc="the name it knows this site by", absent="missing-key"),
        Key(name="keys", shape=KEYS, doc="the beginning of the name of its secret", absent="missing-key"),
    ),
    "sign_in",
)


STORAGE = Record(
    (
        Key(
            name="bucket",
            shape=Leaf("a text (s3://BUCKET)", _bucket, {"type": "string", "pattern": "^s3://"}),
            doc="the place in it, e.g. s3://our-pictures/lent",
            absent="missing-key",
        ),
        Key(name="endpoint", shape=BASE_URL, doc="its address; Amazon's own otherwise"),
        Key(name="region", shape=Leaf("a text", str), doc="its region; us-east-1 otherwise"),
        Key(name="keys", shape=KEYS, doc="the beginning of the names of its secrets", absent="missing-key"),
        Key(
            name="private",
            shape=Leaf("a text (s3://BUCKET/FOLDER)", _bucket, {"type": "string", "pattern": "^s3://"}),
            doc="the place for what several machines share and nobody else may see, e.g. s3://our-pictures/private",
        ),
        Key(
            name="encryption",
            shape=Leaf("a text (AES256)", _encryption, {"enum": list(_ENCRYPTIONS)}),
            doc="how the storage is asked to encrypt what it keeps: AES256, aws:kms or aws:kms:dsse",
        ),
    ),
    "storage",
)


NOTIFY = Record(
    (
        Key(
            name="to",
            shape=replace(KEYS, what="a text (the beginning of a secret's name)", parse=_to),
            doc="the beginning of the name of the secret that holds the addresses; never an address",
            absent="missing-key",
        ),
        Key(
            name="digest", shape=_between("1 minute", "1 day"), doc="how long what is new is gathered into one message"
        ),
        Key(name="repeat", shape=_between("10 minutes", "7 days"), doc="how soon what still waits is said again"),
        Key(name="quiet", shape=FLAG, doc="false: also in the quiet hours"),
    ),
    "notify",
)


def account(platforms: Platforms) -> Record:
    """Return the shape of one account. A mapping of `platforms` names the options that each one takes."""
    networks = known("a network", "unknown-platform", "that this program knows", set(platforms) or None)
    keys = (
        Key(name="platform", shape=networks, doc="the network, e.g. x, or outbox", absent="missing-key"),
        Key(name="lang", shape=LANG, doc="the account's language; the workspace's first one otherwise"),
        Key(name="keys", shape=KEYS, doc="the beginning of the names of its secrets, e.g. X_EN; never a secret"),
        Key(name="base_url", shape=BASE_URL, doc="another server of that network, or a stand-in for tests"),
        Key(name="budget", shape=BUDGET, doc="how many US dollars its posts may cost a month, where posts cost any"),
        Key(name="premium", shape=FLAG, doc="whether the account may post long texts (X)"),
    )
    names = [key.name for key in keys]

    def extra(table: Table, key: Scalar, node: Node, report: Report) -> object:
        platform = table.get("platform")
        options = _options(platforms, platform.text if isinstance(platform, Scalar) else "")
        near = difflib.get_close_matches(key.text[:100], names, n=1, cutoff=0.75)
        if (near if options is None else key.text not in options) or isinstance(node, Table):
            unknown(key, [*names, *(options or ())], report)
            return None
        return plain(node)

    return Record(keys, "an account", extra)


def _options(platforms: Platforms, platform: str) -> Collection[str] | None:
    """Return the options that a network takes beyond the common ones; None where nobody has said."""
    options = platforms.get(platform) if isinstance(platforms, Mapping) else None
    return options if isinstance(options, Collection) and not isinstance(options, str) else None


def workspace(platforms: Platforms, themes: Collection[str], find: Callable[[str], str]) -> Record:
    """Return the shape of the whole file. `find` turns a file's name into its path in the workspace."""
    brand = Record(
        (
            Key(name="name", shape=texts(()), doc="who speaks, as the cards show it"),
            Key(
                name="theme",
                shape=known("a theme", "unknown-theme", "of the cards", set(themes) or None),
                doc="the look of the cards where neither action nor post names one",
            ),
            Key(name="logo", shape=Leaf("a text (a file's name)", find), doc="a picture for the cards"),
        ),
        "brand",
    )
    accounts = MapOf(Judged(account(platforms)), account_name, "a mapping of accounts (x-en: {platform: x})")
    must = "missing-key"
    return Record(
        (
            Key(name="name", shape=texts(()), doc="what the campaign is called", absent=must),
            Key(
                name="timezone",
                shape=ZONE,
                doc="the zone of every time written here, e.g. America/Toronto",
                absent=must,
            ),
            Key(
                name="languages",
                shape=ListOf(LANG, "a list of languages ([en, fr])", 1),
                doc="the languages of the campaign; the first fills in where a text has no other",
                absent=must,
            ),
            Key(name="brand", shape=brand, doc="who speaks: shown on the cards"),
            Key(name="late", shape=LATE_KEYS, doc="how late a delivery may go, and what happens past that"),
            Key(name="quiet", shape=QUIET, doc="hours in which nothing goes out"),
            Key(name="stage_ahead", shape=DURATION, doc="how long before its time a post is prepared"),
            Key(name="database", shape=DATABASE, doc="where the state is kept, e.g. sqlite:///var/state.db"),
            Key(
                name="public_url",
                shape=BASE_URL,
                doc="where people reach the web pages, e.g. https://solidarity.example.org",
            ),
            Key(name="contact", shape=texts(()), doc="where volunteers write to: a mail or web address, or words"),
            Key(name="moderation", shape=MODERATION, doc="how careful moderators are with actions of high risk"),
            Key(name="sign_in", shape=SIGN_IN, doc="where else staff may sign in: an OpenID Connect provider"),
            Key(name="storage", shape=STORAGE, doc="where networks fetch pictures from, in place of the web pages"),
            Key(name="notify", shape=NOTIFY, doc="whom the program tells that a person is needed"),
            Key(name="accounts", shape=accounts, doc="where to publish, each under a name of its own", absent=must),
        ),
        "config.yaml",
    )
