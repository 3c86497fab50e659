"""Taking something in, one step at a time: nothing is lost, nothing is doubled, nothing stays."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from scheduler import cleaning, files
from scheduler.consents import codes
from scheduler.model import Action, Phase, Risk, Text
from scheduler.operations import cover, intake
from scheduler.operations.intake import RefusedError, Why
from scheduler.store import submissions
from scheduler.submission import NameMode, Stage, Submission
from tests import databases
from tests.media.films import film
from tests.web.site import drawn
from tests.world import World, example_consent

ACTION = Action(key="act", title=Text({"": "Act"}), phase=Phase.ongoing, file="posts/act.yaml")
CONSENT = example_consent()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world of its own."""
    made = World(tmp_path)
    yield made
    made.close()


def begun(world: World, *, seed: int = 0, once: str = "once", action: Action = ACTION) -> intake.Begun:
    """Begin a draft with a drawn photo."""
    data = drawn(seed=seed)
    source = io.BytesIO(data)
    return intake.begin(
        world.app, action=action, source=source, size=len(data), once=once, group=False, uploaded_by=None
    )


def ready(world: World, *, seed: int = 0, action: Action = ACTION) -> Submission:
    """Return a draft that can be handed in."""
    draft = intake.clean(world.app, begun(world, seed=seed, once=f"once-{seed}", action=action).submission.id)
    return intake.describe(world.app, draft, message="Hello", language="en")


def stored(world: World) -> set[str]:
    """Return the names of the files of submissions."""
    return {path.name for path in intake.folder(world.app).glob("*")}


def test_cleaning_again_changes_nothing(world: World) -> None:
    """A draft that is clean stays as it is."""
    draft = intake.clean(world.app, begun(world).submission.id)
    assert intake.clean(world.app, draft.id) == draft
    assert stored(world) == {draft.file, draft.preview}
    assert (draft.mime, draft.width, draft.height, draft.problem) == ("image/jpeg", 640, 480, "")


def test_the_original_is_gone_once_it_is_clean(world: World) -> None:
    """Before it is clean the original waits under a random name, for this user alone; after that it is deleted."""
    draft = begun(world).submission
    assert stored(world) == {draft.source}
    assert (intake.folder(world.app) / draft.source).stat().st_mode & 0o077 == 0
    assert intake.clean(world.app, draft.id).source == ""
    assert draft.source not in stored(world)


def test_a_refused_file_says_why_and_is_gone(world: World) -> None:
    """What can't be opened leaves its reason and nothing else."""
    source = io.BytesIO(b"%PDF-1.7 no picture")
    draft = intake.begin(
        world.app, action=ACTION, source=source, size=19, once="a", group=False, uploaded_by=None
    ).submission
    found = intake.clean(world.app, draft.id)
    assert (found.problem, found.file, found.source) == ("NotAPicture", "", "")
    assert stored(world) == set()
    assert intake.unfinished(world.app) == []


@databases.only("sqlite")
def test_an_original_that_vanished_is_told(world: World) -> None:
    """A file that somebody deleted is a damaged one, not a crash: on a machine that can be the only one."""
    draft = begun(world).submission
    (intake.folder(world.app) / draft.source).unlink()
    assert intake.clean(world.app, draft.id).problem == "Damaged"


def test_an_original_that_another_machine_has_is_its_own(world: World) -> None:
    """Where machines share the state alone, one neither takes up nor calls damaged what the other is opening."""
    draft = begun(world).submission
    other = world.daemon("other")
    other.workspace = replace(
        world.workspace, folder=world.workspace.folder / "other", database="postgresql://db/state"
    )
    assert intake.unfinished(other) == []
    assert intake.clean(other, draft.id) == draft
    assert intake.clean(world.app, draft.id).file


