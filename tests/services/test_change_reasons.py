"""An alert names what really moved the tier: a gate, the rules, a value that became too old, or the customer's figures."""

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bot.cli.output import presentation
from bot.services.grade import verification
from bot.wording.messages import OwnTierChanged, TierChanged, dump, load
from bot.wording.rendering import Renderer
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.test_alerts import FEBRUARY, JANUARY, MARCH, Office

pytestmark = on_sqlite

APRIL = date(2026, 4, 30)
MONTHS = (JANUARY, FEBRUARY, MARCH, APRIL)
PLAIN = factories.PLAIN_SCHEME
TWO_CONFIRMATIONS = PLAIN + (
    "movement: {margin_up: 0, margin_down: 0, confirm_up: 2, confirm_down: 2, min_dwell: 0, max_step: 1}\n"
)
WEAK_CAP = PLAIN.replace(
    "gates:",
    "gates:\n  - {id: weak, name: {en: Weak credit, zh: 信用弱}, when: {field: credit, in: [C]}, cap: B}",
)
SHORT_LIVED = PLAIN.replace("min_coverage: 0.6", "min_coverage: 0.3").replace(
    "id: quality, name: {en: Quality, zh: 质量}, weight: 100,",
    "id: quality, name: {en: Quality, zh: 质量}, weight: 100, max_age_days: 40,",
)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def use(office: Office, text: str, effective_from: date = date(2020, 1, 2)) -> None:
    with office.database.write() as session:
        factories.scheme(session, text.replace("version: 1", "version: 2"), effective_from=effective_from)


def live(office: Office, *months: dict[str, object]) -> int:
    """ACME with an owner, the facts of each month known before its last day is graded."""
    with office.database.write() as session:
        customer = factories.customer(session, "ACME", owner_id=factories.person(session))
    for day, facts in zip(MONTHS, months, strict=False):
        office.learn(customer, day, **facts)
        office.grade(day)
    return customer


def newest(office: Office, language: str = "en") -> str:
    """The newest direct message to the owner, as text."""
    message = [one for one in office.messages() if isinstance(one, OwnTierChanged)][-1]
    return presentation.as_text(Renderer().slots(message, language, mentions=False))


def doubts(office: Office) -> list[str]:
    """What `verify` finds wrong with tier changes and the messages about them."""
    found = verification.verify(office.database, office.scheme_cache, ZoneInfo("UTC"))
    return [one.what for one in found.differences if one.what.startswith(("tier_change", "outbox"))]


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_a_move_that_waited_for_confirmations_is_told_from_before_it_began(office: Office) -> None:
    use(office, TWO_CONFIRMATIONS)
    live(office, {"quality": 80, "service": 80}, {"quality": 50}, {"service": 79})
    lines = lines_of(newest(office))
    # 0.6 × 80 + 0.4 × 80 = 80; 0.6 × 50 + 0.4 × 79 = 61.6
    assert "Key → Important · score 80.0 → 61.6 since Jan 31, 2026" in lines
    # 0.6 × -30 = -18; 0.4 × -1 = -0.4
    assert causes_of(lines) == ["Quality −18.0", "Service −0.4", "Quality: 80 → 50", "Service: 80 → 79"]
    assert "自2026年1月31日以来得分 80.0 → 61.6" in newest(office, "zh")
    assert doubts(office) == []


def test_a_move_at_once_is_told_from_the_grading_before_it(office: Office) -> None:
    live(office, {"quality": 80, "service": 80}, {"quality": 79}, {"quality": 50})
    assert "score 79.4 → 62.0\n" in newest(office)  # 0.6 × 79 + 32; 0.6 × 50 + 32
    assert "since" not in newest(office)


def test_a_cap_in_the_meantime_is_not_told_from_before_a_fall_that_waits(office: Office) -> None:
    use(office, TWO_CONFIRMATIONS)
    live(office, {"quality": 80, "service": 80}, {"quality": 65}, {"quality": 80, "credit": "D"})
    lines = lines_of(newest(office))
    assert "Key → Ordinary · score 71.0 → 80.0" in lines
    assert causes_of(lines) == ["The cap Bad credit has begun"]


