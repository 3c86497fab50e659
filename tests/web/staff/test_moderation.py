"""One submission: what its page shows, and every decision that can be made there."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.model import Risk
from scheduler.operations import queue
from scheduler.status import Status
from scheduler.store import deliveries
from scheduler.submission import NameMode, Role, Stage
from tests.web.staff.moderated import APPROVED, PENDING, REJECTED, Bench, action

FORMS = ("approve", "undo", "reject", "alt", "risk", "second-look", "take-back", "cover")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a site with moderators."""
    made = Bench(tmp_path)
    yield made
    made.served.close()


def test_the_page_shows_what_a_decision_needs(bench: Bench) -> None:
    """The picture, the words, what was agreed by hash and version, each network's post, and the next slot are there."""
    one = bench.hand_in("outbox", message="I stand with Salma", alt="A person with a sign", group=True)
    page = bench.page(one)
    assert f'src="/media/{one.ref}/photo"' in page
    for words in ("I stand with Salma", "A person with a sign", "Group: 1 person can be recognised"):
        assert words in page
    assert "version 1 in English, with the hash 000000000000…" in page
    assert "In solidarity, a volunteer." in page
    assert "Solidaires, une personne." in page
    assert "Tue 3 Mar 2026, 12:00" in page
    assert "(17:00 UTC)" in page


def test_a_contact_is_unsealed_only_where_one_was_given(bench: Bench) -> None:
    """The page says how to reach the person when they gave it, and has no such part when not."""
    sealed = bench.served.app.vault.seal("amina@example.org")
    with_contact, without = bench.hand_in(contact=sealed), bench.hand_in()
    assert "amina@example.org" in bench.page(with_contact)
    assert "contact-title" not in bench.page(without)


def test_the_framed_picture_is_rendered_and_leaves_nothing_on_the_disk(bench: Bench) -> None:
    """Each account's picture comes as a JPEG; a picture that isn't approved isn't written anywhere else."""
    one = bench.hand_in("outbox")
    addresses = re.findall(r'src="(/staff/moderation/[^"]+/framed/[^"]+)"', bench.page(one))
    assert len(addresses) == 2
    for address in addresses * 2:
        answer = bench.browser.get(address.replace("&amp;", "&"))
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
    assert not list((bench.served.app.workspace.var).glob("rendered/*"))
    assert bench.browser.get(f"/staff/moderation/{one.ref}/framed/nobody?post=faces&at=x").status_code == 400


def test_only_the_networks_that_were_agreed_to_are_shown(tmp_path: Path) -> None:
    """A network without consent has no post on the page, and no slot is offered where none is reached."""
    bench = Bench(tmp_path)
    page = bench.page(bench.hand_in("x"))
    assert "In solidarity" not in page
    assert "No slot of the action is free." in page
    bench.served.close()


def test_yes_goes_to_the_next_slot_and_on_to_the_next_one(bench: Bench) -> None:
    """Approving gives the slot that was shown, says so, and leads to the next one that waits."""
    one, other = bench.hand_in(), bench.hand_in()
    answer = bench.press(one, "approve", placing="next")
    assert answer.headers["location"] == f"/staff/moderation/{other.ref}?undo={one.ref}"
    assert bench.told(answer) == "Approved: it goes out on Tue 3 Mar 2026, 12:00."
    done = bench.now(one)
    assert (done.stage, done.occurrence) == (APPROVED, "2026-03-03T12:00")
    assert "Wed 4 Mar 2026, 12:00" in bench.page(other)  # the next one gets the next slot


def test_the_last_one_leads_back_to_the_list(bench: Bench) -> None:
    """After the last decision the list is shown, with the filter that was chosen."""
    one = bench.hand_in()
    answer = bench.press(one, "reject", reason="off-topic", action="salma", risk="low")
    assert answer.headers["location"] == "/staff/moderation?action=salma&risk=low"