def test_of_two_that_open_a_file_the_later_one_uncovers_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is done after another one, and after a face was covered, drops what it made."""
    draft, real = begun(world).submission, cleaning.upload

    def slow(file: BinaryIO) -> Any:
        monkeypatch.setattr(cleaning, "upload", real)
        cover.cover(world.app, intake.clean(world.app, draft.id), [(0.1, 0.1, 0.3, 0.3)])
        file.seek(0)
        return real(file)

    monkeypatch.setattr(cleaning, "upload", slow)
    found = intake.clean(world.app, draft.id)
    assert found.covers == ((0.1, 0.1, 0.3, 0.3),)
    assert stored(world) == {found.source, found.file, found.preview}
    assert found.sha256 == hashlib.sha256((intake.folder(world.app) / found.file).read_bytes()).hexdigest()


def test_of_two_that_open_a_file_the_later_one_blames_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process made clean and deleted just before is no damaged file."""
    draft, real = begun(world).submission, files.open_plain

    def late(path: Path) -> Any:
        monkeypatch.setattr(files, "open_plain", real)
        intake.clean(world.app, draft.id)
        return real(path)

    monkeypatch.setattr(files, "open_plain", late)
    found = intake.clean(world.app, draft.id)
    assert (found.problem, found.source) == ("", "")
    assert stored(world) == {found.file, found.preview}


def test_of_two_covers_at_once_the_slower_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves what the faster one covered, and no file of its own."""
    draft, real = intake.clean(world.app, begun(world).submission.id), cleaning.photo
    faster = [(0.1, 0.1, 0.3, 0.3), (0.5, 0.5, 0.7, 0.7)]

    def slow(*given: Any, **settings: Any) -> Any:
        monkeypatch.setattr(cleaning, "photo", real)
        cover.cover(world.app, draft, faster)
        return real(*given, **settings)

    monkeypatch.setattr(cleaning, "photo", slow)
    with pytest.raises(RefusedError) as refused:
        cover.cover(world.app, draft, faster[:1])
    assert refused.value.why is Why.covered
    found = intake.clean(world.app, draft.id)
    assert found.covers == tuple(faster)
    assert stored(world) == {found.source, found.file, found.preview}


def test_a_machine_that_ends_blames_no_file(world: World) -> None:
    """Where opening was broken off because the program ends, the draft waits for the next start."""
    from media.errors import Unfinished
    from scheduler.files import MachineError

    draft = begun(world).submission

    def broken(*_: object, **__: object) -> None:
        raise Unfinished

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "upload", broken)
        with pytest.raises(MachineError):
            intake.clean(world.app, draft.id, given_up=lambda: True)
    assert intake.unfinished(world.app) == [draft.id]
    assert intake.clean(world.app, draft.id).file


def test_a_draft_that_was_stopped_meanwhile_leaves_no_files(world: World) -> None:
    """Cleaning that ends after its draft is gone deletes what it made."""
    draft = begun(world).submission
    made = intake.clean(world.app, draft.id)
    intake.abandon(world.app, made)
    for step in (
        lambda: intake.clean(world.app, draft.id),
        lambda: cover.cover(world.app, made, [(0.1, 0.1, 0.2, 0.2)]),
        lambda: intake.describe(world.app, made, message="Hello"),
        lambda: intake.hand_in(world.app, made, CONSENT),
    ):
        with pytest.raises(RefusedError) as refused:
            step()
        assert refused.value.why is Why.gone
    assert stored(world) == set()


def test_covers_follow_each_other(world: World) -> None:
    """Each choice of covers is made from the uncovered picture; at any time there are its files and no others."""
    draft = intake.clean(world.app, begun(world).submission.id)
    first = cover.cover(world.app, draft, [(0.1, 0.1, 0.3, 0.3)])
    second = cover.cover(world.app, first, [(0.5, 0.5, 0.7, 0.7)])
    assert second.covers == ((0.5, 0.5, 0.7, 0.7),)
    assert second.source == draft.file
    assert stored(world) == {second.source, second.file, second.preview}
    assert cover.cover(world.app, second, second.covers) == second
    assert second.sha256 not in {draft.sha256, first.sha256}


def test_a_films_faces_are_covered_all_the_way(world: World) -> None:
    """A film is covered at a place, in every picture, and where nobody is to be covered it still goes through."""
    data = film(size=(160, 120))
    draft = intake.begin(
        world.app, action=ACTION, source=io.BytesIO(data), size=len(data), once="f", group=False, uploaded_by=None
    ).submission
    assert draft.film
    clean = intake.clean(world.app, draft.id)
    assert clean.poster
    assert cover.cover(world.app, clean, [], every_face=True).covers == ()
    placed = cover.cover(world.app, clean, [(0.1, 0.1, 0.4, 0.4)])
    assert placed.covers == ((0.1, 0.1, 0.4, 0.4),)
    assert stored(world) == {placed.file, placed.poster, placed.preview, placed.source}


def test_handing_in_needs_everything(world: World) -> None:
    """Without a message, a network, or everybody's yes nothing is handed in."""
    draft = intake.clean(world.app, begun(world).submission.id)
    for consent, why in (
        (replace(CONSENT, networks=()), Why.no_networks),
        (replace(CONSENT, all_agreed=False), Why.not_agreed),
        (replace(CONSENT, adult=False), Why.not_agreed),
        (CONSENT, Why.no_message),
    ):
        with pytest.raises(RefusedError) as refused:
            intake.hand_in(world.app, draft, consent)
        assert refused.value.why is why
    with world.store.read() as c:
        assert submissions.by_id(c, draft.id).stage is Stage.draft