def causes_of(lines: list[str]) -> list[str]:
    """What an alert says that moved the tier, and the figures behind it."""
    moved = [line.removeprefix("What moved it: ") for line in lines if line.startswith("What moved it")]
    return [
        *(cause for line in moved for cause in line.split(" · ")),
        *(line.removeprefix("• ") for line in lines if line.startswith("•")),
    ]


FULL: dict[str, object] = {"quality": 72, "service": 72}


@pytest.mark.parametrize(
    ("scheme", "months", "move", "causes", "advice"),
    [
        pytest.param(
            PLAIN, [{**FULL, "credit": "A"}, {"quality": 80, "credit": "D"}],
            "Key → Ordinary · score 72.0 → 76.8",
            ["The cap Bad credit has begun"],
            "clear up the reason for the cap within a week; while it lasts, no score lifts the tier.",
            id="a cap begins while the score rises",
        ),
        pytest.param(
            PLAIN, [{**FULL, "credit": "D"}, {"quality": 71, "credit": "A"}],
            "Ordinary → Key · score 72.0 → 71.4",
            ["The cap Bad credit has ended"],
            "tell them within a week what is possible again.",
            id="a cap ends while the score falls",
        ),
        pytest.param(
            PLAIN, [{"quality": 50, "service": 50, "credit": "D"}, {"quality": 90, "credit": "A"}],
            "Ordinary → Key · score 50.0 → 74.0",
            ["The cap Bad credit has ended", "Quality +24.0", "Quality: 50 → 90"],
            "tell them within a week what is possible again.",
            id="a cap ends and the score rises, and only both give the tier",
        ),
        pytest.param(
            WEAK_CAP, [{**FULL, "credit": "D"}, {"credit": "C"}],
            "Ordinary → Important · score 72.0 → 72.0",
            ["The cap Bad credit has ended; the weaker cap Weak credit is left"],
            "tell them within a week what is possible again, and clear up the reason for the cap that is left.",
            id="a strict cap gives way to a weaker one",
        ),
        pytest.param(
            WEAK_CAP, [{**FULL, "credit": "C"}, {"credit": "D"}],
            "Important → Ordinary · score 72.0 → 72.0",
            ["The cap Bad credit has begun"],
            "clear up the reason for the cap within a week; while it lasts, no score lifts the tier.",
            id="a weak cap gives way to a stricter one",
        ),
        pytest.param(
            WEAK_CAP, [{**FULL, "credit": "C"}, {"quality": 10}],
            "Important → Ordinary · score 72.0 → 34.8",
            ["Quality −37.2", "Quality: 72 → 10"],
            "visit within two weeks and ask what has changed.",
            id="the score falls below a cap that goes on",
        ),
        pytest.param(
            WEAK_CAP, [{"quality": 10, "service": 72, "credit": "C"}, {"quality": 72}],
            "Ordinary → Important · score 34.8 → 72.0",
            ["Quality +37.2", "Quality: 10 → 72"],
            "clear up the reason for the cap within a week; while it lasts, no score lifts the tier.",
            id="the score rises above a cap that has long been there",
        ),
        pytest.param(
            PLAIN, [{**FULL, "sanctions": False}, {"quality": 80, "sanctions": True}],
            "Key → Blocked · score 72.0 → 76.8",
            ["The block Sanctioned has begun"],
            "stop all contact and find out the reason first.",
            id="a block begins",
        ),
        pytest.param(
            PLAIN, [{**FULL, "sanctions": True}, {"quality": 80, "sanctions": False}],
            "Blocked → Key · score 72.0 → 76.8",
            ["The block Sanctioned has ended"],
            "contact is possible again; tell them within a week, and see that its care fits the tier.",
            id="a block is lifted",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 90, "service": 50}, {}, {}],
            # at first 0.6 × 90 + 0.4 × 50; then service alone
            "Key → Important · score 74.0 → 50.0",
            ["Quality: too old, counts no longer"],
            "find out within two weeks how it is today, and record it again: Quality.",
            id="a fact becomes too old",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 90, "service": 60}, {}, {"service": 48}],
            # too old: 78 → 60; then 1.0 × -12
            "Key → Important · score 78.0 → 48.0",
            ["Quality: too old, counts no longer", "Service −12.0", "Service: 60 → 48"],
            "find out within two weeks how it is today, and record it again: Quality.",
            id="a fact becomes too old and another one falls less",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 80, "service": 60}, {}, {"service": 45}],
            # too old: 72 → 60 is 12; then 15
            "Key → Important · score 72.0 → 45.0",
            ["Quality: too old, counts no longer", "Service −15.0", "Service: 60 → 45"],
            "visit within two weeks and ask what has changed.",
            id="a fact becomes too old and another one falls more",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 40, "service": 60}, {}, {"service": 90}],
            # too old: 48 → 60; then +30
            "Important → Key · score 48.0 → 90.0",
            ["Quality: too old, counts no longer", "Service +30.0", "Service: 60 → 90"],
            "call within a week to thank them, and agree on what the new tier brings.",
            id="the end of a bad fact lifts less than what the customer did",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 45, "service": 60}, {}, {"service": 40}],
            # too old: 51 → 60, against the move; then -20
            "Important → Ordinary · score 51.0 → 40.0",
            ["Service −20.0", "Service: 60 → 40"],
            "visit within two weeks and ask what has changed.",
            id="a fact that became too old held the score up",
        ),
        pytest.param(
            SHORT_LIVED, [{"quality": 90, "service": 50}, {}, {"quality": 40}],
            "Key → Ordinary · score 74.0 → 44.0",
            ["Quality −30.0", "Quality: 90 → 40"],
            "visit within two weeks and ask what has changed.",
            id="an old fact that was recorded again is not too old",
        ),
    ],
)  # fmt: skip
def test_an_alert_names_what_moved_the_tier_and_what_fits_it(
    office: Office, scheme: str, months: list[dict[str, object]], move: str, causes: list[str], advice: str
) -> None:
    use(office, scheme)
    live(office, *months)
    lines = lines_of(newest(office))
    assert move in lines
    assert causes_of(lines) == causes
    assert f"Next: {advice}" in lines
    assert doubts(office) == []
    chinese = newest(office, "zh")
    assert not [word for word in ("cap ", "block ", "Next", "too old", "since") if word in chinese]


