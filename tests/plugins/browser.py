"""A real browser for tests marked `browser`: fixtures `browser`, `page`, `new_page`, `at_work` and `picture`.

A page that throws, logs an error, breaks the content policy or misses a file fails its test at the end. What htmx writes when
it calls a request off itself is no fault: a newer one takes its place (``hx-sync``), or the page is left.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.commands import chromium
from launcher.environment import ROOT

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--font-render-hinting=none"),
]


#: Both are written for one request that was called off; one that failed says ``sendError`` or ``responseError``.
_CALLED_OFF = ("htmx:afterRequest, ", "htmx:sendAbort, ")


def faults_among(messages: list[str]) -> list[str]:
    """The errors of a page without those of requests that htmx has called off."""
    found: list[str] = []
    for message in messages:
        if message.startswith(_CALLED_OFF[1]) and found and found[-1].startswith(_CALLED_OFF[0]):
            found.pop()
        else:
            found.append(message)
    return found


def settled(page: Any) -> None:
    """Waits until the page fetches nothing more: leaving earlier would cut a request off, which is an error of the page.

    The load state "networkidle" does not serve: it was reached when the page came, and says nothing of what followed.
    """
    page.wait_for_function("!document.querySelector('.htmx-request')")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    playwright = pytest.importorskip("playwright.sync_api")
    # Playwright runs an event loop in this thread; Django would refuse every query as "called from async code".
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with playwright.sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=chromium(), headless=True, args=ARGUMENTS)
        yield chrome
        chrome.close()


@pytest.fixture
def new_page(browser: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages, each in a context of its own: `new_page(locale="en", viewport={…})`; with `refusals=True` one whose forms
    may come back with a refusal (400), which the console calls an error as any other."""
    contexts: list[Any] = []
    faults: list[str] = []

    def note(message: Any, refusals: bool) -> None:
        if message.type == "error" and not (refusals and "status of 400" in message.text):
            faults.append(message.text)

    def open_page(*, refusals: bool = False, **options: Any) -> Any:
        context = browser.new_context(
            **{
                "base_url": live_server.url,
                "locale": "zh-CN",
                "timezone_id": "Asia/Shanghai",
                "viewport": {"width": 1440, "height": 900},
                "reduced_motion": "reduce",
                **options,
            }
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: note(message, refusals))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults_among(faults), faults


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """A page of desktop size, in Chinese."""
    return new_page()


@pytest.fixture
def at_work(new_page: Callable[..., Any], web: Any, live_server: Any) -> Callable[..., Any]:
    """A page on which the member of staff is signed in."""

    def open_page(user: Any, **options: Any) -> Any:
        page = new_page(**options)
        cookie = web(user).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        return page

    return open_page


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Any, str], None]:
    """``picture(page, "2-needs")``: the whole page into var/journeys/<test>/, if CRM_PICTURES asks for it."""
    folder: Path | None = None
    if os.environ.get("CRM_PICTURES"):
        folder = ROOT / "var" / "journeys" / request.node.name
        folder.mkdir(parents=True, exist_ok=True)

    def take(page: Any, step: str) -> None:
        if folder:
            # Hiding the caret would be an inline style, which the content policy reports.
            page.screenshot(path=folder / f"{step}.png", full_page=True, caret="initial")

    return take
