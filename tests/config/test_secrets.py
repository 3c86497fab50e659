"""Where secrets come from, and how a missing one is told."""

import stat
import threading

import pytest

from scheduler import config, files
from scheduler.errors import UserError
from scheduler.model import Account

X = Account(name="x-en", platform="x", language="en", keys="X_EN")
NAMES = ("API_KEY", "API_SECRET")


def test_from_the_environment():
    """A secret is read from the variable of its name."""
    environ = {"X_EN_API_KEY": "k", "X_EN_API_SECRET": "s"}
    assert config.secrets(X, NAMES, environ) == {"API_KEY": "k", "API_SECRET": "s"}


def test_process_environment(monkeypatch):
    """Without a mapping the process's own environment is read, at that moment."""
    monkeypatch.setenv("X_EN_API_KEY", "k")
    assert config.secrets(X, NAMES[:1]) == {"API_KEY": "k"}


def test_from_a_file(tmp_path):
    """A secret may stand in a file that a variable names, from the workspace or anywhere; its line end goes."""
    (tmp_path / "key").write_text("k\n")
    for name in (str(tmp_path / "key"), "key"):
        assert config.secrets(X, NAMES[:1], {"X_EN_API_KEY_FILE": name}, tmp_path) == {"API_KEY": "k"}


def test_from_dot_env(tmp_path):
    """The workspace's .env fills in what the environment hasn't; the environment wins."""
    (tmp_path / ".env").write_text("# secrets\nexport X_EN_API_KEY='k # 1'\n\nX_EN_API_SECRET = s  # new\n")
    assert config.secrets(X, NAMES, {}, tmp_path) == {"API_KEY": "k # 1", "API_SECRET": "s"}
    assert config.secrets(X, NAMES, {"X_EN_API_KEY": "real"}, tmp_path)["API_KEY"] == "real"


def test_all_missing_ones_are_named():
    """One message names every missing variable and the cure."""
    with pytest.raises(UserError, match=r"lacks X_EN_API_KEY, X_EN_API_SECRET; set each .* _FILE"):
        config.secrets(X, NAMES, {"X_EN_API_KEY": ""})


def test_account_without_keys():
    """An account that doesn't say where its secrets are is told what to write."""
    account = Account(name="x-en", platform="x", language="en")
    with pytest.raises(UserError, match=r"add 'keys: X_EN'"):
        config.secrets(account, NAMES, {})
    assert config.secrets(account, (), {}) == {}


@pytest.mark.parametrize(("content", "match"), [(None, "no file"), ("  \n", "without a secret")])
def test_file_without_a_secret(tmp_path, content, match):
    """A file that isn't there or is blank is told by the variable's name."""
    if content is not None:
        (tmp_path / "key").write_text(content)
    with pytest.raises(UserError, match=f"X_EN_API_KEY_FILE names a file .*{match}"):
        config.secrets(X, NAMES[:1], {"X_EN_API_KEY_FILE": "key"}, tmp_path)


def test_broken_dot_env(tmp_path):
    """A line that is no KEY=VALUE is told by its number, without its content."""
    (tmp_path / ".env").write_text("X_EN_API_KEY=k\nswordfish\n")
    with pytest.raises(UserError, match=r"\.env:2:1: error: this is not KEY=VALUE") as caught:
        config.secrets(X, NAMES, {}, tmp_path)
    assert "swordfish" not in str(caught.value)


def test_optional_ones_are_given_where_they_are():
    """What a network takes besides is read likewise, and nothing is missing where it isn't there."""
    environ = {"X_EN_API_KEY": "k", "X_EN_APP_SECRET": "a"}
    assert config.secrets(X, NAMES[:1], environ, optional=("APP_SECRET", "OTHER")) == {
        "API_KEY": "k",
        "APP_SECRET": "a",
    }
    with pytest.raises(UserError, match="lacks X_EN_API_SECRET; set"):
        config.secrets(X, NAMES, environ, optional=("APP_SECRET", "OTHER"))
    bare = Account(name="x-en", platform="x", language="en")
    assert config.secrets(bare, (), environ, optional=("APP_SECRET",)) == {}


def test_env_is_written_for_its_owner_only(tmp_path):
    """A new .env holds what was given, in lines that are read again as they were meant, whatever is in them."""
    for key, secret in (
        ("plain-1.2/x=", 'with # and $ and \\ and ` and "quotes" in it'),
        ("'quoted'", "it's one # two"),
        ('"quoted"', "'"),
    ):
        secrets = {"API_KEY": key, "API_SECRET": secret}
        assert config.put(tmp_path, {f"X_EN_{name}": value for name, value in secrets.items()}, {}) == []
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
        assert config.secrets(X, NAMES, {}, tmp_path) == secrets


