"""Uploads through the page itself: odd names and sizes, hostile files, too many at once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler import cleaning
from scheduler.store import submissions
from scheduler.submission import Stage
from scheduler.web.volunteers.cleaner import cleaner_of
from tests.hostile import makers_bombs, makers_disguises
from tests.web.site import CANARY, Served, spoiled

ADD = "/actions/salma/add"
EVERY = "SOLIDARITY_HOSTILE_SEEDS" in os.environ  # all of them come through the page
TAKEN = (
    "polyglot-film-"  # photos with something behind, no films: the page takes them for what they are, and cleans them
)
HOSTILE = [
    *[one for one in makers_disguises.cases() if one.fate == "refused" and TAKEN not in one.name][
        : None if EVERY else 12
    ],
    *[case for case in makers_bombs.cases() if case.fate == "refused"][: None if EVERY else 6],
]

TWO_IN_ONE = [one for one in makers_disguises.cases() if one.name.startswith("polyglot-") and one.fate != "refused"]
BEHIND = (b"PK\3\4", b"%PDF", b"<script", b"<?php", b"Rar!", b"alert(1)", b"<html", b"ftypisom")


@pytest.fixture
def taking(served: Served) -> Iterator[Served]:
    """Give a site whose cleaning ends with the test."""
    yield served
    cleaner_of(served.app).stop()
    cleaning.stop()


def files(served: Served) -> list[Path]:
    """The files that are kept of uploads."""
    return [file for file in (served.folder / "var").rglob("*") if file.is_file() and "uploads" in file.parts]


def count(served: Served) -> int:
    """How many submissions there are."""
    with served.app.store.read() as c:
        return sum(submissions.counts(c).values())


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a.jpg.php",
        "a\u202egpj.exe",
        "n" * 3000,
        "con",
        "",
        "CANARY-7d1f3a.jpg",
        "a\r\nX: y",
        '";x="',
    ],
    ids=lambda name: name[:12].encode("unicode_escape").decode() or "empty",
)
def test_a_files_name_is_nothing_to_us(taking: Served, name: str) -> None:
    """Whatever a file is called, it is taken as its bytes are; its name is nowhere afterwards."""
    answer = taking.client().post(ADD, data={"once": "a"}, files={"file": (name or " ", spoiled(seed=2), "text/html")})
    assert answer.status_code == 303, answer.text
    assert "7d1f3a" not in answer.headers["location"]
    for file in taking.folder.rglob("*"):
        if file.is_file():
            assert CANARY not in file.read_bytes()
            assert "7d1f3a" not in file.name
    assert len(files(taking)) == 2  # the photo made anew, and its preview


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_files_are_refused(taking: Served, case) -> None:
    """A fixed text, 4xx, nothing kept; the site lives on."""
    answer = taking.client().post(ADD, data={"once": "a"}, files={"file": ("a.jpg", case.make())})
    assert 400 <= answer.status_code < 500, answer.status_code
    assert not files(taking)
    assert count(taking) == 0
    assert taking.client().get(ADD).status_code == 200


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xd8\xff", spoiled()[:500]], ids=["empty", "nul", "head", "cut"])
def test_what_is_no_picture_is_refused(taking: Served, data: bytes) -> None:
    """No file, half a file, none at all: said so, nothing kept."""
    answer = taking.client().post(ADD, data={"once": "a"}, files={"file": ("a.jpg", data)})
    assert 400 <= answer.status_code < 500
    assert not files(taking)


def test_the_same_upload_twice_is_one(taking: Served) -> None:
    """A retry with the form's own token is the same draft."""
    for _ in range(2):
        sent = taking.client().post(ADD, data={"once": "same"}, files={"file": ("a.jpg", spoiled(seed=6))})
        assert sent.status_code == 303
    with taking.app.store.read() as c:
        assert submissions.counts(c) == {Stage.draft: 1}


def test_one_client_has_so_many_at_a_time(taking: Served) -> None:
    """Past twenty uploads at once an address waits; others don't, and nothing is lost."""
    counts = taking.site.counts
    with counts.upload("testclient", each=20, most=100) as fits:
        assert fits
        held = [counts.upload("testclient", each=20, most=100) for _ in range(19)]
        assert all(one.__enter__() for one in held)
        sent = taking.client().post(ADD, data={"once": "a"}, files={"file": ("a.jpg", spoiled(seed=7))})
        assert sent.status_code == 429
        other = taking.client(client=("198.51.100.3", 1))
        sent = other.post(ADD, data={"once": "a"}, files={"file": ("a.jpg", spoiled(seed=7))})
        assert sent.status_code == 303
        for one in held:
            one.__exit__(None, None, None)
    assert counts.uploads == 0


def test_ten_thousand_parts_are_no_form(taking: Served) -> None:
    """A body of very many parts is refused early, whether they are words or files."""
    for head in (b'name="x"', b'name="file"; filename="a"'):
        body = (b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\ny\r\n") * 10_000 + b"--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        assert taking.client().post(ADD, content=body, headers=kind).status_code == 400
    assert not files(taking)


@pytest.mark.parametrize("case", TWO_IN_ONE if EVERY else TWO_IN_ONE[::3], ids=lambda case: case.name)
def test_of_a_photo_with_something_in_it_the_photo_alone_is_kept(taking: Served, case) -> None:
    """What the page takes is made anew: nothing that stood in it or behind it is in any file."""
    answer = taking.client().post(ADD, data={"once": "a"}, files={"file": ("a.jpg", case.make())})
    kept = [file.read_bytes() for file in files(taking)]
    assert len(kept) == (2 if answer.status_code == 303 else 0), answer.text
    assert answer.status_code == 303 or (400 <= answer.status_code < 500 and "-behind-" not in case.name)
    assert [mark for mark in BEHIND for data in kept if mark in data] == []
