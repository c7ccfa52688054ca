"""Contact people in messages and forms: each thing is said once, in words of the reader's language."""

from dataclasses import replace

import pytest

from bot.birthdays import read_birthday
from bot.services.ops.templates import sample
from bot.slack.listeners.records import contact_form
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from bot.wording.catalogue import catalogue
from bot.wording.private import ContactPeople, ContactRow
from bot.wording.rendering import Renderer
from grading.scheme.model import Name
from tests.services.book import MONDAY


@pytest.mark.parametrize(("language", "words"), [("en", "Birthday greeting"), ("zh", "生日祝福")])
def test_the_row_of_a_birthday_says_once_that_it_is_one(language: str, words: str) -> None:
    digest = sample(CareDigest, full=True)
    row = replace(
        digest.rows[0],
        state="open",
        section="soon",
        kind="birthday",
        what="birthday",
        step=Name(en="Birthday greeting", zh="生日祝福"),
    )
    slots = Renderer().slots(replace(digest, complaints=(), promises=(), rows=(row,)), language)
    assert slots.rows[0].count(words) == 1


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "German · Europe/Berlin · Germany · China"), ("zh", "德语 · Europe/Berlin · 德国 · 中国")],
)
def test_language_and_country_of_a_contact_person_are_named(language: str, line: str) -> None:
    row: ContactRow = replace(
        sample(ContactRow, full=False), language="de", zone="Europe/Berlin", country="DE", culture="CN"
    )
    slots = Renderer().slots(replace(sample(ContactPeople, full=True), people=(row,)), language)
    assert line in slots.rows[0]


@pytest.mark.parametrize(("language", "post"), [("en", "Letter"), ("zh", "信函")])
def test_the_form_offers_a_letter_among_the_channels(language: str, post: str) -> None:
    form = contact_form.to_add(Pointer(id=1), "ACME", "C-1", language)
    (channel,) = [block["element"] for block in form["blocks"] if block.get("block_id") == "channel"]
    offered = {one["value"]: one["text"]["text"] for one in channel["options"]}
    assert offered["post"] == post


def test_the_rule_of_a_birthday_has_no_space_between_chinese_sentences() -> None:
    rule = read_birthday("农历闰六月三十").rule(MONDAY)
    assert rule == (
        "The next birthday is on 2026-08-12. In years without a leap month 6 it is kept in month 6."
        " Where that month has 29 days it is kept on the 29th."
    )
    assert "。 " not in rule.text(catalogue("zh"))