def test_a_move_by_the_rules_names_nothing_of_the_customer(office: Office) -> None:
    live(office, {"quality": 65, "service": 65})
    use(office, PLAIN.replace("at: 70", "at: 60"), effective_from=date(2026, 2, 15))
    office.learn(1, FEBRUARY, quality=66)
    office.grade(FEBRUARY)
    lines = lines_of(newest(office))
    assert "Moved by the rules · not by the customer: Plain 1 → Plain 2" in lines
    assert causes_of(lines) == []
    assert "Next: the customer did not cause it; see that its care fits the tier." in lines


def test_a_multiple_is_told_as_people_read_it(office: Office) -> None:
    use(
        office,
        factories.scheme_text(
            {"silence_ratio": "unit: ratio, score: {fn: points, knots: [[1, 100], [4, 0]]}"}
        ),
    )
    live(office, {"silence_ratio": 1.5}, {"silence_ratio": 3.55})
    assert "• silence_ratio: 1.5× → 3.55×" in lines_of(newest(office))


def test_a_message_that_was_stored_without_its_gate_still_says_what_to_do(office: Office) -> None:
    live(office, FULL, {"credit": "D"})
    for message in office.messages():
        stored = json.loads(json.dumps(dump(message)))
        fields = stored["fields"]
        assert fields.pop("gate")["gate"]["en"] == "Bad credit"
        for name in ("since", "aged", "by_age"):
            del fields[name]
        old = load(stored)
        assert isinstance(old, TierChanged | OwnTierChanged)
        assert (old.advice, old.since, old.gate, old.aged) == ("capped", None, None, ())
        words = presentation.as_text(Renderer().slots(old, "en", mentions=False))
        assert "Capped: Bad credit" in words
        assert "What moved it" not in words
