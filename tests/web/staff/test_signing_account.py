"""One's own account: password, sessions, language, tokens; and the frame around the pages of staff."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from scheduler.operations import pause as pausing
from scheduler.operations import staff
from scheduler.store import staff as kept
from scheduler.store.tables import invitations
from scheduler.submission import MAY, May, Role
from tests.web.site import Served
from tests.web.staff.test_signing import PASSWORD, member, sign_in

NEW = "another long sentence"


def test_a_new_password_ends_every_other_session(served: Served) -> None:
    """It asks for the one now, keeps this browser, and ends the rest."""
    member(served)
    here, elsewhere = served.client(), served.client()
    sign_in(here)
    sign_in(elsewhere)
    form = {"password": "wrong wrong wrong", "new": NEW, "again": NEW}
    wrong = here.post("/staff/account/password", data=form)
    assert wrong.status_code == 403
    assert 'role="alert"' in wrong.text
    assert elsewhere.get("/staff/account").status_code == 200
    assert here.post("/staff/account/password", data={**form, "password": PASSWORD}).status_code == 303
    assert "signed out everywhere else" in here.get("/staff/account").text
    assert "signed out everywhere else" not in here.get("/staff/account").text
    assert elsewhere.get("/staff/account").status_code == 303
    assert sign_in(served.client()).status_code == 403
    assert sign_in(served.client(), password=NEW).status_code == 303


def test_sessions_are_listed_and_ended(served: Served) -> None:
    """One sees where one is signed in, and ends all but this one."""
    member(served)
    here, elsewhere = served.client(), served.client()
    sign_in(here)
    sign_in(elsewhere)
    page = here.get("/staff/account").text
    assert "here, now" in page
    assert "Sign out everywhere else" in page
    here.post("/staff/account/sessions")
    assert elsewhere.get("/staff/account").status_code == 303
    assert here.get("/staff/account").status_code == 200


def test_the_language_is_kept(served: Served) -> None:
    """One's own language holds in every browser that doesn't choose another; one that isn't there changes nothing."""
    user = member(served)
    browser = served.client()
    sign_in(browser)
    browser.post("/staff/account/language", data={"language": "fr"})
    assert '<html lang="fr"' in browser.get("/staff/account").text
    browser.post("/staff/account/language", data={"language": "../xx"})
    other = served.staff(user=user)
    assert '<html lang="fr"' in other.get("/staff/account").text


def test_a_token_is_shown_once_and_does_what_it_may(served: Served) -> None:
    """Its secret is on the next page and nowhere after; the state has its hash; it ends when its owner says so."""
    user = member(served)
    browser = served.client()
    sign_in(browser)
    form = {"label": "Calendar", "scope": ["look", "edit"], "days": "30", "password": PASSWORD}
    assert browser.post("/staff/account/tokens", data=form).status_code == 303
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', browser.get("/staff/account").text)
    assert found
    assert found[1] not in browser.get("/staff/account").text
    with served.app.store.read() as c:
        token = kept.token(c, found[1], now=served.clock.now())
        assert token
        assert (token.user.id, token.scopes) == (user.id, {May.look, May.edit})
        assert token.expires_at == served.clock.now() + timedelta(days=30)
    files = [path.read_bytes() for path in (served.folder / "var").glob("state.db*")]
    assert not any(found[1].encode() in data for data in files)
    served.staff(Role.admin).post("/staff/account/tokens/end", data={"id": token.id})
    assert "Calendar" in browser.get("/staff/account").text
    browser.post("/staff/account/tokens/end", data={"id": token.id})
    with served.app.store.read() as c:
        assert kept.token(c, found[1], now=served.clock.now()) is None


@pytest.mark.parametrize(
    "change",
    [
        {"scope": ["govern"]},
        {"scope": ["look", "moderate"]},
        {"scope": []},
        {"scope": ["nonsense"]},
        {"days": "366"},
        {"days": "0"},
        {"days": "-1"},
        {"days": "٣٠٠٠"},
        {"label": ""},
    ],
)
def test_a_token_never_has_more_than_its_owner(served: Served, change: dict[str, object]) -> None:
    """No right that its owner hasn't, none at all, no endless life, no nameless one."""
    user = member(served)
    browser = served.client()
    sign_in(browser)
    form = {"label": "x", "scope": ["look"], "days": "30", "password": PASSWORD, **change}
    assert browser.post("/staff/account/tokens", data=form).status_code == 400
    with served.app.store.read() as c:
        assert kept.tokens_of(c, user) == []


