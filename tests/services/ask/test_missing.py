"""What Why says of missing facts, acted out on a database: they are recorded, the gradings are run, the tier is looked at."""

from datetime import date, timedelta

import pytest

from bot.services.ask.missing import MOST_WANTED
from bot.services.grade import overrides, runs
from bot.services.grade.overrides import OverrideRequest
from bot.services.schemes.store import SchemeCache
from bot.wording.messages import Why
from bot.wording.parts import TierPart
from bot.wording.rendering import Renderer
from bot.wording.why_parts import NotComputed, RatingGap, Wanted
from db.engine import Database
from grading.scheme.model import Name
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_explanation import RULE, put, text, why
from tests.services.ask.test_lookup import ADMIN
from tests.services.book import SETTINGS
from tests.services.grade.test_runs import NOW, listener, tier_of

MONTHS = [
    date(2025, 12, 31),
    *(date(2026, month + 1, 1) - timedelta(days=1) for month in range(1, 9)),
]
MOVING = factories.PLAIN_SCHEME + (
    "movement: {margin_up: 5, margin_down: 5, confirm_up: 1, confirm_down: 2, min_dwell: 3, max_step: 1}\n"
)


def snapshot(database: Database, day: date) -> None:
    runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=day,
        today=day + timedelta(days=1),
        now=NOW,
        notify=listener([]),
    )


def wanted_of(message: Why) -> Wanted:
    (wanted,) = message.wanted
    return wanted


@on_sqlite
@pytest.mark.parametrize("interim", [False, True])
@pytest.mark.parametrize(
    ("quality", "before", "said"),
    [
        # 0.6 × 52 = 31.2 is a C below 45 - 5, and 71.2 no A before 70 + 5; a B for three gradings comes first
        (52, 1, "decides the tier: Ordinary to Important (within 3 gradings)"),
        # 0.6 × 62 is 37.2 or with 40 more 77.2; after three gradings in B the C still takes two confirmations
        (62, 1, "decides the tier: Ordinary to Key (within 3 gradings)"),
        (62, 3, "decides the tier: Ordinary to Key (within 2 gradings)"),
        # 0.6 × 68 = 40.8 is no C by 0.8, and 80.8 an A, where 68 alone is a B
        (68, 3, "decides the tier: Important to Key"),
    ],
)
def test_recorded_answers_move_the_tier_as_said(
    database: Database, quality: float, before: int, said: str, interim: bool
) -> None:
    with database.write() as session:
        factories.scheme(session, MOVING)
        customers = [factories.customer(session, f"C{number}") for number in range(3)]
        for customer in customers:
            factories.fact(session, customer, "quality", quality, MONTHS[0])
    for day in MONTHS[:before]:
        snapshot(database, day)
    if interim:  # a regrade between two snapshots counts as none of them
        snapshot(database, MONTHS[before - 1] + timedelta(days=9))
    asked, worst, best = customers
    today = MONTHS[before - 1] + timedelta(days=10 if interim else 1)
    message = why(database, asked, today=today).message
    wanted = wanted_of(message)
    assert f"Service · {said}" in text(message)
    put(database, worst, "service", 0, MONTHS[before - 1])
    put(database, best, "service", 100, MONTHS[before - 1])
    tiers = []
    for day in MONTHS[before : before + wanted.gradings + 2]:
        snapshot(database, day)
        tiers.append((tier_of(database, worst).tier, tier_of(database, best).tier))
    ends = (wanted.worst.id, wanted.best.id)
    assert [pair == ends for pair in tiers] == [False] * (wanted.gradings - 1) + [True] * 3


@on_sqlite
def test_margins_that_no_answer_passes_leave_the_tier_as_it_is(database: Database) -> None:
    narrow = MOVING.replace("weight: 60\n", "weight: 95\n").replace("weight: 40\n", "weight: 5\n")
    with database.write() as session:
        factories.scheme(session, narrow)
        acme = factories.customer(session, "ACME")
        factories.fact(session, acme, "quality", 47, MONTHS[0])
    snapshot(database, MONTHS[0])
    message = why(database, acme).message
    wanted = wanted_of(message)  # 0.95 × 47 = 44.65, below the 45 of a B, but not below 40
    assert (wanted.effect, wanted.worst.id, wanted.best.id) == ("surer", "B", "B")
    assert "Service · makes the score surer by 5.0 points" in text(message)
    put(database, acme, "service", 0, MONTHS[0])
    for day in MONTHS[1:5]:
        snapshot(database, day)
        assert (tier_of(database, acme).score, tier_of(database, acme).tier) == (44.7, "B")


@on_sqlite
def test_under_a_tier_set_by_hand_no_answer_decides(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session, MOVING + RULE.replace("30", "365"))
        acme = factories.customer(session, "ACME")
        factories.fact(session, acme, "quality", 62, MONTHS[0])
    snapshot(database, MONTHS[0])
    day = MONTHS[0] + timedelta(days=1)
    assert wanted_of(why(database, acme, today=day).message).effect == "decides"
    overrides.set_override(
        database,
        SchemeCache(),
        ADMIN,
        acme,
        OverrideRequest(tier="C", reason="leaves", expires_on=day + timedelta(days=300)),
        settings=SETTINGS,
        today=day,
        now=NOW,
        notify=None,
    )
    wanted = wanted_of(why(database, acme, today=day).message)
    assert (wanted.effect, wanted.worst.id, wanted.best.id) == ("surer", "C", "C")


def rating_scheme(*indicators: str) -> str:
    return factories.scheme_text(
        dict.fromkeys(indicators, "score: {fn: points, knots: [[0, 0], [100, 100]]}")
    )