def test_an_approval_can_be_undone_while_nothing_is_out(bench: Bench) -> None:
    """The page after an approval has an undo; it waits again then, and its slot is free."""
    one, other = bench.hand_in(), bench.hand_in()
    after = bench.browser.get(bench.press(one, "approve", placing="next").headers["location"]).text
    assert f'action="/staff/moderation/{one.ref}/undo"' in after
    answer = bench.press(one, "undo")
    assert bench.told(answer) == "The approval is taken back: it waits for a decision again."
    done = bench.now(one)
    assert (done.stage, done.occurrence, done.due_at) == (PENDING, "", None)
    assert "Tue 3 Mar 2026, 12:00" in bench.page(other)
    assert bench.case(one, bench.ben).why_not == ""


def test_what_is_out_is_not_undone(bench: Bench) -> None:
    """Once a post of it may be out there is no undo, and one that is sent all the same is refused in words."""
    one = bench.hand_in("outbox")
    bench.press(one, "approve", placing="next")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    assert "Take the approval back" in bench.page(one)
    with bench.served.app.store.write() as c:
        delivery = deliveries.named(c, "salma/faces/2026-03-03T12:00@en")
        deliveries.set_columns(c, delivery, status=str(Status.sending))
    assert "Take the approval back" not in bench.page(one)
    assert bench.told(bench.press(one, "undo")) == "It is out, or on its way out: take it down first."
    assert bench.now(one).stage is APPROVED
    for stage in (bench.hand_in(), bench.hand_in(stage=Stage.rejected)):
        assert bench.told(bench.press(stage, "undo")) == "It was changed meanwhile: look at it again."


def test_an_undone_one_leaves_the_queue(bench: Bench) -> None:
    """What was in the queue of an approval that is undone is cancelled, and the next one can have its slot."""
    one, other = bench.hand_in("outbox"), bench.hand_in("outbox")
    bench.press(one, "approve", placing="next")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    bench.press(one, "undo")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    assert [place.status for place in bench.case(one).whereabouts] in ([], [Status.cancelled] * 2)
    bench.press(other, "approve", placing="next")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    assert [place.status for place in bench.case(other).whereabouts] == [Status.queued] * 2


def test_yes_for_a_given_time(bench: Bench) -> None:
    """A time on the workspace's clock is taken; one that has passed, one past the window and no time are refused."""
    one = bench.hand_in()
    for when, words in (
        ("2026-03-02T06:00", "That is too early"),
        ("2026-05-01T06:00", "The action isn’t open at that time"),
        ("tomorrow", "Give a day and a time."),
        ("", "Give a day and a time."),
    ):
        answer = bench.press(one, "approve", placing="at", when=when)
        assert answer.headers["location"].endswith("?wrong=at")
        assert words in bench.told(answer)
        assert 'aria-invalid="true" aria-describedby="when-wrong"' in bench.page(one, "?wrong=at")
    assert bench.now(one).stage is PENDING
    bench.press(one, "approve", placing="at", when="2026-03-06T18:30")
    assert bench.now(one).due_at == datetime(2026, 3, 6, 23, 30, tzinfo=UTC)


def test_a_time_in_the_quiet_hours_is_refused_with_their_end(tmp_path: Path) -> None:
    """The page never promises a time at which nothing goes out: it says when that is over, and takes that minute."""
    bench = Bench(tmp_path, config='quiet: {from: "22:00", to: "07:00"}\n')
    one = bench.hand_in()
    answer = bench.press(one, "approve", placing="at", when="2026-03-05T23:30")
    assert answer.headers["location"].endswith("?wrong=at")
    assert "the quiet hours last until Fri 6 Mar 2026, 07:00" in bench.told(answer)
    assert bench.now(one).stage is PENDING
    bench.press(one, "approve", placing="at", when="2026-03-06T07:00")
    assert bench.now(one).stage is APPROVED
    bench.served.close()


def test_the_title_keeps_the_typography_of_its_language(bench: Bench) -> None:
    """In French a space that doesn't break stands before the colon."""
    one = bench.hand_in()
    bench.browser.headers["Accept-Language"] = "fr"
    assert "<title>Modération\N{NO-BREAK SPACE}: " in bench.page(one)
    assert "<title>Couvrir un visage\N{NO-BREAK SPACE}: " in bench.page(one, "/cover")


