"""Taking it back: with the code alone, however it is typed, and without telling anything to whoever guesses."""

from collections.abc import Callable

from scheduler.consents import codes
from scheduler.operations import intake
from scheduler.status import Status
from scheduler.store import submissions
from scheduler.submission import Stage
from tests.web.site import CONFIG, NOON, Served
from tests.web.staff.schedule import put
from tests.web.volunteers.way import Volunteer


def handed_in(site: Served) -> str:
    """Hand something in; return its code."""
    return Volunteer(site).upload(site.photo()).through()


def stages(site: Served) -> list[Stage]:
    """Return the stage of each submission."""
    with site.app.store.read() as c:
        return [one.stage for one in submissions.in_stage(c, *Stage)]


def test_one_press_takes_it_back(site: Served) -> None:
    """The code leads to where it stands; one press withdraws it, deletes its files and says so, once and again."""
    code = handed_in(site)
    other = Volunteer(site).open("/back").send(code=code)
    assert (other.here, other.status) == ("/back", 200)
    assert "hasn&#39;t decided yet" in other.html
    assert stages(site) == [Stage.pending]
    other.send()
    assert "It is taken back" in other.page.text
    assert "can’t call back" in other.page.text
    assert stages(site) == [Stage.withdrawn]
    assert not any(intake.folder(site.app).iterdir())
    other.open("/back").send(code=code)
    assert "It is taken back" in other.page.text


def test_a_code_works_however_it_is_typed(site: Served) -> None:
    """Case, spaces, dashes and the letters that look like figures don't matter."""
    code = handed_in(site)
    plain = codes.normalised(code)
    forms = [plain.lower(), " ".join(plain), code.replace("-", " – "), plain.replace("0", "o").replace("1", "l")]
    forms += [
        plain.replace("0", "O").replace("1", "i"),
        f"  {code}\u00a0",
        "".join(chr(ord(c) + 0xFEE0) for c in plain),
    ]
    for form in forms:
        other = Volunteer(site).open("/back").send(code=form)
        assert other.status == 200, form


def test_a_wrong_code_tells_nothing(site: Served) -> None:
    """A code that is wrong, too short or no code at all gets the same words."""
    handed_in(site)
    said = set()
    for wrong in ("AAAA-BBBB-CCCC", "A", "'; drop table consents; --", "%s{0}", "x" * 60):
        other = Volunteer(site).open("/back").send(code=wrong)
        assert other.status == 422
        said.add(other.page.text)
    assert len(said) == 1
    assert stages(site) == [Stage.pending]


def test_trying_codes_is_slow(site: Served) -> None:
    """After 120 codes a minute an address waits; whoever asks from another one doesn't, however many do."""
    other = Volunteer(site)
    answers = [other.browser.post("/back", data={"code": "AAAA-BBBB-CCCC"}).status_code for _ in range(121)]
    assert answers == [422] * 120 + [429]
    for number in range(1, 8):
        crowd = site.client(client=(f"198.51.100.{number}", 50_000))
        assert {crowd.post("/back", data={"code": "AAAA-BBBB-CCCC"}).status_code for _ in range(100)} == {422}


def test_the_code_is_kept_as_a_hash_only(site: Served) -> None:
    """Neither the database nor any file holds the code."""
    code = handed_in(site)
    site.app.store.checkpoint()
    files = b"".join(path.read_bytes() for path in (site.folder / "var").rglob("*") if path.is_file())
    assert code.encode() not in files
    assert codes.normalised(code).encode() not in files


def test_the_code_travels_in_bodies_only(site: Served) -> None:
    """No address of taking something back holds the code; its link has it behind #, which no server sees."""
    code = handed_in(site)
    other = Volunteer(site).open("/back").send(code=code)
    other.send()
    assert set(other.addresses) == {"/back", "/back/confirm"}


def out(site: Served, *accounts: str) -> str:
    """Hand something in, and let it be out on accounts; return its code."""
    code = handed_in(site)
    with site.app.store.read() as c:
        (one,) = submissions.in_stage(c, Stage.pending)
        given = submissions.consent_of(c, one)
    assert given is not None
    for account in accounts:
        key, url = f"salma/voices/2026-03-02T07:00@{account}", f"https://example.org/{account}"
        made = put(site.app, key, NOON, status=Status.published, published_at=NOON, url=url)
        with site.app.store.write() as c:
            submissions.link(c, delivery_id=made.id, submission_id=one.id, consent_id=given.id, platform=made.platform)
    return code


def test_what_is_coming_down_is_not_called_out(site: Served) -> None:
    """Until the network has deleted it, the page says that it is being taken down."""
    code = out(site, "en")
    other = Volunteer(site).open("/back").send(code=code)
    assert "It is out." in other.page.text
    other.send()
    assert "It is taken back" in other.page.text
    assert "It is being taken down." in other.page.text
    assert "It is out." not in other.page.text


def test_two_accounts_on_a_network_are_told_apart(site: Served) -> None:
    """Each row names the network once, with its account's language; one alone needs none."""
    code = out(site, "en", "fr")
    other = Volunteer(site, "fr").open("/back").send(code=code)
    assert "Nos propres archives (English)" in other.page.text
    assert "Nos propres archives (Français)" in other.page.text


def test_whoever_lost_the_code_knows_where_to_write(open_site: Callable[..., Served]) -> None:
    """`contact` stands on the page of taking back and below every page, as a link where it is an address."""
    for number, (contact, shown) in enumerate(
        {
            "desk@example.org": 'href="mailto:desk@example.org"',
            "https://example.org/write?to=us": 'href="https://example.org/write?to=us"',
            "'Signal: @desk.01 <now>'": "<bdi>Signal: @desk.01 &lt;now&gt;</bdi>",
            "'{en: \"\"}'": "<bdi>{en: ",
            "'javascript:alert(1)@x'": "<bdi>javascript:alert(1)@x</bdi>",
        }.items()
    ):
        site = open_site(config=f"{CONFIG}contact: {contact}\n")
        assert Volunteer(site).open("/back").html.count(shown) == 2, number
        assert Volunteer(site).open("/").html.count(shown) == 1
        assert Volunteer(site).open("/nowhere").html.count(shown) == 1
    site = open_site(config=f"{CONFIG}contact: {{en: desk@example.org, fr: bureau@example.org}}\n")
    assert "mailto:bureau@example.org" in Volunteer(site, "fr").open("/back").html


def test_no_address_is_promised_where_there_is_none(site: Served) -> None:
    """Without `contact` the page names the people who invited, and nobody to write to."""
    text = Volunteer(site).open("/back").page.text
    assert "Tell the people who invited you" in text
    assert "Write to us" not in text