@on_sqlite
@pytest.mark.parametrize(
    ("indicators", "known", "gap", "said"),
    [
        ("a b c d e", 1, 0, "Together they are enough for a rating."),  # 20 % known, 60 % needed
        ("a b c d e", 2, 0, "Together they are enough for a rating."),
        ("a b c d e f g h i j", 1, 2, "A rating needs these and 2 more facts."),  # 10 %, and 5 of 10 to come
        ("a b c d e f g h i j", 2, 1, "A rating needs these and 1 more fact."),
        ("a b net_revenue_12m avg_order_amount", 0, None, "Even all facts together are not enough"),
        (
            "net_revenue_12m avg_order_amount",
            0,
            None,
            "No fact that can be collected is enough for a rating.",
        ),
    ],
)
def test_facts_make_a_customer_rated_as_said(
    database: Database, indicators: str, known: int, gap: int | None, said: str
) -> None:
    names = indicators.split()
    with database.write() as session:
        factories.scheme(session, rating_scheme(*names))
        acme = factories.customer(session, "ACME")
        for name in names[:known]:
            factories.fact(session, acme, name, 60, MONTHS[0])
    snapshot(database, MONTHS[0])
    message = why(database, acme).message
    assert message.rating_gap == RatingGap(more=gap)
    assert said in text(message)
    named = [fact.names.en for fact in message.wanted]
    collectable = [name for name in names[known:] if name not in ("net_revenue_12m", "avg_order_amount")]
    assert named == collectable[:MOST_WANTED]
    rated_at = len(collectable) + 1 if gap is None else len(named) + gap
    for number, name in enumerate(collectable, start=1):
        put(database, acme, name, 60, MONTHS[number - 1])
        snapshot(database, MONTHS[number])
        # "Together" says that they suffice, not that fewer do not
        if number >= rated_at or gap != 0:
            assert (tier_of(database, acme).tier != "unrated") == (number >= rated_at), name
        if number >= rated_at:
            break
    assert tier_of(database, acme).tier == ("unrated" if gap is None else "B")


@on_sqlite
def test_what_is_computed_is_not_asked_for_but_its_source_is_named(database: Database) -> None:
    names = ("quality", "net_revenue_12m", "gross_margin_rate", "contacts_12m", "cross_sell_headroom")
    with database.write() as session:
        factories.scheme(session, rating_scheme(*names))
        acme = factories.customer(session, "ACME")
    snapshot(database, MONTHS[0])
    message = why(database, acme).message
    assert [fact.names.en for fact in message.wanted] == ["quality"]
    found = {part.origin: [name.en for name in part.names] for part in message.not_computed}
    assert found == {
        "orders": ["net_revenue_12m"],
        "order costs": ["gross_margin_rate"],
        "activities": ["contacts_12m"],
        "scheme constants": ["cross_sell_headroom"],
    }
    said = text(message)
    assert "From the costs of orders: gross_margin_rate" in said
    assert "Once an admin has set the constants of the scheme: cross_sell_headroom" in said


NAME = Name(en="Satisfaction", zh="满意度")
A, C = (
    TierPart(id="A", names=Name(en="Key", zh="重点")),
    TierPart(id="C", names=Name(en="Ordinary", zh="普通")),
)


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        (
            {"decides": True, "worst": C, "best": A, "gradings": 4},
            "decides the tier: Ordinary to Key (within 4 gradings)",
            "可决定等级：普通 至 重点 （4 次评级之内）",
        ),
        (
            {"decides": True, "worst": C, "best": A},
            "decides the tier: Ordinary to Key",
            "可决定等级：普通 至 重点",
        ),
        (
            {"decides": True, "worst": A, "best": A},
            "leads to Key, whatever the answer",
            "无论结果如何，等级都将为重点",
        ),
        (
            {"counts_with": Name(en="Finance", zh="财务状况")},
            "counts only once more of Finance is known",
            "需再补充“财务状况”的其他数据才会计入",
        ),
        ({"narrows": 4.2}, "makes the score surer by 4.2 points", "可使得分范围缩小 4.2 分"),
        ({}, None, None),
    ],
)
def test_each_fact_is_named_with_what_it_is_good_for(
    fields: dict[str, object], english: str | None, chinese: str | None
) -> None:
    given = {"decides": False, "worst": A, "best": A, "narrows": 0.04, **fields}
    wanted = Wanted(names=NAME, reason="absent", judgement=False, **given)  # type: ignore[arg-type]
    for language, said in (("en", english), ("zh", chinese)):
        environment = Renderer().environment(language, own=False)
        parts = environment.get_template("_parts.jinja").module
        line = " ".join(parts.wanted_line(wanted).split())  # type: ignore[attr-defined]
        assert line == NAME.text(language) + (f" · {said}" if said else "")


@pytest.mark.parametrize(
    ("origin", "english", "chinese"),
    [
        ("orders", "From orders: Satisfaction", "来自订单：满意度"),
        ("order costs", "From the costs of orders: Satisfaction", "来自订单成本：满意度"),
        ("order lines", "From order lines: Satisfaction", "来自订单明细：满意度"),
        ("invoices", "From invoices: Satisfaction", "来自发票：满意度"),
        ("activities", "From activities: Satisfaction", "来自客户活动记录：满意度"),
        ("financial statements", "From financial statements: Satisfaction", "来自财务报表：满意度"),
        (
            "scheme constants",
            "Once an admin has set the constants of the scheme: Satisfaction",
            "待管理员设定分级标准中的常数后：满意度",
        ),
    ],
)
def test_each_source_is_named(origin: str, english: str, chinese: str) -> None:
    for language, said in (("en", english), ("zh", chinese)):
        parts = Renderer().environment(language, own=False).get_template("_parts.jinja").module
        part = NotComputed(origin=origin, names=(NAME,))
        assert parts.not_computed_line(part).strip() == said  # type: ignore[attr-defined]
