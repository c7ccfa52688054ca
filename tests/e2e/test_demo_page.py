"""The story of a first day in the browser: `tierbot demo` as a process of its own, and its page in Chromium.

Screenshots of every step are kept in tests/e2e/screenshots, to be checked by eye.
"""

import json
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.e2e.processes import Running, Tierbot, wait_until

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
SCREENSHOTS = Path(__file__).parent / "screenshots"
SLOW = 20_000  # ms; how long a shared machine may take
NAMED = re.compile(r"C-\d{4} · ")  # the line with the customer and the step
SAVING = re.compile("Saving|正在保存")

expect.set_options(timeout=SLOW)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="There is no chromium on this machine; install it to have the demo's page tested: apt-get install chromium",
)


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
            SLOW / 1000,
        )
        expect(form.locator("[data-testid=control-status]")).to_have_attribute("data-status", "done")
        expect(form.locator("button")).to_be_enabled()
        return form.locator("[data-testid=control-status]").inner_text()

    def run_of(self, control: str) -> dict[str, Any]:
        """The last run of a control."""
        state = self.page.request.get(f"{self.url}/page/state").json()
        return next(one["run"] or {} for one in state["controls"] if one["id"] == control)

    def keep(self, name: str) -> None:
        """Take a screenshot."""
        self.taken += 1
        self.page.wait_for_function("document.fonts.status === 'loaded'")
        self.page.screenshot(path=SCREENSHOTS / f"{self.series}-{self.taken:02d}-{name}.png")

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running demo."""
    folder = tmp_path_factory.mktemp("demo")
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
        one = Visit(page=context.new_page(), url=demo, series=series)
        one.watch()
        visits.append(one)
        return one

    yield come
    for one in visits:
        one.page.context.close()
        assert one.faults == []


def test_the_demo_takes_no_token_that_others_can_know(demo: str) -> None:
    request = urllib.request.Request(f"{demo}/api/auth.test", b"token=xoxb-local")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer) == {"ok": False, "error": "invalid_auth"}


def test_anna_walks_through_her_day(visit: Visitor) -> None:
    anna = visit("en-light")
    anna.open_as("U0ANNA", "C0GENERAL")
    anna.keep("empty")
    anna.hook("composer").type("/ti")
    expect(anna.hook("completion")).to_have_count(1)
    anna.keep("completion")
    card = anna.ask("/tier ACME", "ACME · Important (B)")
    anna.keep("card")

    anna.press(card, "tierbot_why")
    expect(anna.hook("modal")).to_contain_text("ACME")
    anna.keep("why")
    anna.close()

    anna.press(card, "tierbot_share")
    preview = anna.messages("Only you see this so far")
    expect(preview).to_have_count(1)
    anna.keep("preview")
    anna.press(preview, "tierbot_post")
    shared = anna.messages("Anna Schmidt").filter(has=anna.page.locator("[data-action-id=tierbot_take_back]"))
    expect(shared).to_have_count(1)
    expect(shared).not_to_contain_text("Only visible to you")
    anna.keep("shared")

    anna.press(card, "tierbot_log_visit")
    expect(anna.hook("modal")).to_be_visible()
    anna.hook("modal").locator("[data-action-id=kind]").select_option("meeting")
    anna.hook("modal").locator("[data-action-id=note]").fill("They want a second line by summer.")
    anna.keep("form")
    anna.send()
    expect(anna.hook("modal")).to_contain_text("ACME")
    anna.keep("logged")
    anna.close()

    anna.ask("/tier", "Your customers")
    anna.keep("mine")
    anna.ask("/tier Gre", "Gre")
    anna.keep("choice")
    anna.ask("/tier help", "/tier")
    anna.keep("help")

    passed = anna.run("time", days="1")
    assert re.search(r"\d+ messages", passed)
    anna.open("D0ANNA")
    digest = anna.pinned(anna.messages("Your customers on").last)
    digest.scroll_into_view_if_needed()
    anna.keep("digest")
    call_taken_back(anna, digest)
    *_, skipped, passed_on, snoozed = titles(digest)
    choose(anna, digest, snoozed, "tierbot_row_menu", "Snooze until…")
    expect(anna.hook("modal").locator("input[type=date]")).to_have_count(1)
    anna.keep("snooze-form")
    anna.send()
    anna.close()
    expect(row(digest, snoozed)).to_contain_text("Snoozed by @Anna Schmidt until")
    choose(anna, digest, passed_on, "tierbot_row_menu", "Reassign…")
    anna.hook("modal").locator("select").select_option(label="Julia Brandt")
    anna.keep("reassign-form")
    anna.send()
    anna.close()
    expect(row(digest, passed_on)).to_contain_text("Julia Brandt does it now")
    choose(anna, digest, skipped, "tierbot_row_menu", "Skip…")
    anna.hook("modal").locator("[data-testid=input]").last.locator("input, textarea").last.fill("They moved.")
    anna.keep("skip-form")
    anna.send()
    anna.close()
    expect(row(digest, skipped)).to_contain_text("Skipped by @Anna Schmidt")
    anna.keep("settled")
    anna.ask("/tier todo", "What is due on")
    anna.keep("todo")

    assert (
        "1 customer" in anna.run("orders", story="acme_wins")
        or "customers changed" in anna.hook("control-status").last.inner_text()
    )
    anna.page.locator("[data-user-id=U0OMAR]").click()
    anna.open("C0MANAGERS")
    alert = anna.messages("ACME").last
    expect(alert).to_contain_text("Important (B) → Strategic (A)")
    anna.keep("alert")
    anna.press(alert, "tierbot_open")
    expect(anna.messages("ACME · Strategic (A)").last).to_be_visible()
    anna.keep("card-under-alert")


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


def call_taken_back(person: Visit, digest: Locator) -> None:
    """Say of a revisit that it was a call, and take that back."""
    asked = buttons(digest, "").filter(has=person.page.locator("[data-action-id=tierbot_done_as]")).first
    block = asked.get_attribute("data-block-id")
    title = next(
        one for one in titles(digest) if buttons(digest, one).get_attribute("data-block-id") == block
    )
    choose(person, digest, title, "tierbot_done_as", "Call")
    expect(row(digest, title)).to_contain_text("Done by @Anna Schmidt (Call)")
    person.keep("done")
    person.press(buttons(digest, title), "tierbot_undo")
    expect(buttons(digest, title).locator("[data-action-id=tierbot_done_as]")).to_have_count(1)
    person.keep("undone")


def test_lin_wei_walks_through_hers_in_chinese_and_in_the_dark(visit: Visitor) -> None:
    lin = visit("zh-dark", locale="zh-CN", scheme="dark")
    lin.open_as("U0LINWEI", "C0KEYACCOUNTS")
    card = lin.ask("/tier 澜岳精密", "苏州澜岳精密机械股份有限公司")
    expect(card).to_contain_text("（A类）")
    lin.keep("card")
    lin.press(card, "tierbot_why")
    expect(lin.hook("modal")).to_contain_text("苏州澜岳")
    lin.keep("why")
    lin.close()
    lin.press(card, "tierbot_share")
    preview = lin.messages("目前只有您能看到")
    expect(preview).to_have_count(1)
    lin.keep("preview")
    lin.press(preview, "tierbot_post")
    expect(lin.messages("苏州澜岳")).to_have_count(2)
    lin.press(card, "tierbot_log_visit")
    lin.keep("form")
    lin.send()
    lin.keep("logged")
    lin.close()
    lin.ask("/tier", "C-")
    lin.keep("mine")
    lin.run("time", days="1")
    lin.open("D0LINWEI")
    digest = lin.pinned(lin.messages("的客户待办").last)
    digest.scroll_into_view_if_needed()
    lin.keep("digest")
    first = titles(digest)[0]
    choose(lin, digest, first, "tierbot_row_menu", "1 天后再提醒")
    expect(row(digest, first)).to_contain_text("林薇 Lin Wei")
    lin.keep("settled")
    lin.run("orders", story="big_return")
    lin.page.locator("[data-user-id=U0GRACE]").click()
    lin.open("C0MANAGERS")
    alert = lin.messages("苏州澜岳").last
    expect(alert).to_contain_text("（C类）")
    lin.keep("alert")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off(visit: Visitor, scheme: str) -> None:
    phone = visit(f"phone-{scheme}", scheme=scheme, width=390, height=844)
    phone.open_as("U0ANNA", "C0KEYACCOUNTS")
    card = phone.ask("/tier ACME", "ACME")
    phone.keep("card")
    assert phone.overflow() == 0
    phone.press(card, "tierbot_why")
    expect(phone.hook("modal")).to_be_visible()
    phone.keep("why")
    assert phone.overflow() == 0
    phone.close()
    phone.page.locator("#open-sidebar").click()
    expect(phone.page.locator("[data-channel-id=D0ANNA]")).to_be_in_viewport()
    phone.keep("sidebar")
    phone.open("D0ANNA")
    phone.keep("messages")
    phone.hook("panel-toggle").click()
    expect(phone.page.locator("form[data-control-id=time]")).to_be_in_viewport()
    phone.keep("panel")
    assert phone.overflow() == 0
