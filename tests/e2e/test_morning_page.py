"""Two mornings in the browser: an account manager prepares for the day, and a manager looks at the team.

Pictures for docs/pictures are kept in tests/e2e/screenshots, to be checked by eye.
"""

import csv
import io
import re
import zipfile

from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visitor
from tests.e2e.test_home_page import at_home
from tests.e2e.visit import NEEDS_CHROMIUM, Visit

pytestmark = NEEDS_CHROMIUM


def answer(person: Visit, text: str) -> Locator:
    """The newest message that says something."""
    expect(person.messages(text).last).to_be_visible()
    return person.pinned(person.messages(text).last)


def sent(person: Visit, listed: Locator, action: str, ending: str) -> bytes:
    """Ask for a list as a file; what the link in the direct messages downloads."""
    person.press(listed, action)
    name = re.compile(r"customers-[\d-]+\." + ending)
    person.open("D0OMAR")
    with person.page.expect_download() as download:
        person.messages().locator("a", has_text=name).last.click()
    path = download.value.path()
    return path.read_bytes()


def test_an_account_manager_prepares_for_the_day(visit: Visitor) -> None:
    anna = visit("morning", height=1400)
    anna.open_as("U0ANNA", "D0ANNA")
    anna.run("time", days="1")
    digest = anna.pinned(anna.messages("Your customers on").last)
    digest.locator("[data-action-id=tierbot_brief]").first.click()
    brief = answer(anna, "Last contacts")
    expect(brief).to_contain_text("What to ask")
    anna.keep_for_docs("brief", brief, 1300)
    compared = anna.ask("/tier compare ACME and C-0003", "Ahlhagen")
    expect(compared).to_contain_text("Points by dimension")
    anna.keep_for_docs("compare", compared, 1100)
    listed = anna.ask("/tier which customers have I not visited for 60 days", "customers")
    anna.keep_for_docs("list", listed, 1000)
    at_home(anna, "U0ANNA")
    anna.keep_for_docs("home", anna.hook("home"), 1300)


def test_the_same_in_chinese_and_dark(visit: Visitor) -> None:
    lin = visit("morning-zh", locale="zh-CN", scheme="dark", height=1400)
    lin.open_as("U0LINWEI", "D0LINWEI")
    card = lin.ask("/tier 苏州澜岳精密机械股份有限公司", "苏州澜岳")
    card.locator("[data-action-id=tierbot_more]").select_option(label="拜访准备")
    brief = answer(lin, "最近联系")
    lin.keep_for_docs("brief-zh-dark", brief, 1300)
    listed = lin.ask("/tier 哪些客户60天没拜访", "客户")
    lin.keep_for_docs("list-zh-dark", listed, 1000)
    at_home(lin, "U0LINWEI")
    lin.keep_for_docs("home-zh-dark", lin.hook("home"), 1300)


def test_a_manager_looks_at_the_team_and_takes_a_list_along(visit: Visitor) -> None:
    omar = visit("manager", height=1400)
    omar.open_as("U0OMAR", "D0OMAR")
    team = omar.ask("/tier my team", "Anna Schmidt")
    omar.keep_for_docs("team", team, 1000)
    omar.ask("/tier value at risk", "at risk")
    listed = omar.ask("/tier at risk", "customers")
    omar.keep_for_docs("at-risk", listed, 1000)
    number = re.search(r"(\d+) customers", listed.inner_text())
    assert number is not None
    rows = list(csv.reader(io.StringIO(sent(omar, listed, "tierbot_list_csv", "csv").decode("utf-8-sig"))))
    assert len(rows) == 1 + int(number[1])
    with zipfile.ZipFile(io.BytesIO(sent(omar, listed, "tierbot_list_file", "xlsx"))) as book:
        assert book.testzip() is None