def test_making_a_token_asks_for_the_password(served: Served) -> None:
    """A desk left open isn't enough."""
    member(served)
    browser = served.client()
    sign_in(browser)
    form = {"label": "x", "scope": ["look"], "days": "30", "password": "wrong wrong wrong"}
    assert browser.post("/staff/account/tokens", data=form).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_the_frame_shows_where_one_may_go(served: Served, role: Role) -> None:
    """The navigation has what the role may reach, and nothing else."""
    page = served.staff(role).get("/staff/account").text
    nav = re.findall(r'<li><a href="(/staff[^"]*)"', page)
    assert ("/staff/people" in nav) == (May.govern in MAY[role])
    assert nav[0] == "/staff"
    assert nav[-1] == "/staff/account"
    assert page.count('aria-current="page"') == 1
    assert 'action="/staff/pause"' in page
    assert 'value="action:salma"' in page
    assert 'value="account:en"' in page


def test_a_page_that_answers_a_form_leads_to_pages_that_can_be_opened(served: Served) -> None:
    """Where a form was wrong, the links to other languages and the pause's way back are addresses of pages."""
    member(served)
    browser = served.client()
    sign_in(browser)
    page = browser.post("/staff/account/password", data={"password": "wrong", "new": NEW, "again": NEW}).text
    links = re.findall(r'href="([^"]*lang=[^"]*)"', page) + re.findall(r'name="back" value="([^"]*)"', page)
    assert len(set(links)) == 3, links
    assert {browser.get(link).status_code for link in links} == {200}


def test_what_waits_for_moderators_is_counted_for_them(served: Served) -> None:
    """Two submissions that wait: a moderator and an admin see the number, an editor doesn't."""
    served.submission("outbox")
    served.submission("outbox")
    seen = {role: 'class="count">2<' in served.staff(role).get("/staff/account").text for role in Role}
    assert seen == {Role.moderator: True, Role.editor: False, Role.admin: True}


def test_a_pause_is_told_to_everybody_with_its_reason(served: Served) -> None:
    """What is paused stands on top of every page, with why and who; nobody outside is told."""
    pausing.pause(served.app, scope="action", name="salma", why="<i>we check</i> a report", who="Ada")
    page = served.staff(Role.moderator).get("/staff/account").text
    assert "&lt;i&gt;we check&lt;/i&gt; a report" in page
    assert "Ada" in page
    assert "we check" not in served.client().get("/staff/sign-in").text


def test_an_unreadable_campaign_leaves_the_frame(served: Served) -> None:
    """With posts/ gone the pages still come, and everything can be paused."""
    (served.folder / "posts" / "salma.yaml").unlink()
    (served.folder / "posts").rmdir()
    page = served.staff(Role.editor).get("/staff/account")
    assert page.status_code == 200
    assert 'value="account:en"' in page.text


def test_people_are_invited_changed_and_removed(served: Served) -> None:
    """An admin's page: the invitation is shown once; roles change; removing asks first."""
    admin = served.user(Role.admin, name="Ada")
    browser = served.staff(user=admin)
    browser.post("/staff/people/add", data={"name": "  Bea   B ", "role": "moderator"})
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', browser.get("/staff/people").text)
    assert found
    assert found[1].startswith("http://localhost:8080/staff/welcome#")
    assert staff.invited(served.app, found[1].partition("#")[2])
    assert browser.post("/staff/people/add", data={"name": "bea b", "role": "editor"}).status_code == 400
    assert browser.post("/staff/people/add", data={"name": "x", "role": "emperor"}).status_code == 400
    assert browser.post("/staff/people/add", data={"name": "\u202e", "role": "editor"}).status_code == 400
    browser.post("/staff/people/role", data={"name": "Bea B", "role": "editor"})
    bea = next(one for one in staff.users(served.app) if one.name == "Bea B")
    assert bea.role is Role.editor
    assert "Remove Bea B?" in browser.get(f"/staff/people?remove={bea.id}").text
    browser.post("/staff/people/invite", data={"name": "Bea B"})
    assert staff.invited(served.app, found[1].partition("#")[2]) is None
    browser.post("/staff/people/remove", data={"name": "Bea B"})
    assert [one.name for one in staff.users(served.app)] == ["Ada"]
    assert browser.post("/staff/people/remove", data={"name": "Nobody"}).status_code == 400


def test_the_last_admin_stays(served: Served) -> None:
    """Neither removed nor demoted; somebody who never came in doesn't count as another one."""
    admin = member(served, "Ada", Role.admin)
    browser = served.staff(user=admin)
    served.user(Role.admin, name="Never came")
    for address, form in (("role", {"name": "Ada", "role": "editor"}), ("remove", {"name": "Ada"})):
        browser.post(f"/staff/people/{address}", data={**form, "password": PASSWORD})
        assert "last admin" in browser.get("/staff/people").text
    member(served, "Bea", Role.admin)
    browser.post("/staff/people/role", data={"name": "Ada", "role": "editor", "password": PASSWORD})
    assert browser.get("/staff/people").status_code == 403


