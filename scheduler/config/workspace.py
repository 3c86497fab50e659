"""`config.yaml` -> Workspace."""

from collections.abc import Collection
from pathlib import Path

from scheduler.config import keys, literals
from scheduler.errors import WorkspaceError
from scheduler.model import Account, Brand, Moderation, Notify, OpenId, Place, Problem, Quiet, Storage, Text, Workspace
from scheduler.reading import parse, source
from scheduler.reading.files import finder
from scheduler.reading.late import lateness
from scheduler.reading.nodes import Node
from scheduler.reading.report import Report
from scheduler.reading.shapes import Fields, Json, document

FILE = "config.yaml"
_NO_WORKSPACE = frozenset({"missing-file", "not-a-file", "unreadable-file", "outside-workspace"})


def load(
    folder: Path, platforms: keys.Platforms, *, themes: Collection[str] = ()
) -> tuple[Workspace | None, list[Problem]]:
    """Return the workspace in `folder`, and every problem of its config.yaml in order of place.

    `platforms`: the networks there are, or a mapping from each to the names of the account options that it
    takes. `themes`: the cards' themes; none leaves the brand's unchecked. The workspace is None where its
    zone or its languages are unknown; an account with an error of its own is among `broken_accounts`. With
    any error among the problems the workspace is good for checking posts, not for publishing them.

    Raises:
        WorkspaceError: there is no config.yaml, or none that can be opened.
    """
    report = Report()
    if not folder.is_dir():
        raise WorkspaceError(f"there is no folder {folder}; name a workspace with -C, or make one with 'init'")
    text = source.read_text(folder / FILE, folder, FILE, report)
    if text is None and report.problems[0].rule in _NO_WORKSPACE:
        raise WorkspaceError(
            f"{folder} is not a workspace: {report.problems[0].message}; 'solidarity init' makes a new one"
        )
    root = parse.nodes(text, FILE, report) if text is not None else None
    workspace = _workspace(root, folder, platforms, themes, report) if root is not None else None
    return workspace, sorted(report.problems, key=lambda problem: (problem.place, problem.rule))


def schema() -> Json:
    """Return the JSON Schema of config.yaml."""
    return document("Solidarity workspace", keys.workspace((), (), str))


def _workspace(
    root: Node, folder: Path, platforms: keys.Platforms, themes: Collection[str], report: Report
) -> Workspace | None:
    secret = literals.search(root, report)
    read = Report()
    read.hidden = report.hidden
    fields = keys.workspace(platforms, themes, finder(folder, "")).read(root, FILE, read)
    # What holds a secret has its problem already; a second one about its form would only distract.
    report.problems += [problem for problem in read.problems if problem.place not in secret]
    if not isinstance(fields, Fields):
        return None
    zone, languages = fields.get("timezone"), fields.get("languages")
    if zone is None or not languages:
        return None
    accounts, broken = _accounts(fields, secret, languages[0])
    if not accounts and not broken and "accounts" in fields.places:
        message = "there is no account, so nothing can be published; add one, e.g. local: {platform: outbox}"
        report.warn(fields.at("accounts"), "no-accounts", message)
    return Workspace(
        folder=folder,
        name=fields.get("name", Text({})),
        timezone=zone,
        languages=languages,
        accounts=accounts,
        broken_accounts=broken,
        platforms=frozenset(platforms),
        brand=_brand(fields),
        late=lateness(fields.get("late")) or Workspace.late,
        quiet=_quiet(fields, report),
        stage_ahead=fields.get("stage_ahead", Workspace.stage_ahead),
        database=fields.get("database", Workspace.database),
        public_url=(fields.get("public_url") or "").rstrip("/") or None,
        contact=fields.get("contact"),
        moderation=_moderation(fields),
        sign_in=_sign_in(fields),
        storage=_storage(fields, report),
        notify=_notify(fields),
    )


def _brand(fields: Fields) -> Brand:
    brand = fields.get("brand")
    if brand is None:
        return Brand()
    return Brand(name=brand.get("name", Text({})), theme=brand.get("theme", Brand.theme), logo=brand.get("logo"))


def _moderation(fields: Fields) -> Moderation:
    wanted = fields.get("moderation")
    if wanted is None:
        return Moderation()
    return Moderation(
        cooling_off=wanted.get("cooling_off", Moderation.cooling_off),
        passkeys=wanted.get("passkeys", Moderation.passkeys),
    )


def _sign_in(fields: Fields) -> OpenId | None:
    wanted = fields.get("sign_in")
    if wanted is None or None in (wanted.get("issuer"), wanted.get("client_id"), wanted.get("keys")):
        return None
    issuer = wanted.get("issuer").rstrip("/")
    return OpenId(issuer=issuer, client_id=wanted.get("client_id"), keys=wanted.get("keys"))


def _storage(fields: Fields, report: Report) -> Storage | None:
    wanted = fields.get("storage")
    if wanted is None or None in (wanted.get("bucket"), wanted.get("keys")):
        return None
    return Storage(
        bucket=wanted.get("bucket"),
        endpoint=wanted.get("endpoint") or "",
        region=wanted.get("region") or "us-east-1",
        keys=wanted.get("keys"),
        private=_private(wanted, report),
        encryption=wanted.get("encryption") or "",
    )


def _private(wanted: Fields, report: Report) -> str:
    """Return the place of private files; neither it nor the one of lent files may lie in the other."""
    private, lent = wanted.get("private") or "", wanted.get("bucket")
    if f"{private}/".startswith(f"{lent}/") or f"{lent}/".startswith(f"{private}/"):
        message = f"private files can't lie where files are lent from ({lent}); write another folder, or another bucket"
        report.error(wanted.at("private"), "bad-value", message)
        return ""
    return private


def _notify(fields: Fields) -> Notify | None:
    wanted = fields.get("notify")
    if wanted is None or wanted.get("to") is None:
        return None
    given = {name: wanted.get(name) for name in ("digest", "repeat", "quiet")}
    return Notify(to=wanted.get("to"), **{name: value for name, value in given.items() if value is not None})


def _quiet(fields: Fields, report: Report) -> Quiet | None:
    quiet = fields.get("quiet")
    if quiet is None or quiet.get("from") is None or quiet.get("to") is None:
        return None
    if quiet.get("from") == quiet.get("to"):
        report.error(quiet.at("to"), "bad-value", "quiet hours end when they begin; give 'to' another time")
        return None
    return Quiet(since=quiet.get("from"), until=quiet.get("to"))


def _accounts(fields: Fields, secret: set[Place], language: str) -> tuple[dict[str, Account], frozenset[str]]:
    """Return the accounts, and the names of those with an error: with half of its keys one is dangerous."""
    good, broken = {}, set()
    for name, (one, is_good) in fields.get("accounts", {}).items():
        if one is not None and is_good and not secret & set(one.places.values()):
            good[name] = _account(name, one, language)
        else:
            broken.add(name)
    return good, frozenset(broken)


def _account(name: str, fields: Fields, language: str) -> Account:
    common = {"platform", "lang", "keys", "base_url"}
    return Account(
        name=name,
        platform=fields.get("platform"),
        language=fields.get("lang", language),
        keys=fields.get("keys", ""),
        base_url=fields.get("base_url"),
        options={key: value for key, value in fields.values.items() if key not in common},
        place=Place(file=FILE, line=fields.place.line, column=fields.place.column),
    )
