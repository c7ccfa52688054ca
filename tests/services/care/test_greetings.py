"""One message for an occasion: everybody whom a person greets, with the text for each, within Slack's limits."""

from datetime import date
from itertools import count
from typing import Any

import pytest

from bot.demo.workspace.limits.blocks import check_blocks
from bot.services.care import occasions
from bot.services.care.greetings import MOST_CUSTOMERS, ToGreet, greetings, is_top
from bot.services.care.occasion_days import OccasionDay
from bot.slack import blocks
from bot.wording.actions import Pointer
from bot.wording.care.greetings import GreetedCustomer, Greetings
from bot.wording.greeting_texts import languages
from bot.wording.messages import dump, load
from bot.wording.parts import TierPart
from bot.wording.rendering import Renderer
from grading.scheme.model import Name

VIP = TierPart(id="vip", names=Name(en="VIP", zh="VIP客户"), rank=0)
GOLD = TierPart(id="gold", names=Name(en="Gold", zh="金牌客户"), rank=1)
MID_AUTUMN = occasions.OCCASIONS["mid_autumn"]
DAY = OccasionDay(day=date(2026, 9, 25))
RENDERER = Renderer()


def customers(*rows: tuple[str, str | None, TierPart]) -> list[ToGreet]:
    ids = count(1)
    return [
        ToGreet(
            customer=GreetedCustomer(
                customer_id=at, version=1, name=name, code=f"C-{at}", touch_id=100 + at, touch_version=2
            ),
            tier=tier,
            country=country,
            top=is_top(tier, prospect=False),
        )
        for (name, country, tier), at in zip(rows, ids, strict=False)
    ]


def message(*rows: tuple[str, str | None, TierPart]) -> Greetings:
    return greetings("mid_autumn", MID_AUTUMN.name, DAY, customers(*rows), languages(None))


def texts(shown: Greetings, language: str = "en") -> list[str]:
    content = blocks.payload(RENDERER, shown, language)["blocks"]
    return [block["text"]["text"] for block in content if block["type"] in ("header", "section")]


def buttons(shown: Greetings) -> list[dict[str, Any]]:
    (actions,) = [
        block for block in blocks.payload(RENDERER, shown, "en")["blocks"] if block["type"] == "actions"
    ]
    found: list[dict[str, Any]] = actions["elements"]
    return found


def test_customers_stand_by_tier_over_the_text_of_their_language_and_class() -> None:
    shown = message(
        ("晨星", "中国", VIP), ("海蓝", "China", GOLD), ("Merlion", "UK", GOLD), ("南山", "CN", GOLD)
    )
    header, *body = texts(shown)
    assert header == "Mid-Autumn Festival · Sep 25, 2026"
    assert body == [
        "*VIP*\n• *晨星* C-1",
        ":pencil: Text to copy: Chinese",
        f"```{RENDERER.greeting_text('mid_autumn', 'zh', top=True)}```",
        "*Gold*\n• *Merlion* C-3",
        ":pencil: Text to copy: English",
        f"```{RENDERER.greeting_text('mid_autumn', 'en', top=False)}```",
        "*Gold*\n• *南山* C-4\n• *海蓝* C-2",
        ":pencil: Text to copy: Chinese",
        f"```{RENDERER.greeting_text('mid_autumn', 'zh', top=False)}```",
    ]
    assert texts(shown, "zh")[:3] == [
        "中秋节 · 2026年9月25日",
        "*VIP客户*\n• *晨星* C-1",
        ":pencil: 可复制的文本：中文",
    ]


def test_a_prospect_is_never_thanked_for_orders() -> None:
    assert is_top(VIP, prospect=False)
    assert not is_top(VIP, prospect=True)
    assert not is_top(GOLD, prospect=False)