def test_handing_in_gives_a_code_once(world: World) -> None:
    """The code leads to the submission; with the draft's secret the answer can be had again, the same."""
    draft = ready(world)
    made, code = intake.hand_in(world.app, draft, CONSENT, secret="a secret")
    assert made.stage is Stage.pending
    assert intake.hand_in(world.app, draft, CONSENT, secret="a secret") == (made, code)
    assert intake.by_code(world.app, code.lower()) == made
    assert intake.by_code(world.app, codes.written(5)) is None
    assert intake.by_code(world.app, "") is None
    other, another = intake.hand_in(world.app, ready(world, seed=1), CONSENT)
    assert other.id != made.id
    assert another != code


def test_files_tell_the_day_and_not_the_minute(world: World) -> None:
    """Once it is handed in, nothing in the folder says when exactly somebody sat there."""
    made, _ = intake.hand_in(world.app, ready(world), CONSENT)
    times = {(world.workspace.var / "uploads" / name).stat().st_mtime for name in (made.file, made.preview)}
    assert times == {datetime.combine(CONSENT.day, datetime.min.time(), UTC).timestamp()}


def test_two_drafts_of_one_file_are_one_submission(world: World) -> None:
    """Two browsers that sent the same file at the same time: the first to hand in is taken, the other told."""
    action = replace(ACTION, key="act")
    one = ready(world)
    two = begun(world, once="another", action=action)
    twin = intake.describe(world.app, intake.clean(world.app, two.submission.id), message="Hi", language="en")
    intake.hand_in(world.app, one, CONSENT)
    with pytest.raises(RefusedError) as refused:
        intake.hand_in(world.app, twin, CONSENT)
    assert refused.value.why is Why.in_use


def test_the_same_form_after_it_was_handed_in(world: World) -> None:
    """A form from the browser's past, sent again, is told that it was handed in."""
    draft = ready(world)
    intake.hand_in(world.app, draft, CONSENT)
    with pytest.raises(RefusedError) as refused:
        begun(world, once="once-0")
    assert refused.value.why in {Why.sent, Why.in_use}
    assert len(stored(world)) == 2


def test_the_risk_is_the_actions(world: World) -> None:
    """A draft takes over its action's risk; at high risk it keeps no name."""
    draft = begun(world, action=replace(ACTION, risk=Risk.high)).submission
    assert draft.risk is Risk.high
    named = intake.describe(world.app, draft, name="Ada", name_mode=NameMode.full)
    assert (named.name, named.name_mode) == ("", NameMode.none)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  a \n b\t", "a b"),
        ("a\u202eb", "a b"),
        ("e\u0301", "\u00e9"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u0000\u200b\ufeff", ""),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_texts_are_tidied(given: str, kept: str) -> None:
    """What can't be seen goes, but for the marks that scripts need."""
    assert intake.tidy(given) == kept


def test_what_was_agreed_to_is_what_is_handed_in(world: World) -> None:
    """A cover, a name or a message that another tab changed since the text was read: it isn't handed in."""
    draft = ready(world)
    changes: list[dict[str, Any]] = [{"message": "Other words"}, {"name": "Ada", "name_mode": NameMode.full}, {}]
    for words in changes:
        if words:
            now = intake.describe(world.app, draft, **words)
        else:
            now = cover.cover(world.app, draft, [(0.1, 0.1, 0.3, 0.3)])
        with pytest.raises(RefusedError) as refused:
            intake.hand_in(world.app, draft, CONSENT)
        assert refused.value.why is Why.changed
        draft = now
    assert intake.hand_in(world.app, draft, CONSENT)[0].stage is Stage.pending
