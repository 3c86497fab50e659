"""Imported into a stem of commands, it plants the bug that SOLIDARITY_PLANT names: every call of it has that bug."""

import os

import pytest

from tests.reliability.plants import PLANTS

PLANTS[os.environ["SOLIDARITY_PLANT"]](pytest.MonkeyPatch())