@pytest.mark.parametrize("mark", ['"', "$", "`", "\\"])
def test_what_no_quotes_hold_is_refused(tmp_path, mark):
    """A value with both kinds of quotes would be read in another way by other programs: the cure is a file."""
    with pytest.raises(UserError, match=r"X_EN_API_KEY: .* into \.env as X_EN_API_KEY_FILE") as caught:
        config.put(tmp_path, {"X_EN_API_SECRET": "s", "X_EN_API_KEY": f"it's {mark}swordfish{mark}"}, {})
    assert "swordfish" not in str(caught.value)
    assert not (tmp_path / ".env").exists()


def test_two_that_write_at_once_lose_nothing(tmp_path, monkeypatch):
    """While one login writes .env another waits, and then writes into what the first one left."""
    other = threading.Thread(target=config.put, args=(tmp_path, {"X_EN_API_SECRET": "s"}, {}))
    write = files.write

    def meanwhile(path, data):
        monkeypatch.setattr(files, "write", write)
        other.start()
        other.join(0.2)  # it would be done by then, did it not wait
        write(path, data)

    monkeypatch.setattr(files, "write", meanwhile)
    config.put(tmp_path, {"X_EN_API_KEY": "k"}, {})
    other.join(10)
    assert config.secrets(X, NAMES, {}, tmp_path) == {"API_KEY": "k", "API_SECRET": "s"}
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


def test_what_else_stands_in_env_stays(tmp_path):
    """Comments, order and other lines are kept; a name that stands there is replaced, once, where it stood."""
    before = (
        "# secrets\nOTHER=1 # one\n\nexport X_EN_API_KEY='old'\n# X_EN_API_KEY=commented\nX_EN_API_KEY=twice\nLAST=2"
    )
    (tmp_path / ".env").write_text(before)
    (tmp_path / ".env").chmod(0o644)
    config.put(tmp_path, {"X_EN_API_KEY": "new", "X_EN_API_SECRET": "added"}, {})
    after = (
        "# secrets\nOTHER=1 # one\n\nexport X_EN_API_KEY=new\n# X_EN_API_KEY=commented\nLAST=2\nX_EN_API_SECRET=added\n"
    )
    assert (tmp_path / ".env").read_text() == after
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_env_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A value that fits into no line, a .env that can't be read, a disk that is full: what was there is still there."""
    (tmp_path / ".env").write_text("X_EN_API_KEY=old\n")
    for wrong in ("", "two\nlines", " edge", "tab\there"):
        with pytest.raises(UserError, match=r"X_EN_API_KEY: this is no secret that fits into a line") as caught:
            config.put(tmp_path, {"X_EN_API_KEY": wrong}, {})
        assert not wrong or wrong not in str(caught.value)
    with monkeypatch.context() as broken:
        broken.setattr("pathlib.Path.replace", _full)
        with pytest.raises(UserError, match="can't be written"):
            config.put(tmp_path, {"X_EN_API_KEY": "new"}, {})
    assert (tmp_path / ".env").read_text() == "X_EN_API_KEY=old\n"
    assert [file.name for file in tmp_path.iterdir()] == [".env"]
    (tmp_path / ".env").write_text("swordfish\n")
    with pytest.raises(UserError, match="not KEY=VALUE"):
        config.put(tmp_path, {"X_EN_API_KEY": "new"}, {})
    assert (tmp_path / ".env").read_text() == "swordfish\n"


def _full(*_):
    raise OSError(28, "No space left on device")


def test_a_linked_env_stays_a_link(tmp_path):
    """Where .env is a link to a place of secrets, that is where it is written."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "secrets").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(place / "secrets")
    config.put(tmp_path, {"X_EN_API_KEY": "k"}, {})
    assert (tmp_path / ".env").is_symlink()
    assert (place / "secrets").read_text() == "A=1\nX_EN_API_KEY=k\n"


def test_what_the_environment_hides_is_named(tmp_path):
    """The names that the environment sets to something else are returned: it goes before .env."""
    given = {"X_EN_API_KEY": "new", "X_EN_API_SECRET": "same"}
    assert config.put(tmp_path, given, {"X_EN_API_KEY": "old", "X_EN_API_SECRET": "same"}) == ["X_EN_API_KEY"]
