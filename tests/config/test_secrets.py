"""Where secrets come from, and how a missing one is told."""

import pytest

from scheduler import config
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
