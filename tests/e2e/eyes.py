"""A browser's eyes: contexts as people have them, and what a page must be for everybody."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium() -> str | None:
    """Return the browser that this machine has."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


def person(
    browser: Browser,
    *,
    language: str = "en",
    size: dict[str, int] | None = None,
    scripts: bool = True,
    dark: bool = False,
    address: str = "",
) -> BrowserContext:
    """Return a person's browser: a phone or a desk, with scripts or without. It reaches nothing but `address`."""
    context = browser.new_context(
        viewport=size or PHONE,  # type: ignore[arg-type]
        locale={"en": "en-CA", "fr": "fr-CA", "ar": "ar"}.get(language, language),
        java_script_enabled=scripts,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        base_url=address or None,
    )
    context.set_default_timeout(15_000)
    return context


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """Return what axe has against a page as it stands, by the rules of WCAG 2.2 AA and good practice."""
    page.evaluate(_axe())
    options = {"runOnly": {"type": "tag", "values": list(_RULES)}, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: " + " | ".join(node["html"][:160] for node in one["nodes"][:4])
        for one in found["violations"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window: nobody should have to scroll sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def small_targets(page: Page) -> list[str]:
    """Return what can be pressed and is smaller than 24 by 24 pixels, links within a text apart."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, textarea, a.button, summary')]
            .filter(one => one.offsetParent !== null && !['hidden', 'file'].includes(one.type))
            .filter(one => { const box = (one.closest('label') || one).getBoundingClientRect();
                             return box.width > 0 && (box.width < 24 || box.height < 24) })
            .map(one => one.outerHTML.slice(0, 120))"""
        )
    )


def demand(page: Page) -> None:
    """Make sure that a page is for everybody: axe's rules, no sideways scrolling, nothing too small to hit."""
    assert faults(page) == [], f"{page.url}: {faults(page)}"
    assert overflow(page) <= 0, f"{page.url} is {overflow(page)} px too wide"
    assert small_targets(page) == [], f"{page.url}: {small_targets(page)}"
