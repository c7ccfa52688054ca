"""What a card says of the next moves holds when the gradings it names are run."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.services.ask import explanation, lookup
from bot.services.grade import regrades, runs
from bot.services.schemes.ladder import ladder
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.messages import TierCard
from bot.wording.parts import BoundaryPart, PendingPart
from bot.wording.rendering import Renderer
from db.engine import Database
from db.graded.overrides import Override
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lookup import ADMIN, RULES

pytestmark = on_sqlite

AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)
NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)
NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
RULES_TO_TRY = "movement: {{margin_up: 2, margin_down: 3, confirm_up: {}, confirm_down: {}, min_dwell: {}, max_step: 1}}\n"


class Firm:
    """One customer, its score from day to day, and the nightly job."""

    def __init__(
        self, database: Database, *, up: int = 1, down: int = 1, dwell: int = 0, rules: str | None = None
    ) -> None:
        self.database = database
        with database.write() as session:
            factories.scheme(
                session, factories.PLAIN_SCHEME + (rules or RULES_TO_TRY.format(up, down, dwell))
            )
            self.customer = factories.customer(session)

    def score(self, score: float, day: date) -> None:
        with self.database.write() as session:
            factories.fact(session, self.customer, "quality", score, day)
            factories.fact(session, self.customer, "service", score, day)

    def grade(self, day: date) -> None:
        runs.grade_book(
            self.database,
            SchemeCache(),
            for_purpose="account",
            as_of=day,
            today=day + timedelta(days=1),
            now=NOW,
            notify=None,
        )

    def card(self, today: date) -> TierCard:
        with self.database.read() as session:
            card = lookup.card(session, SchemeCache(), RULES, ADMIN, self.customer, today)
        assert isinstance(card, TierCard)
        return card

    def moves(self, today: date, nights: int = 150) -> list[tuple[date, str]]:
        """Night after night: the day of each grading that gave another tier, and the tier."""
        found, tier = [], self.card(today).tier.id
        for number in range(nights):
            night = today + timedelta(days=number)
            for report in runs.grade_if_due(
                self.database, SchemeCache(), today=night, now=NOW, notify=lambda session, changes, run: 0
            ):
                if (after := self.card(night).tier.id) != tier:
                    found.append((report.as_of, after))
                    tier = after
        return found


def words(card: TierCard, language: str = "en") -> str:
    slots = Renderer().slots(card, language)
    return "\n".join((*slots.body, *slots.facts, *slots.footer))


@pytest.mark.parametrize(
    ("rules", "first", "then", "target", "limit", "on"),
    [
        # A score of 80 asks for A in November; a second confirmation comes with December.
        ({"up": 2}, 60, 80, "A", 70 + 2, DECEMBER),
        ({"up": 3}, 60, 80, "A", 70 + 2, JANUARY),
        ({"down": 2}, 80, 60, "B", 70 - 3, DECEMBER),
        ({"down": 2}, 60, 20, "C", 45 - 3, DECEMBER),
        # B since October must be held for three gradings: November, December, January.
        ({"dwell": 3}, 60, 80, "A", 70 + 2, JANUARY),
        ({"up": 2, "dwell": 3}, 60, 80, "A", 70 + 2, JANUARY),
    ],
)
def test_a_pending_move_is_confirmed_on_the_day_that_the_card_names_and_not_before(
    database: Database, rules: dict[str, Any], first: float, then: float, target: str, limit: float, on: date
) -> None:
    firm = Firm(database, **rules)
    firm.score(first, SEPTEMBER)
    firm.grade(OCTOBER)
    firm.score(then, date(2026, 11, 15))
    firm.grade(NOVEMBER)
    card = firm.card(date(2026, 12, 1))
    assert isinstance(card.pending, PendingPart)
    assert (card.pending.tier.id, card.pending.limit, card.pending.on) == (target, limit, on)
    stays = limit if card.pending.up else limit - 0.1
    firm.score(stays, date(2026, 12, 2))
    assert firm.moves(date(2026, 12, 1))[:1] == [(on, target)]


@pytest.mark.parametrize(("then", "side"), [(80, "up"), (60, "down")])
def test_a_pending_move_falls_away_when_the_score_does_not_stay(
    database: Database, then: float, side: str
) -> None:
    firm = Firm(database, up=2, down=2)
    firm.score(60 if side == "up" else 80, SEPTEMBER)
    firm.grade(OCTOBER)
    firm.score(then, date(2026, 11, 15))
    firm.grade(NOVEMBER)
    waits = firm.card(date(2026, 12, 1)).pending
    assert waits is not None
    assert waits.limit is not None
    firm.score(waits.limit - 0.1 if waits.up else waits.limit, date(2026, 12, 2))
    assert firm.moves(date(2026, 12, 1)) == []


def test_where_only_the_dwell_is_in_the_way_new_data_may_confirm_a_move_sooner(database: Database) -> None:
    firm = Firm(database, dwell=2)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    firm.score(80, date(2026, 11, 15))
    firm.grade(NOVEMBER)
    card = firm.card(date(2026, 12, 1))
    assert "confirmed on Dec 31, 2026 at the latest if the score stays at or above 72" in words(card)
    firm.grade(date(2026, 12, 5))
    assert firm.card(date(2026, 12, 6)).tier.id == "A"


@pytest.mark.parametrize("side", ["higher", "lower"])
@pytest.mark.parametrize(
    ("rules", "earliest", "on"),
    [
        ({}, None, NOVEMBER),
        ({"up": 2, "down": 2}, DECEMBER, DECEMBER),
        # Held for four gradings since October; after the third, new data may move it before February ends.
        ({"dwell": 4}, date(2027, 2, 1), date(2027, 2, 28)),
        ({"up": 3, "down": 3, "dwell": 3}, JANUARY, JANUARY),
    ],
)
def test_the_scores_on_a_card_move_the_tier_at_the_grading_that_follows_from_it(
    database: Database, rules: dict[str, Any], earliest: date | None, on: date, side: str
) -> None:
    firm = Firm(database, **rules)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    line = card.higher if side == "higher" else card.lower
    assert isinstance(line, BoundaryPart)
    assert (line.points, line.earliest) == (abs(line.limit - 60), earliest)
    firm.score(line.limit if side == "higher" else line.limit - 0.1, date(2026, 11, 3))
    assert firm.moves(date(2026, 11, 1))[:1] == [(on, line.tier.id)]


def test_a_score_just_short_of_the_limits_on_a_card_never_moves_the_tier(database: Database) -> None:
    firm = Firm(database)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    assert card.higher
    assert card.lower
    firm.score(card.higher.limit - 0.1, date(2026, 11, 2))
    assert firm.moves(date(2026, 11, 1), 40) == []
    firm.score(card.lower.limit, date(2026, 12, 11))
    assert firm.moves(date(2026, 12, 12), 40) == []


@pytest.mark.parametrize(
    ("before", "now", "tier", "sentence"),
    [
        (60, 71.1, "B", "Key begins at 70, but a move up needs 72"),
        (80, 69.7, "A", "Key begins at 70, but is kept down to 67"),
    ],
)
def test_what_keeps_a_better_score_in_a_lower_tier_is_said(
    database: Database, before: float, now: float, tier: str, sentence: str
) -> None:
    firm = Firm(database)
    firm.score(before, SEPTEMBER)
    firm.grade(OCTOBER)
    firm.score(now, date(2026, 11, 15))
    firm.grade(NOVEMBER)
    card = firm.card(date(2026, 12, 1))
    assert (card.tier.id, card.score, card.pending) == (tier, now, None)
    assert sentence in words(card)


def test_a_score_within_its_tier_needs_no_such_sentence(database: Database) -> None:
    firm = Firm(database)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    assert firm.card(date(2026, 11, 1)).kept is None


def test_a_card_says_when_the_next_grading_is(database: Database) -> None:
    firm = Firm(database)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    assert card.next_grading == NOVEMBER
    assert "next grading Nov 30, 2026" in words(card)


def test_limits_of_rules_that_no_grading_will_use_are_not_shown(database: Database) -> None:
    firm = Firm(database, up=2)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    firm.score(80, date(2026, 11, 15))
    firm.grade(NOVEMBER)
    with database.write() as session:
        text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
        factories.scheme(session, text, effective_from=date(2026, 12, 10))
    card = firm.card(date(2026, 12, 1))
    assert card.pending is not None
    assert (card.pending.on, card.higher, card.lower) == (None, None, None)
    assert "1 of 2 confirmations · by rules that the next grading no longer uses" in words(card)
    assert card.next_grading == DECEMBER


def test_a_capped_customer_has_no_limits(database: Database) -> None:
    firm = Firm(database)
    firm.score(80, SEPTEMBER)
    with database.write() as session:
        factories.fact(session, firm.customer, "credit", "D", SEPTEMBER)
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    assert card.capped_by is not None
    assert (card.higher, card.lower, card.kept) == (None, None, None)


def test_a_tier_set_by_hand_has_no_limits_even_where_it_is_the_computed_one(database: Database) -> None:
    firm = Firm(database)
    firm.score(60, SEPTEMBER)
    with database.write() as session:
        session.add(
            Override(
                customer_id=firm.customer,
                purpose="account",
                tier="B",
                reason="a promise",
                set_by="Grace",
                expires_on=date(2026, 12, 31),
                set_at=NOW,
                starts_on=SEPTEMBER,
            )
        )
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    assert (card.by_hand is not None, card.higher, card.lower) == (True, None, None)


@pytest.mark.parametrize(
    ("decimals", "margin", "now", "limit", "said"),
    [
        # 70 + 2.25 = 72.25 is first shown as 73; 70 + 2.125 = 72.125 has all its digits.
        (0, 2.25, 69.4, 73.0, "from 73 points on (4 more)"),
        (2, 2.25, 69.97, 72.25, "from 72.25 points on (2.28 more)"),
        (3, 2.125, 69.975, 72.125, "from 72.125 points on (2.15 more)"),
    ],
)
def test_a_limit_is_a_score_that_can_be_shown_and_card_and_ladder_name_the_same(
    database: Database, decimals: int, margin: float, now: float, limit: float, said: str
) -> None:
    rules = f"display_decimals: {decimals}\nmovement: {{margin_up: {margin}, margin_down: {margin}, confirm_up: 1, confirm_down: 1, min_dwell: 0, max_step: 1}}\n"
    firm = Firm(database, rules=rules)
    firm.score(now, SEPTEMBER)
    firm.grade(OCTOBER)
    card = firm.card(date(2026, 11, 1))
    assert card.higher is not None
    assert card.higher.limit == limit
    assert said in words(card)
    scheme = parse_scheme(factories.PLAIN_SCHEME + rules, source="test")
    assert ladder(scheme).rungs[0].rises_at == limit
    step = 10.0**-decimals
    firm.score(limit - step, date(2026, 11, 2))
    assert firm.moves(date(2026, 11, 1), nights=31) == []
    firm.score(limit, date(2026, 12, 2))
    assert firm.moves(date(2026, 12, 2), nights=31) == [(DECEMBER, "A")]


def test_a_score_with_two_decimals_is_printed_with_them(database: Database) -> None:
    firm = Firm(database, rules="display_decimals: 2\n")
    firm.score(69.97, SEPTEMBER)
    firm.grade(OCTOBER)
    assert "Score *69.97* of 100" in words(firm.card(date(2026, 11, 1)))


@pytest.mark.parametrize(("early", "tier"), [(1, "B"), (0, "A")])
def test_new_data_move_a_tier_on_the_earliest_day_of_the_card_and_not_the_day_before(
    database: Database, early: int, tier: str
) -> None:
    firm = Firm(database, dwell=3)
    firm.score(60, SEPTEMBER)
    firm.grade(OCTOBER)
    higher = firm.card(date(2026, 11, 1)).higher
    assert higher is not None
    assert higher.earliest == date(2027, 1, 1)  # held in November and December, whose night ends on January 1
    day = higher.earliest - timedelta(days=early)
    for end in (NOVEMBER, DECEMBER):
        if end < day:
            firm.grade(end)
    firm.score(higher.limit, day)
    regrades.regrade(
        database, SchemeCache(), [firm.customer], for_purpose="account", today=day, now=NOW, notify=None
    )
    assert firm.card(day).tier.id == tier


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"quality": 95.0}, "Facts are missing for a rating: until they are known, no score gives a tier."),
        (
            {"quality": 95.0, "service": 95.0, "sanctions": True},
            "A gate blocks this customer: while it does, no score gives a tier.",
        ),
        ({"quality": 95.0, "service": 95.0}, "This is the highest tier."),
    ],
)
def test_exact_figures_say_why_no_figure_gives_a_tier(
    database: Database, facts: dict[str, float | bool], said: str
) -> None:
    with database.write() as session:
        text = factories.PLAIN_SCHEME.replace("min_coverage: 0.6", "min_coverage: 0.8")
        factories.scheme(session, text)
        customer = factories.customer(session)
        for field, value in facts.items():
            factories.fact(session, customer, field, value, SEPTEMBER)
    runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=OCTOBER,
        today=date(2026, 11, 1),
        now=NOW,
        notify=None,
    )
    figures = explanation.exact_figures(database, SchemeCache(), ADMIN, Pointer(id=customer))
    assert said in "\n".join(Renderer().slots(figures, "en").body)
