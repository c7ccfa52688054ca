"""The Home tab, mentions and direct messages in the browser: `tierbot demo` as a process of its own."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.visit import NEEDS_CHROMIUM, Visit

pytestmark = NEEDS_CHROMIUM


def at_home(person: Visit, user: str) -> None:
    """Open the tab; it is shown once the bot has published it."""
    person.open_as(user, f"D{user[1:]}")
    person.hook("home-tab").click()
    expect(person.hook("home")).to_contain_text(re.compile("My settings|我的设置"))


def test_anna_works_on_her_home_tab(visit: Visitor) -> None:
    anna = visit("home-en-light", height=2600)
    anna.open_as("U0ANNA", "C0GENERAL")
    anna.ask("/tier ACME", "ACME · Important (B)")
    anna.run("time", days="1")
    at_home(anna, "U0ANNA")
    home = anna.hook("home")
    expect(home).to_contain_text("My customers")
    anna.keep("opened")

    home.locator("[data-action-id=tierbot_home_search]").fill("ACME")
    anna.page.keyboard.press("Enter")
    expect(anna.hook("modal")).to_contain_text("ACME · Important (B)")
    anna.keep("answer")
    anna.hook("modal").locator("[data-action-id=tierbot_why]").click()
    expect(anna.hook("modal")).to_contain_text("Why this tier")
    anna.hook("modal-close").click()
    expect(anna.hook("modal")).to_contain_text("ACME · Important (B)")  # the way back
    anna.close()

    first = home.locator("[data-action-id=tierbot_done], [data-action-id=tierbot_done_as]").first
    if "done_as" in (first.get_attribute("data-action-id") or ""):
        first.select_option(index=1)
    else:
        first.click()
    expect(home).to_contain_text("Done by @Anna Schmidt")
    expect(home.locator("[data-action-id=tierbot_undo]")).to_have_count(1)
    anna.keep("done")
    home.locator("[data-action-id=tierbot_undo]").click()
    expect(home.locator("[data-action-id=tierbot_undo]")).to_have_count(0)

    home.locator("[data-action-id=tierbot_set_language]").click()
    anna.hook("modal").locator("[data-action-id=language]").select_option(label="中文")
    anna.keep("language")
    anna.send()
    anna.close()
    expect(home).to_contain_text("我的客户")
    anna.keep("chinese")
    assert anna.overflow() <= 0


@pytest.mark.parametrize(("user", "part"), [("U0OMAR", "My team"), ("U0GRACE", "系统")])
def test_a_lead_and_an_admin_see_their_parts(visit: Visitor, user: str, part: str) -> None:
    person = visit(f"home-{user.lower()}", height=2600, scheme="dark")
    at_home(person, user)
    expect(person.hook("home")).to_contain_text(part)
    person.keep("opened")


def said(person: Visit, text: str) -> None:
    """Write a message, and wait for the answer that only its writer sees."""
    before = person.messages("Only visible to you").count()
    person.hook("composer").fill(text)
    person.page.keyboard.press("Enter")
    expect(person.messages("Only visible to you")).to_have_count(before + 1)


def test_a_mention_and_a_direct_message_are_answered_to_the_asker(visit: Visitor) -> None:
    julia = visit("mention")
    julia.open_as("U0JULIA", "C0GENERAL")
    said(julia, "@Tierbot help")
    julia.keep("mention")
    julia.open("D0JULIA")
    said(julia, "help")
    julia.keep("direct")
