"""Coexisting schemes: which grades which customer, in which order, and customers that change from one to another."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from bot.errors import BadInput, NotFound
from bot.services.ask import explanation, history, lookup
from bot.services.grade import regrades, runs
from bot.services.grade.runs import RunReport
from bot.services.grade.verification import verify
from bot.services.reports import review
from bot.services.schemes import lifecycle, status, store
from bot.services.schemes.status import VersionStatus
from bot.services.schemes.store import SchemeCache, SchemeFile
from bot.services.trial import diff, replays
from bot.wording.actions import Pointer
from bot.wording.messages import TierCard, Ungraded
from db.book.customers import Customer
from db.engine import Database
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.services.ask.test_lookup import ADMIN, RULES

MARCH, APRIL, MAY, JUNE = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)
TODAY = date(2026, 7, 10)
NOW = datetime(2026, 7, 10, 8, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
CONFIRMED = "movement: {confirm_up: 2, confirm_down: 2}\n"
# Banks: the weights of `plain` turned around, and its A called gold; moves are confirmed twice.
BANKS = (
    factories.PLAIN_SCHEME.replace("scheme: plain", "scheme: banks\napplies_to: {industry: [finance]}")
    .replace("Plain, zh: 简单", "Banks, zh: 银行")
    .replace("weight: 60", "weight: 41")
    .replace("weight: 40", "weight: 60")
    .replace("weight: 41", "weight: 40")
    .replace("Key, zh: 重点", "Gold, zh: 金")
) + CONFIRMED
# Resellers have tiers of their own.
RESELLERS = (
    factories.PLAIN_SCHEME.replace(
        "scheme: plain", "scheme: resellers\napplies_to: {customer_type: [reseller]}"
    )
    .replace("id: A, at: 70", "id: VIP, at: 70")
    .replace("id: B, at: 45", "id: STD, at: 45")
    .replace("id: C, at: 0", "id: LOW, at: 0")
    .replace("cap: C", "cap: LOW")
)


def written(text: str) -> SchemeFile:
    return SchemeFile(scheme=parse_scheme(text, source="t.yaml"), text=text, source="t.yaml")


def approve(database: Database, text: str, day: date = MARCH, place: int | None = None) -> VersionStatus:
    return lifecycle.approve(
        database, ADMIN, written(text), effective_from=day, today=TODAY, now=NOW, place=place
    )


def grade(database: Database, as_of: date) -> RunReport:
    return runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=as_of,
        today=TODAY,
        now=NOW,
        notify=lambda session, changes, run: len(changes),
    )


def known(session: Session, code: str, quality: int, service: int, **columns: str) -> int:
    customer = factories.customer(session, code, code=code)
    session.get_one(Customer, customer).sqlmodel_update(columns)
    factories.fact(session, customer, "quality", quality, date(2026, 3, 1))
    factories.fact(session, customer, "service", service, date(2026, 3, 1))
    return customer


def change(database: Database, customer_id: int, **columns: str) -> None:
    with database.write() as session:
        session.get_one(Customer, customer_id).sqlmodel_update(columns)


def seen(
    database: Database, ids: Mapping[str, int], as_of: date
) -> dict[str, tuple[str | None, str, float | None]]:
    """Code -> scheme, tier and score of a day."""
    found = {}
    for code, customer_id in ids.items():
        for entry in history.history(database, SchemeCache(), ADMIN, customer_id):
            if entry.as_of == as_of:
                found[code] = (entry.scheme, entry.tier, entry.score)
    return found


@pytest.fixture
def ids(database: Database) -> dict[str, int]:
    """BANK and SHOP: quality 80, service 40; RESELLER a bank too. Three schemes, graded at the end of March."""
    with database.write() as session:
        found = {
            "BANK": known(session, "BANK", 80, 40, industry="finance"),
            "RESELLER": known(session, "RESELLER", 80, 40, industry="finance", customer_type="reseller"),
            "SHOP": known(session, "SHOP", 80, 40, industry="retail"),
        }
    approve(database, factories.PLAIN_SCHEME)
    approve(database, RESELLERS)
    approve(database, BANKS)
    grade(database, MARCH)
    return found


PLAIN_SCORE = 0.6 * 80 + 0.4 * 40
BANK_SCORE = 0.4 * 80 + 0.6 * 40


def test_one_run_grades_each_customer_by_the_first_scheme_that_applies(
    database: Database, ids: dict[str, int]
) -> None:
    assert seen(database, ids, MARCH) == {
        "BANK": ("banks", "B", BANK_SCORE),
        "RESELLER": ("resellers", "STD", PLAIN_SCORE),
        "SHOP": ("plain", "B", PLAIN_SCORE),
    }
    report = grade(database, APRIL)
    assert report.schemes == {"resellers@1": 1, "banks@1": 1, "plain@1": 1}
    assert report.changes == ()
    found = verify(database, SchemeCache(), UTC_ZONE)
    assert (found.assessments, found.differing) == (6, 0)


def test_a_customer_whose_industry_changes_falls_to_another_scheme_and_confirms_anew(
    database: Database, ids: dict[str, int]
) -> None:
    """Both rise in April, and all schemes want a rise twice in a row. SHOP has it in May, BANK in June."""
    approve(database, factories.PLAIN_SCHEME.replace("version: 1", "version: 2") + CONFIRMED, APRIL)
    with database.write() as session:
        for code in ("BANK", "SHOP"):
            factories.fact(session, ids[code], "service", 100, APRIL)
    assert grade(database, APRIL).changes == ()
    change(database, ids["BANK"], industry="retail")
    (moved,) = grade(database, MAY).changes
    assert (moved.customer_id, moved.before, moved.after) == (ids["SHOP"], "B", "A")
    assert seen(database, ids, MAY)["BANK"] == ("plain", "B", 0.6 * 80 + 0.4 * 100)
    (moved,) = grade(database, JUNE).changes
    assert (moved.customer_id, moved.before, moved.after) == (ids["BANK"], "B", "A")
    assert verify(database, SchemeCache(), UTC_ZONE).differing == 0


def test_an_interim_run_under_another_scheme_does_not_change_movement(
    database: Database, ids: dict[str, int]
) -> None:
    """SHOP rises in May, which wants a second snapshot, whatever it was called in between."""
    approve(database, factories.PLAIN_SCHEME.replace("version: 1", "version: 2") + CONFIRMED, APRIL)
    grade(database, APRIL)
    with database.write() as session:
        factories.fact(session, ids["SHOP"], "service", 100, MAY)
    change(database, ids["SHOP"], customer_type="reseller")
    regrade_as_of(database, ids["SHOP"], date(2026, 5, 15))
    assert seen(database, ids, date(2026, 5, 15))["SHOP"] == ("resellers", "STD", PLAIN_SCORE)
    change(database, ids["SHOP"], customer_type="shop")
    assert grade(database, MAY).changes == ()
    assert seen(database, ids, MAY)["SHOP"] == ("plain", "B", 0.6 * 80 + 0.4 * 100)
    regrade_as_of(database, ids["SHOP"], date(2026, 6, 15))
    (moved,) = grade(database, JUNE).changes
    assert (moved.customer_id, moved.before, moved.after) == (ids["SHOP"], "B", "A")
    assert verify(database, SchemeCache(), UTC_ZONE).differing == 0


def regrade_as_of(database: Database, customer_id: int, day: date) -> None:
    regrades.regrade(
        database, SchemeCache(), [customer_id], for_purpose="account", today=day, now=NOW, notify=None
    )


def test_who_moves_because_it_fell_to_another_scheme_was_moved_by_the_rules(
    database: Database, ids: dict[str, int]
) -> None:
    """Quality 100 for all of March: 0.4 x 100 + 0.6 x 40 = 64, still a B among the banks, but 76 and an A elsewhere."""
    change(database, ids["BANK"], industry="retail")
    with database.write() as session:
        factories.fact(session, ids["BANK"], "quality", 100, MARCH)
    (moved,) = grade(database, APRIL).changes
    assert (moved.customer_id, moved.before, moved.after) == (ids["BANK"], "B", "A")
    assert moved.cause == "rule"
    why = explanation.why(database, SchemeCache(), ADMIN, Pointer(id=ids["BANK"]), TODAY).message
    assert why.change.rules is not None
    assert (why.scheme.en, why.change.rules.before.en, why.change.rules.after.en) == (
        "Plain",
        "Banks",
        "Plain",
    )
    points = {part.kind: part.points for part in why.change.parts}
    assert points == {"data": 0.4 * 20, "rule": (0.6 * 100 + 0.4 * 40) - (0.4 * 100 + 0.6 * 40)}


def test_a_tier_of_another_scheme_is_no_change_but_a_first_rating(
    database: Database, ids: dict[str, int]
) -> None:
    change(database, ids["RESELLER"], customer_type="end user", industry="retail")
    assert grade(database, APRIL).changes == ()
    assert seen(database, ids, APRIL)["RESELLER"] == ("plain", "B", PLAIN_SCORE)


def test_a_customer_no_scheme_applies_to_is_unrated_and_listed_until_one_does(
    database: Database, ids: dict[str, int]
) -> None:
    lifecycle.retire(database, ADMIN, "plain", today=APRIL, now=NOW, sure=True)
    report = grade(database, APRIL)
    assert (report.without_scheme, report.tiers["unrated"], report.changes) == (1, 1, ())
    assert seen(database, ids, APRIL)["SHOP"] == (None, "unrated", None)
    listed = review.list_items(database, SchemeCache(), ADMIN, today=TODAY, limit=10)
    assert [(one.code, one.reason) for one in listed if one.code == "SHOP"] == [("SHOP", "no_scheme")]
    with database.read() as session:
        card = lookup.answer(session, SchemeCache(), RULES, ADMIN, "SHOP", TODAY)
    assert isinstance(card, Ungraded)
    assert card.no_scheme
    with pytest.raises(NotFound, match="not been graded"):
        explanation.why(database, SchemeCache(), ADMIN, Pointer(id=ids["SHOP"]), TODAY)
    assert verify(database, SchemeCache(), UTC_ZONE).differing == 0
    change(database, ids["SHOP"], industry="finance")
    assert grade(database, MAY).changes == ()
    assert seen(database, ids, MAY)["SHOP"] == ("banks", "B", BANK_SCORE)


def test_the_card_names_the_scheme_and_its_own_word_for_the_tier(
    database: Database, ids: dict[str, int]
) -> None:
    with database.write() as session:
        factories.fact(session, ids["SHOP"], "quality", 100, APRIL)
        factories.fact(session, ids["BANK"], "service", 100, APRIL)
    grade(database, APRIL)
    grade(database, MAY)
    cards = {}
    for code in ("BANK", "SHOP", "RESELLER"):
        with database.read() as session:
            card = lookup.answer(session, SchemeCache(), RULES, ADMIN, code, TODAY)
        assert isinstance(card, TierCard)
        assert card.scheme is not None
        assert card.tier.names is not None
        cards[code] = (card.scheme.en, card.tier.names.en)
    assert cards == {"BANK": ("Banks", "Gold"), "SHOP": ("Plain", "Key"), "RESELLER": ("Plain", "Important")}


def test_an_order_that_cannot_be_kept_is_refused(database: Database, ids: dict[str, int]) -> None:
    german = BANKS.replace("scheme: banks", "scheme: german").replace(
        "[finance]}", "[finance], country: [DE]}"
    )
    with pytest.raises(BadInput, match=r"banks is asked before german.*--place with a smaller number"):
        approve(database, german, APRIL)
    with pytest.raises(BadInput, match="would both be asked at place 20"):
        approve(database, german, APRIL, place=20)
    with pytest.raises(BadInput, match="applies to everybody, so it is asked last"):
        approve(database, factories.PLAIN_SCHEME.replace("version: 1", "version: 2"), APRIL, place=1)
    with pytest.raises(BadInput, match=r"german grades at daily and resellers at month_end.*same as_of"):
        approve(database, german.replace("as_of: month_end", "as_of: daily"), APRIL, place=5)
    approve(database, german, APRIL, place=5)
    found = status.listed(database, ADMIN, None, today=TODAY)
    assert [(one.name, one.place) for one in found] == [
        ("german", 5),
        ("resellers", 10),
        ("banks", 20),
        ("plain", None),
    ]
    assert found[0].applies_to == {"industry": ("finance",), "country": ("DE",)}


def test_schemes_that_cannot_coexist_are_refused_before_the_first_grading_too(
    database: Database,
) -> None:
    approve(database, factories.PLAIN_SCHEME)
    with database.write() as session, pytest.raises(BadInput, match="daily and plain at month_end"):
        lifecycle.start(
            session,
            written(BANKS.replace("as_of: month_end", "as_of: daily")),
            ADMIN,
            as_of=MARCH,
            today=TODAY,
            now=NOW,
        )


def test_one_that_is_retired_leaves_the_others_and_needs_no_word_where_they_take_its_customers(
    database: Database, ids: dict[str, int]
) -> None:
    with pytest.raises(BadInput, match="plain@1 has no successor"):
        lifecycle.retire(database, ADMIN, "plain", today=APRIL, now=NOW)
    lifecycle.retire(database, ADMIN, "banks", today=APRIL, now=NOW)
    grade(database, APRIL)
    assert seen(database, ids, APRIL)["BANK"] == ("plain", "B", PLAIN_SCORE)
    assert seen(database, ids, APRIL)["RESELLER"] == ("resellers", "STD", PLAIN_SCORE)


def test_diff_shadow_and_replay_cover_the_customers_a_scheme_would_grade(
    database: Database, ids: dict[str, int]
) -> None:
    """Shops weigh like banks: SHOP falls from 0.6 x 80 + 0.4 x 20 = 56 to 44, from B to C. Nobody else is asked."""
    with database.write() as session:
        factories.fact(session, ids["SHOP"], "service", 20, APRIL)
    shops = BANKS.replace("banks", "shops").replace("finance", "retail")
    lifecycle.shadow(database, ADMIN, written(shops), today=TODAY, now=NOW)
    (held,) = grade(database, APRIL).shadows
    before, after = 0.6 * 80 + 0.4 * 20, 0.4 * 80 + 0.6 * 20
    assert [(one.customer_id, one.tier, one.shadow_tier) for one in held.movers] == [(ids["SHOP"], "B", "C")]
    assert [(one.score, one.shadow_score) for one in held.movers] == [(before, after)]
    found = diff.diff(database, SchemeCache(), ADMIN, "shops@1", None, None, today=TODAY)
    assert (found.old.scheme, found.customers, [one.code for one in found.movers]) == ("plain", 1, ["SHOP"])
    found = diff.diff(database, SchemeCache(), ADMIN, "banks@1", None, None, today=TODAY)
    assert (found.old.scheme, found.customers, found.moved) == ("banks", 1, 0)
    with database.read() as session:
        first, *others = [rule.scheme for rule in store.in_force(session, SchemeCache(), "account", TODAY)]
    replay = replays.replay(database, first, start=MARCH, end=APRIL, today=TODAY, beside=others)
    assert (replay.scheme, replay.beside) == ("resellers", ("banks@1", "plain@1"))
    assert [day.tiers for day in replay.days] == [{"STD": 1, "B": 2}, {"STD": 1, "B": 2}]
