"""config.yaml becomes a workspace; each folder in `invalid/` has something wrong in it, and the lines expected."""

from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import config
from scheduler.errors import WorkspaceError
from scheduler.model import Lateness, Notify, Place, Quiet, Text, Then

CASES = sorted((Path(__file__).parent / "invalid").iterdir())
PLATFORMS = frozenset({"x", "outbox"})
WHOLE = """\
name: {en: Round-Up, fr: Tour d'horizon}
timezone: America/Toronto
languages: [en, fr]
brand: {name: Desk, theme: candle, logo: images/logo.png}
late: {after: 45 minutes, then: skip}
quiet: {from: "22:00", to: "07:00"}
stage_ahead: 90 seconds
database: sqlite:///var/other.db
notify: {to: DESK, digest: 5 minutes, repeat: 2 hours, quiet: false}
accounts:
  x-en:  {platform: x, lang: en, keys: X_EN, premium: true}
  x-fr:  {platform: x, lang: fr, keys: X_FR, base_url: "http://127.0.0.1:8099/"}
  local: {platform: outbox}
"""


def load(folder: Path, text: str | bytes, platforms=PLATFORMS):
    """Load a config.yaml with this text."""
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / "logo.png").touch()
    (folder / "config.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return config.load(folder, platforms, themes={"candle", "poster"})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_problems_are_the_expected_ones(case):
    """A broken config.yaml gives exactly the lines in expected.txt."""
    _, problems = config.load(case, PLATFORMS, themes={"candle", "poster"})
    assert "".join(f"{problem}\n" for problem in problems) == (case / "expected.txt").read_text()


def test_whole_config(tmp_path):
    """Every key arrives in the workspace."""
    workspace, problems = load(tmp_path, WHOLE)
    assert problems == []
    assert workspace.name == Text({"en": "Round-Up", "fr": "Tour d'horizon"})
    assert (workspace.timezone.key, workspace.languages) == ("America/Toronto", ("en", "fr"))
    assert (workspace.brand.theme, workspace.brand.logo) == ("candle", "images/logo.png")
    assert workspace.late == Lateness(after=timedelta(minutes=45), then=Then.skip)
    assert workspace.quiet == Quiet(since=time(22), until=time(7))
    assert (workspace.stage_ahead, workspace.database) == (timedelta(seconds=90), "sqlite:///var/other.db")
    assert workspace.notify == Notify(to="DESK", digest=timedelta(minutes=5), repeat=timedelta(hours=2), quiet=False)
    english, french, local = workspace.accounts.values()
    assert (english.keys, english.options) == ("X_EN", {"premium": True})
    assert (french.language, french.base_url) == ("fr", "http://127.0.0.1:8099")
    assert (local.language, local.place) == ("en", Place(file="config.yaml", line=13, column=10))


def test_where_people_write_to(tmp_path):
    """`contact` is one text, or one per language; without it there is none."""
    assert load(tmp_path, WHOLE)[0].contact is None
    workspace, problems = load(tmp_path, WHOLE + "contact: {en: desk@example.org, fr: bureau@example.org}\n")
    assert problems == []
    assert workspace.contact == Text({"en": "desk@example.org", "fr": "bureau@example.org"})
    assert load(tmp_path, WHOLE + "contact: desk@example.org\n")[0].contact == Text({"": "desk@example.org"})


def test_options_of_a_network(tmp_path):
    """A network that names its options takes these and no others."""
    platforms = {"x": (), "bluesky": ("handle",)}
    text = WHOLE.replace("local: {platform: outbox}", "b: {platform: bluesky, handle: desk.example, page: 1}")
    workspace, problems = load(tmp_path, text, platforms)
    assert [str(problem.place) for problem in problems] == ["config.yaml:13:48"]
    assert workspace.broken_accounts == {"b"}
    workspace, problems = load(tmp_path, text.replace(", page: 1", ""), platforms)
    assert workspace.accounts["b"].options == {"handle": "desk.example"}


@pytest.mark.parametrize("case", [case for case in CASES if "secret" in case.name], ids=lambda case: case.name)
def test_no_message_repeats_a_secret(case):
    """What looks like a secret is in no message, and its account is not to be used."""
    workspace, problems = config.load(case, PLATFORMS)
    told = "\n".join(map(str, problems))
    for secret in ("hunter2", "swordfish", "AbCdEf", "correcthorse", "mnop"):
        assert secret not in told
    assert workspace.broken_accounts or "account" not in case.name
    assert all("hunter2" not in str(account) for account in workspace.accounts.values())


@pytest.mark.parametrize("value", ["X_EN", "BLUESKY_MAIN_2", "MASTODON"])
def test_beginnings_of_names_are_no_secrets(tmp_path, value):
    """What `keys` is for passes."""
    assert load(tmp_path, WHOLE.replace("X_EN", value))[1] == []


def test_ordinary_long_words_are_no_secrets(tmp_path):
    """Names, zones, addresses and paths aren't taken for secrets."""
    text = WHOLE.replace("Desk", "crisis-and-tactical-round-up-fall-2021").replace(
        '"http://127.0.0.1:8099/"', "https://mastodon1234567890.example.org/api/v1"
    )
    text = text.replace("America/Toronto", "America/Argentina/Buenos_Aires")
    assert load(tmp_path, text)[1] == []


def test_no_workspace(tmp_path):
    """A folder that isn't there, without config.yaml, or with a folder of that name can't be used."""
    with pytest.raises(WorkspaceError, match="no folder"):
        config.load(tmp_path / "nowhere", PLATFORMS)
    with pytest.raises(WorkspaceError, match="solidarity init"):
        config.load(tmp_path, PLATFORMS)
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(WorkspaceError, match="not a plain file"):
        config.load(tmp_path, PLATFORMS)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(at=st.integers(0, len(WHOLE)), drop=st.integers(0, 20), put=st.binary(max_size=8))
def test_any_slip(tmp_path, at, drop, put):
    """A good config.yaml with bytes cut out and put in gives a workspace or problems, never a traceback."""
    raw = WHOLE.encode()
    workspace, problems = load(tmp_path, raw[:at] + put + raw[at + drop :])
    assert workspace or problems


def test_a_budget_is_a_number(tmp_path):
    """US dollars a month, whole or not, among the options of its account."""
    for written, value in (("25", 25), ("0", 0), ("7.5", 7.5)):
        workspace, problems = load(tmp_path, WHOLE.replace("premium: true", f"budget: {written}"))
        assert problems == []
        assert workspace.accounts["x-en"].options == {"budget": value}
