"""Why a tier is what it is: the change in three parts that add up, what is waited for, what would lift it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.cli.output import presentation
from bot.errors import NotFound
from bot.services.ask import explanation, share
from bot.services.ask.explanation import Explained
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Action, Pointer
from bot.wording.messages import TierCard, Why
from bot.wording.parts import TierPart
from bot.wording.rendering import Renderer
from bot.wording.why_parts import ChangePart
from db.book.facts import Fact
from db.engine import Database
from grading.scheme.model import Name
from tests import factories
from tests.conftest import first_on_postgresql, none_on_postgresql
from tests.services.ask.test_lookup import ADMIN, actor, ask
from tests.services.book import SETTINGS
from tests.services.grade.test_runs import NOW, grade

pytestmark = none_on_postgresql

MARCH, APRIL, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)
MOVEMENT = (
    "movement: {margin_up: 0, margin_down: 0, confirm_up: 2, confirm_down: 1, min_dwell: 0, max_step: 1}\n"
)
RULE = "override: {allowed: true, needs: [reason], max_days: 30}\n"


def put(database: Database, customer: int, field: str, value: object, day: date) -> None:
    with database.write() as session:
        factories.fact(session, customer, field, value, day)


def correct(database: Database, customer: int, field: str, value: object) -> None:
    """What was recorded first turns out to be wrong: the old row is superseded, a new one takes its date."""
    with database.write() as session:
        for fact in session.exec(
            select(Fact).where(
                Fact.customer_id == customer, Fact.field == field, col(Fact.superseded_at).is_(None)
            )
        ):
            fact.superseded_at = datetime(2026, 4, 2, tzinfo=UTC)
            session.add(fact)
            day = fact.measured_on
        session.flush()
        factories.fact(session, customer, field, value, day)


def known(database: Database, quality: float, service: float, extra: str = "") -> int:
    """A customer graded as of the end of March under 0.6 × quality + 0.4 × service."""
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + extra)
        customer = factories.customer(session, "ACME", code="C-1")
        factories.fact(session, customer, "quality", quality, date(2026, 3, 1))
        factories.fact(session, customer, "service", service, date(2026, 3, 1))
    grade(database, MARCH)
    return customer


def why(database: Database, customer: int, since: date | None = None, today: date = TODAY) -> Explained:
    return explanation.why(database, SchemeCache(), ADMIN, Pointer(id=customer), today, since)


def text(message: Why, language: str = "en") -> str:
    return presentation.as_text(Renderer().slots(message, language, mentions=False))


def split(message: Why) -> dict[str, tuple[float, dict[str, float]]]:
    def one(part: ChangePart) -> tuple[float, dict[str, float]]:
        return part.points, {names.en: points for names, points in part.indicators}

    return {part.kind: one(part) for part in message.change.parts}


def test_a_change_is_split_into_correction_behaviour_and_rules(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    correct(database, acme, "quality", 55)  # 0.6 × 5 by a correction
    put(database, acme, "service", 30, APRIL)  # 0.4 × -20 by the customer
    with database.write() as session:
        newer = factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
        newer = newer.replace("weight: 60", "weight: 40", 1).replace(
            "weight: 40\n    indicators:\n      - {id: service",
            "weight: 60\n    indicators:\n      - {id: service",
        )
        factories.scheme(
            session, newer, effective_from=APRIL
        )  # 0.4 × 55 + 0.6 × 30 instead of 0.6 × 55 + 0.4 × 30
    grade(database, APRIL)
    message = why(database, acme).message
    assert split(message) == {
        "data": (3.0, {"Quality": 3.0}),
        "behaviour": (-8.0, {"Service": -8.0}),
        "rule": (-5.0, {"Quality": -11.0, "Service": 6.0}),
    }
    assert message.change.points == pytest.approx((0.4 * 55 + 0.6 * 30) - 50.0) == 3.0 - 8.0 - 5.0
    said = text(message)
    assert "Since Mar 31, 2026 · Important 50.0 → Ordinary 40.0 · −10.0" in said
    assert "Corrected data: +3.0 (Quality +3.0)" in said
    assert "The customer itself: −8.0 (Service −8.0)" in said
    assert "Changed rules (Plain 1 → Plain 2): −5.0 (Quality −11.0 · Service +6.0)" in said
    assert "数据更正" in text(message, "zh")


def test_each_tier_of_a_change_has_the_name_of_its_own_scheme(database: Database) -> None:
    acme = known(database, quality=72, service=72)
    with database.write() as session:
        newer = factories.PLAIN_SCHEME.replace("version: 1", "version: 2").replace("en: Key", "en: Strategic")
        newer = newer.replace("at: 70", "at: 60").replace("en: Important", "en: Solid")
        factories.scheme(session, newer, effective_from=APRIL)
    grade(database, APRIL)
    message = why(database, acme).message
    assert message.tier.names is not None
    assert message.tier.names.en == "Strategic"
    assert "Key 72.0 → Strategic 72.0" in text(message)


@first_on_postgresql
def test_what_is_shown_adds_up_though_every_part_is_rounded(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    correct(database, acme, "quality", 50.41)  # 0.6 × 0.41 = 0.246
    put(database, acme, "service", 50.34, APRIL)  # 0.4 × 0.34 = 0.136; together 0.382, shown as 50.4 - 50.0
    grade(database, APRIL)
    change = why(database, acme).message.change
    assert change.points == pytest.approx(0.4)
    assert sum(part.points for part in change.parts) == pytest.approx(0.4)
    for part in change.parts:
        assert sum(points for _, points in part.indicators) == pytest.approx(part.points)


def test_a_day_can_be_named_to_compare_with(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    put(database, acme, "quality", 60, date(2026, 4, 15))
    grade(database, APRIL)
    put(database, acme, "quality", 80, date(2026, 5, 2))
    grade(database, date(2026, 5, 3))
    newest, since_march = why(database, acme), why(database, acme, date(2026, 4, 29))
    assert newest.message.change.points == pytest.approx(0.6 * (80 - 60))
    assert since_march.message.change.points == pytest.approx(0.6 * (80 - 50))
    assert since_march.message.change.since is not None
    assert since_march.message.change.since.as_of == MARCH
    with pytest.raises(NotFound, match="no earlier grading of 2026-03-30"):
        why(database, acme, date(2026, 3, 30))


def test_where_there_is_nothing_to_split_the_reason_is_given(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    first = why(database, acme)
    assert (first.message.change.reason, first.change) == ("no_earlier", None)
    assert "First grading" in text(first.message)
    grade(database, APRIL)
    same = why(database, acme).message
    assert (same.change.points, same.change.parts, same.change.reason) == (0.0, (), None)
    assert "Nothing has moved the score." in text(same)
    correct(database, acme, "quality", "")
    correct(database, acme, "service", "")
    put(database, acme, "quality", 60, date(2026, 5, 2))
    grade(database, date(2026, 5, 3))
    gone = why(database, acme).message
    assert gone.change.reason == "no_corrected_score"
    assert "give no score, so the change cannot be split" in text(gone)


def test_a_move_that_waits_is_counted_on_card_and_why(database: Database) -> None:
    acme = known(database, quality=60, service=60, extra=MOVEMENT)
    put(database, acme, "quality", 90, APRIL)
    put(database, acme, "service", 90, APRIL)
    grade(database, APRIL)
    message = why(database, acme).message
    assert message.tier.id == "B"
    assert message.pending is not None
    assert (message.pending.tier.id, message.pending.confirmed, message.pending.needed) == ("A", 1, 2)
    assert "Would move to Key: 1 of 2 confirmations" in text(message)
    card = ask(database, "ACME")
    assert isinstance(card, TierCard)
    said = presentation.as_text(Renderer().slots(card, "en", mentions=False))
    assert said.count("Would move to Key: 1 of 2 confirmations") == 1


def test_a_young_tier_names_the_snapshots_it_is_held_for(database: Database) -> None:
    extra = MOVEMENT.replace("confirm_up: 2", "confirm_up: 1").replace("min_dwell: 0", "min_dwell: 3")
    acme = known(database, quality=60, service=60, extra=extra)
    put(database, acme, "quality", 90, APRIL)
    put(database, acme, "service", 90, APRIL)
    grade(database, APRIL)
    message = why(database, acme).message
    assert message.pending is not None
    assert message.pending.dwell_left == 3 - (2 - 1)
    assert "held for 2 more gradings" in text(message)


def test_a_cap_says_how_many_clean_snapshots_it_waits_for(database: Database) -> None:
    with database.write() as session:
        scheme = factories.PLAIN_SCHEME.replace("cap: C}", "cap: C, clear_after: 2}")
        factories.scheme(session, scheme)
        acme = factories.customer(session, "ACME")
        factories.fact(session, acme, "quality", 90)
        factories.fact(session, acme, "service", 90)
        factories.fact(session, acme, "credit", "D")
    grade(database, MARCH)
    assert "while this lasts, and until 2 clean snapshots afterwards" in text(why(database, acme).message)
    put(database, acme, "credit", "A", APRIL)
    grade(database, APRIL)
    message = why(database, acme).message
    assert message.cap is not None
    assert (message.cap.hit, message.cap.clean_left) == (False, 2 - 1)
    assert "until 1 more clean snapshot" in text(message)


def test_a_tier_set_by_hand_says_until_when_and_what_is_computed(database: Database) -> None:
    acme = known(database, quality=60, service=60, extra=RULE)
    end = APRIL + timedelta(days=20)
    overrides.set_override(
        database, SchemeCache(), ADMIN, acme, OverrideRequest(tier="A", reason="strategic <!here>", expires_on=end),
        settings=SETTINGS, today=TODAY, now=NOW, notify=None,
    )  # fmt: skip
    message = why(database, acme).message
    assert message.by_hand is not None
    assert (message.tier.id, message.by_hand.until, message.by_hand.computed) == (
        "A",
        end,
        message.by_hand.computed,
    )
    assert message.by_hand.computed is not None
    assert message.by_hand.computed.id == "B"
    said = text(message)
    assert "Set by hand until May 20, 2026, computed Important · Anna: strategic <!here>" in said


def test_what_would_lift_it_and_which_facts_are_missing(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session, "ACME")
        factories.fact(session, acme, "quality", 62)
    grade(database, MARCH)
    message = why(database, acme).message
    assert message.goal is not None
    assert (message.goal.id, message.needed) == ("A", 70.0)
    # Only quality is known, so its weight is 100 %; 69.95 is shown as 70.0.
    (way,) = message.ways
    (act,) = way.acts
    assert (act.names, act.value, act.target) == (Name(en="Quality", zh="质量"), 62.0, 69.95)
    assert (way.by, way.reached) == (
        date(2026, 5, 31),
        None,
    )  # without movement rules the next import is enough
    figures = explanation.exact_figures(database, SchemeCache(), ADMIN, Pointer(id=acme))
    (lever,) = figures.levers
    assert (lever.names.en, lever.value, lever.relation, lever.target) == ("Quality", 62.0, "at_least", 70.0)
    assert lever.points == pytest.approx(100 - 62)
    (wanted,) = message.wanted
    assert (wanted.names.en, wanted.decides) == ("Service", True)
    assert wanted.narrows == pytest.approx(40.0)
    assert (wanted.worst.id, wanted.best.id) == ("C", "A")  # 0.6 × 62 = 37.2 to 37.2 + 40
    said = text(message)
    assert "Quality: 62 → 69.95 · by May 31, 2026 → in force once imported" in said
    assert "Service · decides the tier: Ordinary to Key" in said


def test_why_begins_with_the_sides_and_limits_that_card_and_shared_card_show(database: Database) -> None:
    acme = known(database, quality=90, service=20, extra=MOVEMENT)  # 0.6 × 90 + 0.4 × 20 = 62
    message, card = why(database, acme).message, ask(database, "ACME")
    assert isinstance(card, TierCard)
    shared = share.shared_card(database, SchemeCache(), ADMIN, Pointer(id=acme))
    assert (message.strong, message.weak) == (shared.strong, shared.weak) != ((), ())
    assert message.higher is not None
    assert (message.higher.limit, message.lower and message.lower.limit) == (70, 45)
    assert [line and line.limit for line in (message.higher, message.lower)] == [
        line and line.limit for line in (card.higher, card.lower)
    ]
    first = "\n".join(Renderer().slots(message, "en").body).split("enough for", 1)[0]
    assert "*Strong:* Quality" in first
    assert "*Weak:* Service" in first
    assert "*Up to Key* from 70 points on (8 more)" in first
    assert "*Down to Ordinary* below 45 points (17 less)" in first


def test_the_highest_tier_offers_no_figures_that_lead_above_it(database: Database) -> None:
    acme = known(database, quality=90, service=90)
    message = why(database, acme).message
    assert (message.tier.id, message.goal, message.targets()) == ("A", None, {})
    assert not replace(message, tier=TierPart(id="unrated")).targets()
    assert list(replace(message, tier=TierPart(id="B", rank=1)).targets()) == [Action.EXACT]
    figures = explanation.exact_figures(database, SchemeCache(), ADMIN, Pointer(id=acme))
    assert "This is the highest tier." in presentation.as_text(Renderer().slots(figures, "en"))


def test_a_change_within_a_tier_names_the_tier_once(database: Database) -> None:
    acme = known(database, quality=60, service=60)
    put(database, acme, "service", 50, APRIL)  # 0.4 × −10 = −4
    grade(database, APRIL)
    said = text(why(database, acme).message)
    assert "Since Mar 31, 2026 · 60.0 → 56.0 · −4.0" in said


def test_scripts_get_exact_numbers(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    put(database, acme, "service", 30, APRIL)
    grade(database, APRIL)
    data = presentation.why_json(why(database, acme))
    assert data["change"]["exact"]["behaviour"] == pytest.approx(0.4 * -20)
    assert (data["tier"], data["since"]) == ("C", {"tier": "B", "as_of": MARCH})
    assert (data["goal"], data["lift"]["goal"], data["no_way"]) == ("B", "B", None)
    assert data["ways"][0]["acts"][0]["target"] == 54.92  # (44.95 - 0.4 × 30) / 0.6 is 54.9167


def test_only_who_may_see_a_customer_gets_an_explanation(database: Database) -> None:
    acme = known(database, quality=50, service=50)
    with pytest.raises(NotFound, match="no such customer in your book"):
        explanation.why(database, SchemeCache(), actor(7), Pointer(id=acme), TODAY)
