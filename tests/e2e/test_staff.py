"""The pages of staff in a real browser: for everybody, by keyboard alone, and right to left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from scheduler.submission import Role
from scheduler.web.all_routes import ROUTES
from tests.e2e import eyes, journey
from tests.e2e.house import House
from tests.web.site import spoiled

PLAIN = sorted(
    route.path
    for route in ROUTES
    if route.method == "GET" and route.path.startswith("/staff") and "{" not in route.path and "." not in route.path
)
ELSEWHERE = {"/staff/openid/back"}
"""Where the provider sends people back to: no page of its own."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a photo."""
    file = tmp_path / "photo.jpg"
    file.write_bytes(spoiled())
    return file


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", [eyes.PHONE, eyes.DESK], ids=["phone", "desk"])
def test_every_page_of_staff_is_for_everybody(
    house: House, person: Callable[..., BrowserContext], photo: Path, language: str, size: dict[str, int]
):
    """Each page with something on it, in both languages, on a phone and at a desk, light and dark."""
    house.say("queue")
    volunteer = person().new_page()
    journey.hand_in(volunteer, photo, "We stand with you.", language="en")
    page = person(language=language, size=size, dark=size is eyes.PHONE).new_page()
    for address in ("/staff/sign-in", "/staff/welcome"):
        page.goto(address)
        eyes.demand(page)
    journey.join(page, house, "Ana", Role.admin)
    for address in PLAIN:
        if address in ELSEWHERE:
            continue
        page.goto(address)
        assert page.locator("h1").count() == 1, address
        eyes.demand(page)
    page.goto("/staff/moderation")
    with page.expect_navigation():  # a click alone doesn't wait for where it leads
        page.locator("a.open").first.click()
    eyes.demand(page)
    with page.expect_navigation():
        page.locator("a[href*='/cover']").first.click()
    eyes.demand(page)
    for view in ("month", "week", "list"):
        page.goto(f"/staff/calendar?view={view}")
        eyes.demand(page)
    page.goto("/staff/calendar?view=list")
    with page.expect_navigation():
        page.locator("main a[href*='/staff/deliveries/']").first.click()
    eyes.demand(page)


def test_a_submission_is_decided_by_keyboard_alone(house: House, person: Callable[..., BrowserContext], photo: Path):
    """From the queue: a key opens the next one, another approves it, and the queue is empty. No mouse."""
    journey.hand_in(person().new_page(), photo, "We stand with you.", language="en")
    page = person(size=eyes.DESK).new_page()
    journey.join(page, house, "Ana", Role.moderator)
    page.goto("/staff/moderation")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/staff/moderation/" in page.url
    with page.expect_navigation():
        page.keyboard.press("a")
    assert page.locator("a.open").count() == 0


def test_without_scripts_everything_is_reached_by_tab(house: House, person: Callable[..., BrowserContext], photo: Path):
    """Without scripts the button that approves is reached by the Tab key and pressed with Enter."""
    journey.hand_in(person(scripts=False).new_page(), photo, "We stand with you.", language="en")
    page = person(size=eyes.DESK, scripts=False).new_page()
    journey.join(page, house, "Ana", Role.moderator)
    page.goto("/staff/moderation")
    _tab_to(page, "a.open")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    _tab_to(page, "form.approve button[value=next]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto("/staff/moderation")
    assert page.locator("a.open").count() == 0


def _tab_to(page: Page, what: str) -> None:
    """Press Tab until something has the focus; everything on the way must show where the focus is."""
    wanted = page.locator(what).first
    for _ in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{what} isn't reached by Tab")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_staff_are_changed_with_the_password_only(house: House, person: Callable[..., BrowserContext], language: str):
    """An admin's desk that was left open: inviting somebody asks for the password, wrong once, then right."""
    page = person(language=language, dark=language == "fr").new_page()
    journey.join(page, house, "Ada", Role.admin)
    page.goto("/staff/people")
    page.fill("#name", "Bea")
    journey.press(page, "form[action='/staff/people/add'] button")
    eyes.demand(page)
    page.fill("#password", "not my password")
    journey.press(page, "main form.box button.main")
    assert page.locator("#wrong").is_visible()
    eyes.demand(page)
    page.fill("#password", journey.PASSWORD)
    journey.press(page, "main form.box button.main")
    page.wait_for_url("**/staff/people")
    assert page.locator("code.secret").is_visible()
    assert page.get_by_role("rowheader", name="Bea").is_visible()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_on_a_phone_the_page_begins_high_up(house: House, person: Callable[..., BrowserContext], language: str):
    """The frame leaves the phone to the page, nothing in it touches, and a delivery's steps fit the width."""
    house.say("queue")
    page = person(language=language).new_page()
    journey.join(page, house, "Ana", Role.admin)
    page.goto("/staff")
    assert page.locator("header.frame").evaluate("one => one.offsetHeight") <= 170
    assert page.evaluate(_TOUCHING) == []
    head, after = (page.locator(what).bounding_box() for what in (".page-head", ".page-head + *"))
    assert head is not None
    assert after is not None
    assert after["y"] - head["y"] - head["height"] >= 12
    page.goto("/staff/calendar?view=list")
    page.locator("main a[href*='/staff/deliveries/']").first.click()
    page.wait_for_url("**/staff/deliveries/**")
    assert page.locator(".scroll:has(.steps-table)").evaluate("one => one.scrollWidth - one.clientWidth") <= 0


_TOUCHING = """() => {
  const boxes = [...document.querySelectorAll('.frame-top a, .frame-top button, .frame-top summary')]
    .map(one => [one.textContent.trim(), one.getBoundingClientRect()]).filter(([, box]) => box.width > 0)
  const over = (one, other) => one.left < other.right - 1 && other.left < one.right - 1
    && one.top < other.bottom - 1 && other.top < one.bottom - 1
  return boxes.flatMap(([name, one], at) =>
    boxes.slice(at + 1).filter(([, other]) => over(one, other)).map(([other]) => `${name} on ${other}`))
}"""