def test_yes_to_the_pool(bench: Bench) -> None:
    """The pool takes it without a slot."""
    one = bench.hand_in()
    assert bench.told(bench.press(one, "approve", placing="pool")) == "Approved: it waits in the pool."
    done = bench.now(one)
    assert (done.stage, done.due_at) == (APPROVED, None)
    assert "It waits in the pool" in bench.page(one)


def test_without_a_free_slot_the_pool_is_offered(tmp_path: Path) -> None:
    """When every slot is taken the page says so, and a yes to the next slot is refused in words."""
    bench = Bench(tmp_path, salma=action(when="at: 2026-03-03 12:00"))
    one, other = bench.hand_in(), bench.hand_in()
    bench.press(one, "approve", placing="next")
    assert "No slot of the action is free." in bench.page(other)
    assert bench.told(bench.press(other, "approve", placing="next")) == "No slot of the action is free."
    assert bench.now(other).stage is PENDING
    bench.served.close()


def test_no_needs_a_reason_which_stays_inside(bench: Bench) -> None:
    """A no without a reason, or "something else" without a word, changes nothing; with one it is kept and shown."""
    one = bench.hand_in()
    for fields in ({}, {"reason": "made-up"}, {"reason": "other", "more": " "}):
        assert bench.told(bench.press(one, "reject", **fields)) == "Choose a reason, or write one."
    assert bench.now(one).stage is PENDING
    marked = bench.page(one, "?wrong=reject")
    assert 'aria-invalid="true" aria-describedby="reason-wrong"' in marked
    assert 'id="reason-wrong">Choose a reason, or write one.' in marked
    bench.press(one, "reject", reason="private", more="a passport")
    done = bench.now(one)
    assert (done.stage, done.reason) == (REJECTED, "private: a passport")
    assert "It shows an address, a document or the like: a passport" in bench.page(one)


def test_the_alt_text_is_edited_and_voids_the_approval(bench: Bench) -> None:
    """A better alt text is kept; what was approved waits for a yes again."""
    one = bench.hand_in()
    bench.press(one, "approve", placing="next")
    answer = bench.press(one, "alt", alt="  A woman holds a candle ")
    assert bench.told(answer) == "The alt text is kept."
    done = bench.now(one)
    assert (done.alt, done.stage) == ("A woman holds a candle", PENDING)


def test_the_risk_can_only_be_raised(bench: Bench) -> None:
    """A moderator raises the risk; a lower one, or nonsense, is refused."""
    one = bench.hand_in()
    bench.press(one, "risk", to="elevated")
    assert bench.now(one).risk is Risk.elevated
    for to in ("low", "elevated", "danger", ""):
        assert bench.told(bench.press(one, "risk", to=to)) == "Choose a higher risk."
    bench.press(one, "risk", to="high")
    assert bench.now(one).risk is Risk.high


def test_a_second_look_makes_two_yeses_necessary(bench: Bench) -> None:
    """After asking for a second pair of eyes one yes isn't enough, and the list says it is wanted."""
    one = bench.hand_in()
    bench.press(one, "second-look")
    assert "Second look wanted" in bench.browser.get("/staff/moderation").text
    assert "Second look wanted" in bench.page(one)
    answer = bench.press(one, "approve", placing="next")
    assert bench.told(answer) == "Your yes is kept. 1 more person has to say yes."
    assert bench.now(one).stage is PENDING
    bench.approve(one, bench.ben, "same")
    assert bench.now(one).stage is APPROVED


def test_a_person_wants_it_back(bench: Bench) -> None:
    """Taking back needs who asked; then nothing of it is left here, and the audit says who did it and for whom."""
    one = bench.hand_in(message="private words")
    assert bench.told(bench.press(one, "take-back", reason="")) == "Say who asked for it."
    assert bench.now(one).stage is PENDING
    answer = bench.press(one, "take-back", reason="shown")
    assert bench.told(answer).startswith("Taken back.")
    done = bench.now(one)
    assert (done.stage, done.message, done.file) == (Stage.withdrawn, "", "")
    page = bench.page(one)
    assert "Its picture is no longer kept." in page
    assert "<form class=" not in page.split('class="decide"')[1]


