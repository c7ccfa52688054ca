"""The story of a first day in the browser: `tierbot demo` as a process of its own, and its page in Chromium.

Screenshots of every step are kept in tests/e2e/screenshots, to be checked by eye.
"""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visitor
from tests.e2e.visit import NEEDS_CHROMIUM, Visit, buttons, choose, row, titles

pytestmark = NEEDS_CHROMIUM
BEST_OF_LIN = "苏州澜岳精密机械股份有限公司"


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
    anna.keep_for_docs("digest", digest)
    call_taken_back(anna, digest)
    *_, skipped, passed_on, snoozed = titles(digest)
    choose(anna, digest, snoozed, "tierbot_row_menu", "Snooze until…")
    expect(anna.hook("modal").locator("input[type=date]")).to_have_count(1)
    anna.keep("snooze-form")
    anna.send()
    anna.close()
    expect(row(digest, snoozed)).to_contain_text("Snoozed by @Anna Schmidt until")
    choose(anna, digest, passed_on, "tierbot_row_menu", "Reassign…")
    anna.hook("modal").locator("select").select_option(label="Omar Haddad")
    anna.keep("reassign-form")
    anna.send()
    anna.close()
    expect(row(digest, passed_on)).to_contain_text("Omar Haddad does it now")
    choose(anna, digest, skipped, "tierbot_row_menu", "Skip…")
    anna.hook("modal").locator("[data-testid=input]").last.locator("input, textarea").last.fill("They moved.")
    anna.keep("skip-form")
    anna.send()
    anna.close()
    expect(row(digest, skipped)).to_contain_text("Skipped by @Anna Schmidt")
    anna.keep_for_docs("settled", digest, 460, end=True)
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


def call_taken_back(person: Visit, digest: Locator) -> None:
    """Say of a revisit that it was a call, and take that back."""
    asked = buttons(digest, "").filter(has=person.page.locator("[data-action-id=tierbot_done_as]")).first
    block = asked.get_attribute("data-block-id")
    title = next(
        one for one in titles(digest) if buttons(digest, one).get_attribute("data-block-id") == block
    )
    choose(person, digest, title, "tierbot_done_as", "Call")
    expect(row(digest, title)).to_contain_text("Done by @Anna Schmidt (Call)")
    person.keep_for_docs("done", digest, 420)
    person.press(buttons(digest, title), "tierbot_undo")
    expect(buttons(digest, title).locator("[data-action-id=tierbot_done_as]")).to_have_count(1)


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
    lin.ask("/tier", "C-")
    lin.keep("mine")
    lin.open("D0LINWEI")
    digest = lin.pinned(lin.messages("的客户待办").last)
    lin.keep_for_docs("digest-zh", digest)
    first = titles(digest)[0]
    choose(lin, digest, first, "tierbot_row_menu", "1 天后再提醒")
    expect(row(digest, first)).to_contain_text("林薇 Lin Wei")
    lin.keep("settled")
    greetings = lin.pinned(lin.messages("中秋节 · ").last)
    expect(greetings).to_contain_text("中秋快乐！")
    lin.keep_for_docs("mid-autumn", greetings, 800, end=True)
    lin.press(greetings, "tierbot_all_greeted")
    expect(greetings).to_contain_text("所有客户均已问候")

    # Nobody does anything for his best customer: Lin is asked at once, his manager hears of it, then the group.
    urgent = lin.pinned(lin.messages(BEST_OF_LIN).filter(has_text="请立即处理").last)
    lin.keep_for_docs("urgent-vip", urgent)
    lin.run("time", days="1")
    lin.open_as("U0GRACE", "D0GRACE")
    report = lin.messages(BEST_OF_LIN).filter(has_text="已超期限").last
    lin.keep_for_docs("manager", report)
    lin.run("time", days="7")
    lin.open_as("U0GRACE", "C0EMERGENCY")
    emergency = lin.messages(BEST_OF_LIN).last
    expect(emergency).to_contain_text("林薇")
    lin.keep_for_docs("emergency-group", emergency)
    lin.open_as("U0LINWEI", "C0KEYACCOUNTS")
    lin.press(lin.ask("/tier 澜岳精密", BEST_OF_LIN), "tierbot_log_visit")
    lin.keep("form")
    lin.send()
    lin.keep("logged")
    lin.close()
    lin.run("orders", story="big_return")
    lin.open_as("U0GRACE", "C0MANAGERS")
    alert = lin.messages("苏州澜岳").last
    expect(alert).to_contain_text("（C类）")
    lin.keep("alert")


def test_a_deputy_gets_the_morning_of_who_is_away(fresh_demo: str, visit: Visitor) -> None:
    julia = visit("deputy", url=fresh_demo)
    julia.open_as("U0JULIA", "D0JULIA")
    assert "Julia Brandt acts" in julia.run("away", person="anna")
    julia.run("time", days="1")
    step = julia.page.locator("[data-action-id=tierbot_row_menu]")  # a digest of today has complaints only
    mornings = julia.messages("Your customers on").filter(has=step)
    digest = julia.pinned(mornings.filter(has_text="@Anna Schmidt").last)
    of_anna = [
        title
        for title in titles(digest)
        if "@Anna Schmidt" in title
        and buttons(digest, title).locator("[data-action-id=tierbot_row_menu]").count()
    ]
    assert of_anna
    julia.keep_for_docs("deputy", digest)
    choose(julia, digest, of_anna[0], "tierbot_row_menu", "Snooze 7 days")
    expect(row(digest, of_anna[0])).to_contain_text("Snoozed by @Julia Brandt")
    today = digest.locator("h3").inner_text()
    julia.open_as("U0ANNA", "D0ANNA")
    expect(julia.messages(today)).to_have_count(0)


def test_christmas_comes_with_a_text_to_copy(visit: Visitor) -> None:
    anna = visit("christmas")
    anna.open_as("U0ANNA", "D0ANNA")
    for _ in range(12):
        if anna.messages("Christmas · ").count():
            break
        anna.run("time", days="greetings")
    greetings = anna.pinned(anna.messages("Christmas · Dec 25, 2026").last)
    expect(greetings).to_contain_text("Text to copy: English")
    anna.keep_for_docs("christmas", greetings, 800, end=True)
    anna.press(greetings, "tierbot_all_greeted")
    expect(greetings).to_contain_text("All of them have been greeted.")


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
