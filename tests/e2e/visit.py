"""The demo's page in Chromium, as one person sees it, and the rows of a digest on it."""

import re
import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.processes import wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None,
    reason="There is no chromium on this machine; install it to have the demo's page tested: apt-get install chromium",
)
SCREENSHOTS = Path(__file__).parent / "screenshots"
SLOW = 20_000  # ms; how long a shared machine may take
PASSING = 120  # s; how long a month may take to pass on a busy machine
NAMED = re.compile(r"C-\d{4} · ")  # the line with the customer and the step
SAVING = re.compile("Saving|正在保存")

expect.set_options(timeout=SLOW)


@dataclass(kw_only=True)
class Visit:
    """The page as one person sees it, with every error on it."""

    page: Page
    url: str
    series: str
    faults: list[str] = field(default_factory=list)
    taken: int = 0

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((self.url, "data:")) else self.faults.append(asked.url)
            ),
        )

    def open_as(self, user: str, channel: str) -> None:
        self.page.goto(f"{self.url}/?user={user}&channel={channel}")
        # The page is empty until the first snapshot has come.
        expect(self.page.locator(f"[data-user-id={user}]")).to_have_attribute("aria-pressed", "true")

    def hook(self, testid: str) -> Locator:
        return self.page.locator(f"[data-testid={testid}]")

    def open(self, channel: str) -> None:
        self.page.locator(f"[data-channel-id={channel}]").click()
        expect(self.page.locator(f"[data-channel-id={channel}]")).to_have_attribute("aria-current", "page")

    def ask(self, text: str, answer: str) -> Locator:
        """Type a command and wait for the message that answers it."""
        count = self.messages().count()
        self.hook("composer").fill(text)
        self.page.keyboard.press("Enter")
        expect(self.messages()).to_have_count(count + 1, timeout=SLOW)
        found = self.pinned(self.messages().last)
        expect(found).to_contain_text(answer)
        return found

    def pinned(self, message: Locator) -> Locator:
        """This message by its timestamp, whatever comes after it."""
        return self.page.locator(f"[data-testid=message][data-ts='{message.get_attribute('data-ts')}']")

    def messages(self, text: str | re.Pattern[str] | None = None) -> Locator:
        return self.hook("message").filter(has_text=text) if text else self.hook("message")

    def press(self, place: Locator, action: str) -> None:
        place.locator(f"[data-action-id={action}]").click()

    def close(self) -> None:
        self.hook("modal-close").click()
        expect(self.hook("modal")).to_have_count(0)

    def send(self) -> None:
        """Submit the open form; it is shown once more when it has been saved."""
        self.hook("modal-submit").click()
        expect(self.hook("modal-submit")).to_have_count(0)
        expect(self.hook("modal")).not_to_contain_text(SAVING)

    def run(self, control: str, **choices: str) -> str:
        """Use a control at the side of the page; the sentence that it ends with."""
        form = self.page.locator(f"form[data-control-id={control}]")
        for name, value in choices.items():
            form.locator(f"[name={name}]").select_option(value)
        before = self.run_of(control).get("number", 0)
        form.locator("button").click()
        wait_until(
            lambda: (
                self.run_of(control).get("number", 0) > before and self.run_of(control)["status"] != "running"
            ),
            f"the end of {control}",
            PASSING,
        )
        expect(form.locator("[data-testid=control-status]")).to_have_attribute("data-status", "done")
        expect(form.locator("button")).to_be_enabled()
        return form.locator("[data-testid=control-status]").inner_text()

    def today(self) -> date:
        """The day it is in the demo."""
        now = self.page.request.get(f"{self.url}/page/state").json()["now"]
        return datetime.fromisoformat(now).date()

    def run_of(self, control: str) -> dict[str, Any]:
        """The last run of a control."""
        state = self.page.request.get(f"{self.url}/page/state").json()
        return next(one["run"] or {} for one in state["controls"] if one["id"] == control)

    def keep(self, name: str) -> None:
        """Take a screenshot."""
        self.taken += 1
        self.page.wait_for_function("document.fonts.status === 'loaded'")
        self.page.screenshot(path=SCREENSHOTS / f"{self.series}-{self.taken:02d}-{name}.png")

    def keep_for_docs(self, name: str, message: Locator, most: int = 900, *, end: bool = False) -> None:
        """Take a picture of a message for docs/pictures: of its beginning or `end`, at most so many pixels high."""
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size({"width": 1000, "height": 3600})
        message.scroll_into_view_if_needed()
        box = message.bounding_box()
        assert box is not None
        height = min(box["height"], most)
        clip = {**box, "height": height, "y": box["y"] + end * (box["height"] - height)}
        self.page.screenshot(path=SCREENSHOTS / "docs" / f"{name}.jpg", clip=clip, type="jpeg", quality=80)
        self.page.set_viewport_size(size)

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def titles(digest: Locator) -> list[str]:
    """The customers of the rows that can be answered, with their steps."""
    sections = digest.locator(".block.section:has(+ .block.actions)")
    # A row may begin with the title of its section.
    return [next(filter(NAMED.search, text.splitlines())) for text in sections.all_inner_texts()]


def row(digest: Locator, title: str) -> Locator:
    """What a row says now."""
    return digest.locator(".block.section").filter(has_text=title)


def buttons(digest: Locator, title: str) -> Locator:
    """What can be pressed below a row."""
    return digest.locator(".block.section").filter(has_text=title).locator("+ .block.actions")


def choose(person: Visit, digest: Locator, title: str, action: str, choice: str) -> None:
    buttons(digest, title).locator(f"[data-action-id={action}]").select_option(label=choice)