def test_a_stale_form_does_nothing(bench: Bench) -> None:
    """Whatever is pressed on a page that shows an older state: a friendly page, and nothing is done."""
    one = bench.hand_in()
    before = bench.now(one)
    for form in FORMS:
        answer = bench.browser.post(f"/staff/moderation/{one.ref}/{form}", data={"seen": "old", "do": "cover"})
        assert answer.status_code == 409, form
        assert "It changed meanwhile" in answer.text
        assert f'href="/staff/moderation/{one.ref}"' in answer.text
    assert bench.now(one) == before


def test_nobody_decides_on_their_own_upload(bench: Bench) -> None:
    """On one's own upload there is no button, the reason is said, and a form sent all the same is refused."""
    one = bench.hand_in(uploaded_by=bench.ana.id)
    page = bench.page(one)
    assert "You handed it in yourself: somebody else has to decide." in page
    assert "<button" not in page.split('class="decide"')[1].split("</section>")[0]
    for form in FORMS:
        fields = {"placing": "next", "reason": "off-topic", "to": "high", "alt": "x", "do": "cover"}
        answer = bench.press(one, form, **fields)
        assert answer.status_code in {400, 303}, form
    assert bench.now(one) == one
    assert bench.approve(one, bench.ben).status_code == 303
    assert bench.now(one).stage is APPROVED


def test_high_risk_needs_two_people_and_time_to_cool_off(bench: Bench) -> None:
    """Two different people say yes; the second sees and confirms what the first chose; it goes a day later at least."""
    one = bench.hand_in(action="unite")
    page = bench.page(one)
    assert "Two different people have to say yes. After the last yes it waits 24 hours" in page
    assert "0 of 2 yeses" in page
    assert bench.told(bench.press(one, "approve", placing="next")) == "Your yes is kept. 1 more person has to say yes."
    assert "You have said yes to it: now somebody else has to." in bench.page(one)
    bench.press(one, "approve", placing="next")
    assert bench.now(one).stage is PENDING  # the same person twice is one
    ben = bench.as_(bench.ben)
    page = bench.page(one, browser=ben)
    assert "1 of 2 yeses" in page
    assert "Chosen before you: the next free slot." in page
    assert 'value="same" data-key="a"' in page
    bench.let(hours=7)  # the slot of the 3rd is too near now
    ben = bench.as_(bench.ben)
    answer = bench.press(one, "approve", browser=ben, placing="same")
    assert bench.told(answer, browser=ben) == "Approved: it goes out on Wed 4 Mar 2026, 12:00."
    assert "undo" not in answer.headers["location"]
    assert bench.now(one).not_before is not None


def test_high_risk_with_a_name_is_explained(bench: Bench) -> None:
    """A name keeps a high risk from being approved, and the page says what to do."""
    one = bench.hand_in(action="unite", name="Amina", name_mode=NameMode.first)
    assert "set its risk to high, which takes the name off" in bench.page(one)


def test_where_passkeys_are_asked_for(tmp_path: Path) -> None:
    """At high risk a password isn't enough where config.yaml says so; with a passkey the buttons are there."""
    bench = Bench(tmp_path, config="moderation: {passkeys: true}\n")
    one = bench.hand_in(action="unite")
    page = bench.page(one)
    assert "sign in with your passkey to say yes" in page
    assert 'value="next"' not in page
    assert "sign in with your passkey" in bench.told(bench.press(one, "approve", placing="next"))
    with_passkey = bench.as_(bench.ana, passkey=True)
    assert 'value="next"' in bench.page(one, browser=with_passkey)
    answer = bench.press(one, "approve", browser=with_passkey, placing="next")
    assert bench.told(answer, browser=with_passkey).startswith("Your yes is kept.")
    bench.served.close()