def test_each_customer_has_a_button_and_all_have_one() -> None:
    shown = message(("Merlion", "GB", VIP), ("Albion", "GB", VIP))
    assert [(one["action_id"], one["text"]["text"]) for one in buttons(shown)] == [
        ("tierbot_all_greeted", "All greeted"),
        ("tierbot_greeted.0", "Albion"),
        ("tierbot_greeted.1", "Merlion"),
    ]
    assert [blocks.decode(one["value"]).id for one in buttons(shown)] == [102, 102, 101]


def test_who_was_greeted_loses_the_button_and_keeps_the_row() -> None:
    shown = message(("Merlion", "GB", VIP), ("Albion", "GB", VIP))
    after = shown.as_open({101: 3})
    assert ":white_check_mark: *Albion* C-2\n• *Merlion* C-1" in texts(after)[1]
    assert [one["text"]["text"] for one in buttons(after)] == ["All greeted", "Merlion"]
    assert [blocks.decode(one["value"]) for one in buttons(after)] == [Pointer(id=101, version=3)] * 2
    done = after.as_open({})
    assert texts(done)[1] == ":white_check_mark: All of them have been greeted."
    assert [
        block for block in blocks.payload(RENDERER, done, "en")["blocks"] if block["type"] == "actions"
    ] == []
    assert done.as_open({101: 4}).open_customers[0].touch_version == 4  # it was taken back


@pytest.mark.parametrize("number", [24, 25, MOST_CUSTOMERS, 250])
@pytest.mark.parametrize("name", ["Merlion Trading", "名" * 200, "A&B " * 50])
def test_as_many_are_named_as_slack_takes(number: int, name: str) -> None:
    countries = ("GB", "CN", "TW", None)
    shown = message(*((name, countries[at % 4], (VIP, GOLD)[at % 2]) for at in range(number)))
    assert 0 < len(shown.customers) <= number
    for language in ("en", "zh"):
        content = blocks.payload(RENDERER, shown, language)
        check_blocks(content["blocks"])
        text = "\n".join(texts(shown, language))
        assert text.count("C-") == len(shown.customers)  # nothing is cut off
        assert text.count("```") == 2 * len(shown.sections)
    if name == "Merlion Trading":
        assert len(shown.customers) == min(number, MOST_CUSTOMERS)
        kinds = [one["type"] for one in buttons(shown)]
        assert kinds == (["button"] * 25 if number == 24 else ["button", "static_select"])


def test_the_best_tiers_are_named_where_there_is_not_room_for_all() -> None:
    shown = message(*(("Merlion", "GB", (GOLD, VIP)[at % 2]) for at in range(2 * MOST_CUSTOMERS)))
    assert [part.tier for section in shown.sections for part in section.tiers] == [VIP]
    assert len(shown.customers) == MOST_CUSTOMERS


def test_who_is_no_longer_the_readers_customer_is_left_out_with_the_text_for_it() -> None:
    shown = message(("晨星", "中国", VIP), ("Merlion", "UK", GOLD))
    rest = shown.without({1})
    assert [one.name for one in rest.customers] == ["Merlion"]
    assert texts(rest)[1:3] == ["*Gold*\n• *Merlion* C-2", ":pencil: Text to copy: English"]
    assert texts(rest.without({2}))[1:] == ["Other people greet these customers now."]


def test_an_estimated_day_is_said_to_be_one() -> None:
    (eid,) = occasions.days("eid_al_fitr", 2030)
    shown = greetings(
        "eid_al_fitr",
        Name(en="Eid al-Fitr", zh="开斋节"),
        eid,
        customers(("Atlas", "AE", VIP)),
        languages(None),
    )
    footers = [
        str(block) for block in blocks.payload(RENDERER, shown, "en")["blocks"] if block["type"] == "context"
    ]
    assert "The day is estimated: it may turn out to be a day earlier or later." in footers[0]
    assert "estimated" not in str(blocks.payload(RENDERER, message(("Merlion", "GB", VIP)), "en"))


def test_the_message_is_stored_and_read_again() -> None:
    shown = message(("晨星", "中国", VIP), ("Merlion", "GB", GOLD)).as_open({102: 2})
    assert load(dump(shown)) == shown
