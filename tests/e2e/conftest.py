"""A demo as a process of its own, and people who visit its page in Chromium."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.processes import Running, Tierbot, wait_until
from tests.e2e.visit import CHROMIUM, QUIET, SCREENSHOTS, SLOW, Visit


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[str]:
    with started(tmp_path) as url:
        yield url


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """The address of a running demo."""
    tierbot = Tierbot(folder=folder)
    # Four days before 中秋节: the next morning has greetings, and from then on Christmas is three months away.
    running = tierbot.keep_running(
        "demo", "--port", "0", "--date", "2026-09-21", "--folder", str(folder / "files")
    )
    try:
        yield wait_until(lambda: address(running), "the demo's start", 90)
    finally:
        tierbot.end_all()


def address(running: Running) -> str | None:
    assert running.alive, running.output()
    found = re.search(r"http://127\.0\.0\.1:\d+", running.output())
    return found[0] if found else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(demo: str, browser: Browser) -> Iterator[Visitor]:
    visits: list[Visit] = []

    def come(
        series: str,
        *,
        url: str = demo,
        locale: str = "en-GB",
        scheme: str = "light",
        width: int = 1280,
        height: int = 860,
    ) -> Visit:
        context = browser.new_context(
            locale=locale,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
            device_scale_factor=1,
            reduced_motion="reduce",
        )
        context.set_default_timeout(SLOW)
        one = Visit(page=context.new_page(), url=url, series=series)
        one.watch()
        visits.append(one)
        return one

    yield come
    for one in visits:
        one.page.context.close()
        assert one.faults == []
