"""What the tests of the documentation share."""

from pathlib import Path

import pytest


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, and afterwards where one stood before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOLIDARITY_WORKSPACE", raising=False)
    return tmp_path
