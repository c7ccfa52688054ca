"""What people record about a customer, in the browser: whom one knows there, what went wrong, and what comes of it.

Pictures for docs/pictures are kept in tests/e2e/screenshots, to be checked by eye.
"""

from datetime import timedelta

from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visitor
from tests.e2e.visit import NEEDS_CHROMIUM, Visit, buttons, row, titles

pytestmark = NEEDS_CHROMIUM
OFFER = "Send the offer for the second line."
BEST_OF_LIN = "苏州澜岳精密机械股份有限公司"


def offered(person: Visit, customer: str, choice: str) -> Locator:
    """What a choice in the menu of a customer's card opens."""
    card = person.ask(f"/tier {customer}", customer)
    card.locator("[data-action-id=tierbot_more]").select_option(label=choice)
    return person.hook("modal")


def fill(form: Locator, **values: str) -> None:
    for name, value in values.items():
        field = form.locator(f"[data-action-id={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)


def test_a_lunar_birthday_is_entered_announced_and_congratulated(visit: Visitor) -> None:
    lin = visit("birthday", locale="zh-CN")
    lin.open_as("U0LINWEI", "C0KEYACCOUNTS")
    shown = offered(lin, BEST_OF_LIN, "联系人")
    lin.press(shown, "tierbot_add_contact")
    form = lin.hook("modal").last
    fill(form, name="周海燕", role="采购总监", birthday="农历1985年八月二十", interests="昆曲")
    lin.keep("form")
    lin.send()
    expect(lin.hook("modal").last).to_contain_text("2026年9月30日")
    lin.keep("entered")
    lin.hook("modal-close").last.click()
    expect(lin.hook("modal")).to_have_count(1)
    expect(lin.hook("modal")).to_contain_text("采购总监")
    lin.keep("list")
    lin.close()
    lin.open("D0LINWEI")
    for _ in range(2):  # 23 September, a week before
        lin.run("time", days="1")
    week_before = lin.pinned(lin.messages("周海燕").last)
    lin.keep_for_docs("birthday-ahead", row(week_before, "周海燕"), 300)
    lin.run("time", days="7")
    on_the_day = lin.pinned(lin.messages("周海燕").last)
    expect(on_the_day).to_contain_text("生日快乐")
    lin.keep_for_docs("birthday", on_the_day, 700, end=True)


def test_a_complaint_from_the_form_to_its_end(visit: Visitor) -> None:
    anna = visit("complaint")
    anna.open_as("U0ANNA", "C0GENERAL")
    form = offered(anna, "ACME", "Complaint")
    fill(form, kind="Delivery", what="Two of four pallets came with water damage.", by="Ms Kerr, purchasing")
    anna.keep("form")
    anna.send()
    expect(anna.hook("modal")).to_contain_text("ACME")
    anna.keep("recorded")
    anna.close()
    anna.open("D0ANNA")
    anna.run("time", days="1")
    digest = anna.pinned(anna.messages("Your customers on").last)
    title = next(one for one in titles(digest) if one.startswith("ACME") and "Delivery" in one)
    anna.keep_for_docs("complaint", digest, 420)
    anna.press(buttons(digest, title), "tierbot_complaint_step")
    fill(anna.hook("modal"), text="New pallets sent by express.")
    anna.send()
    anna.close()
    expect(row(digest, title)).to_contain_text("New pallets sent by express.")
    anna.press(buttons(digest, title), "tierbot_close_complaint")
    fill(anna.hook("modal"), text="Both pallets replaced, freight not charged.", agreed="Yes")
    anna.keep("close-form")
    anna.send()
    anna.close()
    expect(row(digest, title)).to_contain_text("Closed by @Anna Schmidt")


def test_a_gift_over_the_limit_is_refused(visit: Visitor) -> None:
    anna = visit("gift")
    anna.open_as("U0ANNA", "C0GENERAL")
    form = offered(anna, "ACME", "Gift")
    fill(form, what="A case of wine", value="900")
    anna.keep("form")
    anna.hook("modal-submit").click()
    expect(form).to_contain_text("Omar Haddad")  # whom to ask
    anna.keep_for_docs("gift-refused", form, 900)
    fill(form, value="40")
    anna.send()
    expect(anna.hook("modal")).to_contain_text("A case of wine")
    anna.keep("recorded")
    anna.close()


def test_a_low_score_of_a_survey_asks_for_a_talk(visit: Visitor) -> None:
    anna = visit("survey")
    anna.open_as("U0ANNA", "C0GENERAL")
    form = offered(anna, "ACME", "Survey score")
    fill(form, score="1", scale="1 to 5", note="Deliveries were late three times.")
    anna.keep("form")
    anna.send()
    expect(anna.hook("modal")).to_contain_text("1")
    anna.keep("recorded")
    anna.close()
    card = anna.ask("/tier ACME", "ACME")
    anna.keep_for_docs("survey-card", card, 700)
    anna.run("time", days="1")
    anna.open("D0ANNA")
    digest = anna.pinned(anna.messages("Your customers on").last)
    anna.keep_for_docs("survey-digest", digest, 700)


def test_a_broken_promise_reaches_the_manager(visit: Visitor) -> None:
    anna = visit("promise")
    anna.open_as("U0ANNA", "C0GENERAL")
    form = offered(anna, "ACME", "Promise")
    fill(form, promise=OFFER, due=(anna.today() + timedelta(days=2)).isoformat())
    anna.keep("form")
    anna.send()
    anna.keep("recorded")
    anna.close()
    anna.run("time", days="7")
    anna.run("time", days="1")
    anna.open("D0ANNA")
    digest = anna.pinned(anna.messages("Your customers on").last)
    expect(row(digest, OFFER)).to_have_count(1)
    anna.keep_for_docs("promise", row(digest, OFFER), 300)
    anna.run("time", days="7")  # the plan tells managers of what is late after seven days
    anna.open_as("U0OMAR", "D0OMAR")
    anna.keep_for_docs("promise-broken", anna.messages(OFFER).last, 500)