@pytest.mark.parametrize("deed", ["add", "invite", "role", "remove"])
def test_a_stolen_cookie_changes_nobody(served: Served, deed: str) -> None:
    """Whoever has an admin's cookie, and not the password, is asked for it, and makes, frees or removes nobody."""
    browser = served.staff(user=member(served, "Ada", Role.admin))
    served.user(Role.moderator, name="Bea")
    before = staff.users(served.app)
    form = {"name": "Mallory" if deed == "add" else "Bea", "role": "admin"}
    asked = browser.post(f"/staff/people/{deed}", data=form)
    assert asked.status_code == 403
    assert f'value="{form["name"]}"' in asked.text
    assert 'type="password"' in asked.text
    assert "isn&#39;t right" in browser.post(f"/staff/people/{deed}", data={**form, "password": "guessed"}).text
    assert staff.users(served.app) == before
    with served.app.store.read() as c:
        assert not c.execute(select(invitations)).first()
    assert browser.post(f"/staff/people/{deed}", data={**form, "password": PASSWORD}).status_code == 303
    if deed != "invite":
        assert staff.users(served.app) != before


def test_the_audit_page_filters_pages_and_verifies(served: Served) -> None:
    """Newest first, a hundred a page, by person and kind; a changed entry is named."""
    from scheduler.store import controls
    from scheduler.store.tables import audit

    now = served.clock.now()
    with served.app.store.write() as c:
        for number in range(120):
            controls.note(c, "retry" if number % 2 else "cancel", f"key {number}", who=f"who {number % 3}", now=now)
    browser = served.staff(Role.admin)
    page = browser.get("/staff/audit").text
    assert "key 119" in page
    assert "key 19<" not in page
    older = re.search(r'href="(/staff/audit\?[^"]*after=[^"]*)"', page)
    assert older
    assert "key 19<" in browser.get(older[1].replace("&amp;", "&")).text
    only = browser.get("/staff/audit?who=who+1&what=retry").text
    assert "key 1<" in only
    assert "key 2<" not in only
    assert "is whole" in browser.get("/staff/audit?verify=yes").text
    with served.app.store.write() as c:
        c.exec_driver_sql("DROP TRIGGER IF EXISTS audit_is_append_only")
        for (name,) in list(
            c.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'")
        ):
            c.exec_driver_sql(f"DROP TRIGGER {name}")
        c.execute(audit.update().where(audit.c.id == 60).values(detail="nothing happened"))
    assert "broken at entry 60" in browser.get("/staff/audit?verify=yes").text


def test_the_audit_is_told_in_the_readers_language(served: Served) -> None:
    """Known deeds are said in French, also in the filter, which still filters by what is recorded."""
    from scheduler.store import controls

    with served.app.store.write() as c:
        for what, detail in (("sign in", "with invitation"), ("user add", "Ada admin"), ("a new deed", "of its own")):
            controls.note(c, what, detail, who="Ada", now=served.clock.now())
    browser = served.staff(Role.admin)
    browser.headers["Accept-Language"] = "fr"
    page = browser.get("/staff/audit").text
    for words in ("<td>connexion</td>", ">avec une invitation</td>", "<td>personne ajoutée</td>", ">Ada admin</td>"):
        assert words in page
    assert "<td>a new deed</td>" in page
    assert '<option value="user add">personne ajoutée</option>' in page
    assert "Ada admin" in browser.get("/staff/audit?what=user+add").text


def test_every_kind_of_entry_has_its_word_in_french() -> None:
    """Whatever the code records of what people do is known to the page that tells it."""
    from scheduler.web import words
    from scheduler.web.staff import recorded

    sources = [file.read_text("utf-8") for file in (Path(staff.__file__).parents[1]).rglob("*.py")]
    written = {what for text in sources for what in re.findall(r'controls\.note\(c, "([^"]+)"', text)}
    asked = SimpleNamespace(_=words.words("fr").say)
    assert {"sign in", "take back", "retry"} <= written
    assert [what for what in sorted(written) if recorded.deed(asked, what) == what] == []  # type: ignore[arg-type]


def test_staff_since_is_a_day_of_the_workspace(served: Served) -> None:
    """Who came late in the evening came on that day, not on the next one of another clock."""
    served.clock.move_to(datetime(2026, 3, 11, 2, 30, tzinfo=UTC))
    browser = served.staff(Role.admin)
    page = browser.get("/staff/people").text
    assert "10 Mar 2026" in page
    assert "11 Mar 2026" not in page