def test_what_volunteers_write_is_only_ever_text(bench: Bench) -> None:
    """Markup in the message, the alt text, the name and the contact is shown, never obeyed; nor are placeholders."""
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{0.__class__}%s'
    sealed = bench.served.app.vault.seal(evil)
    one = bench.hand_in(message=evil, alt=evil, name=evil, name_mode=NameMode.full, contact=sealed)
    pages = (bench.page(one), bench.browser.get("/staff/moderation").text, bench.page(one, "/cover"))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'alt=""><' not in page
        assert "49" not in re.sub(r"[0-9a-f]{12,}|\d{4,}", "", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
    assert "{{7*7}}{0.__class__}%s" in pages[0]


def test_a_film_is_silent_and_loads_nothing_by_itself(bench: Bench) -> None:
    """A film has controls, no sound, a still, and isn't fetched before somebody plays it; it isn't framed."""
    one = bench.hand_in(mime="video/mp4", poster="small-1.jpg", seconds=12.0)
    page = bench.page(one)
    films = re.findall(r"<video[^>]*>", page)
    assert len(films) == 3
    for film in films:
        assert 'controls muted preload="none"' in film
        assert f'poster="/media/{one.ref}/poster"' in film
    assert "/framed/" not in page


def test_the_keys_are_in_the_page(bench: Bench) -> None:
    """Each key has its button or link, told to screen readers; a dialog lists them and can turn them off."""
    bench.hand_in()
    one = bench.hand_in()
    bench.hand_in()
    page = bench.page(one)
    for key in "jkarcsu?":
        assert f'data-key="{key}" aria-keyshortcuts="{key}"' in page, key
    assert 'id="keys"' in page
    assert 'popover role="dialog"' in page
    assert 'id="use-keys"' in page
    assert "moderation.js" in page


def test_the_neighbours_leave_out_ones_own(bench: Bench) -> None:
    """Next and previous follow the list and its filter, and pass by what one has handed in."""
    first, _own, other, third = (
        bench.hand_in(),
        bench.hand_in(uploaded_by=bench.ana.id),
        bench.hand_in(action="unite"),
        bench.hand_in(),
    )
    page = bench.page(first, "?action=salma&risk=low")
    assert f'href="/staff/moderation/{third.ref}?action=salma&amp;risk=low" rel="next"' in page
    assert f'href="/staff/moderation/{other.ref}" rel="next"' in bench.page(first)
    assert f'href="/staff/moderation/{other.ref}" rel="prev"' in bench.page(third)


@pytest.mark.parametrize("role", [None, Role.editor])
def test_only_moderators_see_and_decide(bench: Bench, role: Role | None) -> None:
    """Whoever doesn't moderate reaches neither a submission nor a form, and nothing changes."""
    one = bench.hand_in()
    browser = bench.served.staff(role) if role else bench.served.client()
    refused = {403} if role else {303}
    for path in ("", "/cover", "/framed/en"):
        assert browser.get(f"/staff/moderation/{one.ref}{path}").status_code in refused
    for form in FORMS:
        answer = browser.post(f"/staff/moderation/{one.ref}/{form}", data={"seen": one.content_hash})
        assert answer.status_code == 403
    assert bench.now(one) == one


def test_a_draft_is_nobodys_business(bench: Bench) -> None:
    """What isn't handed in yet, and what doesn't exist, has no page."""
    draft = bench.served.submission(stage=Stage.draft)
    for ref in (draft.ref, "nothing"):
        assert bench.browser.get(f"/staff/moderation/{ref}").status_code in {400, 404}


def test_in_french(bench: Bench) -> None:
    """The page speaks French where it is asked to, with its own typography."""
    page = bench.page(bench.hand_in(action="unite"), "?lang=fr")
    for words in ("Approuver", "Risque élevé", "Deux personnes différentes doivent dire oui.", "0 oui sur 2"):
        assert words in page
    assert "Pour le prochain créneau libre\u00a0:" in page
