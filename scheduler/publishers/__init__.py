"""The networks. `base` says what each must do; `load` finds one by its name: one file beside this one."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from scheduler.publishers.base import Publisher


@cache
def names() -> frozenset[str]:
    """Return the platforms that this version can publish on, by looking at the files."""
    files = [file for folder in __path__ for file in Path(folder).glob("*.py")]
    return frozenset(file.stem for file in files if file.stem != "base" and "_" not in file.stem)


@cache
def load(platform: str) -> type[Publisher]:
    """Return the publisher class of a platform.

    Raises:
        KeyError: no file of that name.
    """
    if platform not in names():
        raise KeyError(platform)
    found: type[Publisher] = import_module(f"scheduler.publishers.{platform}").Publisher
    return found


class Options(Mapping[str, frozenset[str]]):
    """The options that the accounts of each platform take; a platform is loaded when it is asked for."""

    def __getitem__(self, platform: str) -> frozenset[str]:
        return load(platform).options

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())
