"""The interface speaks French everywhere, and says there what it says in English."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from scheduler.web import words

WEB = Path(words.__file__).parent
METHODS = [("**.py", "python"), ("**.jinja", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "many": (1, 2)}
LANGUAGES = [name for name in words.languages() if name != "en"]


def said() -> dict[str | tuple[str, str], list[str]]:
    """Return every text of the interface, with the places where it is said."""
    found: dict[str | tuple[str, str], list[str]] = {}
    rows = extract_from_dir(WEB, METHODS, keywords=KEYWORDS, options_map={"**.jinja": {"silent": "false"}})
    for file, line, message, _, _ in rows:
        found.setdefault(message, []).append(f"{file}:{line}")
    return found


def catalogue(language: str) -> dict[str | tuple[str, str], tuple[str, ...]]:
    """Return every translation of a language."""
    return {message: forms for _, message, forms in translations(language)}


def translations(language: str) -> Iterator[tuple[str, str | tuple[str, str], tuple[str, ...]]]:
    """Give each translation of a language with the file it stands in."""
    for file in sorted((words.FOLDER / language).glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    forms = message.string if isinstance(message.string, tuple) else (message.string,)
                    yield file.name, message.id if isinstance(message.id, str) else tuple(message.id), forms


def literals() -> set[str]:
    """Return every text that stands in the code: some are told by operations, and said by the pages."""
    found = set()
    for file in WEB.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def placeholders(text: str) -> Counter[str]:
    """Count what is filled into a text."""
    return Counter(re.findall(r"\{\w*\}|%\(\w+\)\w", text))


def missing(language: str) -> list[str]:
    """Return the texts that a language lacks, with their places."""
    there = catalogue(language)
    return [f"{places[0]}: {message!r}" for message, places in said().items() if not all(there.get(message, ("",)))]


def test_there_is_french() -> None:
    """The pages can be read in French."""
    assert "fr" in words.languages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    """Nothing that templates and code say stays English in another language."""
    lacking = missing(language)
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_the_same(language: str) -> None:
    """A translation has the very places to fill in that its English has."""
    for file, message, forms in translations(language):
        wanted = placeholders(message if isinstance(message, str) else message[1])
        for form in forms:
            if isinstance(message, str):
                assert placeholders(form) == wanted, (file, message, form)
            else:
                assert set(placeholders(form)) <= set(wanted), (file, message, form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_one_translation(language: str) -> None:
    """Two catalogues don't say the same text in two ways."""
    seen: dict[object, tuple[str, tuple[str, ...]]] = {}
    for file, message, forms in translations(language):
        other, earlier = seen.setdefault(message, (file, forms))
        assert earlier == forms, f"{message!r} is {earlier} in {other} and {forms} in {file}"


def test_french_is_set_as_french_is() -> None:
    """French has its own apostrophe, and spaces that don't break before its signs."""
    for file, message, forms in translations("fr"):
        for form in forms:
            assert "'" not in form, (file, message)
            assert not re.search(r"\w-elles?\b", form), (file, message, "a hyphen that doesn't break: U+2011")
            assert not re.search(r"[^\s\u00a0\u202f?!]\s?(?<![\u00a0\u202f])[?!»;]", form), (file, message, form)


def test_nothing_translated_is_said_no_more() -> None:
    """A catalogue holds no text that the interface has given up."""
    there = said()
    singles = {message if isinstance(message, str) else message[0] for message in there} | literals()
    stale = [
        (file, message)
        for file, message, _ in translations("fr")
        if (message if isinstance(message, str) else message[0]) not in singles
    ]
    assert not stale
