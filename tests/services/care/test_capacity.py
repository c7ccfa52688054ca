"""The hours that care plans owe per person and week are those of the steps that planning then makes due."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlmodel import col, select

from bot.errors import NotAllowed, NotFound
from bot.services.access import actor_of
from bot.services.care import answers, schedule
from bot.services.care.plan_file import parse_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CHUNK, CareRules
from bot.services.care.views import capacity as capacities
from bot.services.care.views import occurrences
from bot.services.care.views.capacity import Capacity, PersonLoad
from bot.services.care.views.given_up import KeptSteps
from bot.services.care.views.hours_there import USUAL_MINUTES, whose_hours
from bot.services.schemes.store import TierNames
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.parts import TierPart
from db.book import people
from db.book.customers import Customer, Ownership
from db.book.people import Absence, Person
from db.care.touches import OPEN, Touch
from db.engine import Database
from db.processes import InboundKey
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, SETTINGS, at, plan_of_tests, rules
from tests.services.care.planned_book import DAY, NOW, planned_book
from tests.services.care.test_preview import PLANS

PEOPLE_PLAN = """\
plan: people
version: 1
tiers:
  default:
    - {id: birthday, kind: birthday, name: {en: Birthday, zh: 生日}, minutes: 7}
    - id: greeting
      kind: greeting
      name: {en: Greeting, zh: 节日问候}
      occasions: [lantern, easter, nowruz, spring_festival]
      days_before: 5
      minutes: 11
"""
NO_NAMES = TierNames(tiers={})
TIMED = plan_of_tests().all_steps[0]
DOCS = Path(__file__).parents[3] / "docs"
PRESSES = count()


def seen(database: Database, under: CareRules, book: TierNames = NO_NAMES, **how: Any) -> Capacity:
    usual: dict[str, Any] = {"persons": None, "share": 30, "today": MONDAY, "now": NOW, "weeks": 13}
    return capacities.capacity(database, under, book, **usual | how)


def worked_off(database: Database, under: CareRules, until: date) -> dict[tuple[str, int], Counter[str]]:
    """(who, week) -> step -> minutes, when everything is planned and done day by day, as a person would."""
    owners = {}
    with database.read() as session:
        names = dict(session.execute(select(Person.id, Person.name)).all())
        for row in session.scalars(select(Ownership)):
            owners[row.customer_id] = names[row.person_id]
    found: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    day = MONDAY
    while day <= until:
        schedule.plan_all(database, under, at(day, 8))
        while (touch := next_due(database, under, day)) is not None:
            step = under.plans.step(touch.plan, touch.tier, touch.step)
            assert step is not None
            owner = owners.get(touch.customer_id, "owner")
            who = names.get(touch.assignee_id) or (owner if touch.who == "owner" else touch.who)
            found[who, (day - MONDAY).days // 7][touch.step] += step.minutes
            answers.finish(
                database,
                factories.operator(),
                Pointer(id=touch.id or 0, version=touch.version),
                rules=under,
                now=at(day, 10),
                request=InboundKey(team_id="T1", kind="block_actions", key=str(next(PRESSES))),
            )
        day += DAY
    return found


def next_due(database: Database, under: CareRules, day: date) -> Touch | None:
    """The open step of a day that is done next: what was due first, then in the order of the plan."""
    with database.read() as session:
        due = session.exec(select(Touch).where(col(Touch.state).in_(OPEN), col(Touch.due_on) <= day)).all()

    def place(touch: Touch) -> tuple[object, ...]:
        plan = under.plans.named(touch.plan)
        assert plan is not None
        return (
            touch.customer_id,
            touch.due_on,
            [step.id for step in plan.all_steps].index(touch.step),
            touch.id,
        )

    return min(due, key=place, default=None)  # type: ignore[arg-type]


@on_sqlite
@pytest.mark.parametrize("name", ["own", "manufacturing", "b2b_accounts"])
def test_the_hours_are_those_of_the_steps_that_planning_makes_due_when_each_is_done_on_its_day(
    database: Database, name: str
) -> None:
    book = planned_book(database)
    with book.write() as session:  # few of them, because each is planned on each day
        session.execute(text("UPDATE customer SET archived = true WHERE id % 9 <> 1"))
        kept = session.scalars(text("SELECT id FROM customer WHERE id % 9 = 1 ORDER BY id")).all()
        for number, customer in enumerate(kept):
            day = MONDAY + number * 5 * DAY
            factories.contact_person(session, customer, "Solar", birthday=f"--{day:%m-%d}", culture="CN")
            factories.contact_person(session, customer, "Lunar", birthday="lunar --02-03", country="DE")
    weeks = 3
    under = replace(rules(), plans=CarePlans((parse_plan(PLANS[name], name),)))
    found = seen(book, under, weeks=weeks)
    expected: dict[str, list[int]] = defaultdict(lambda: [0] * (weeks + 1))
    steps: Counter[str] = Counter()
    for (who, week), minutes in worked_off(book, under, MONDAY + (weeks + 1) * 7 * DAY - DAY).items():
        expected[who][week] = minutes.total()
        steps += minutes
    assert {one.name: list(one.owes) for one in found.people} == expected
    by_step: Counter[str] = Counter()
    for of, step in found.present.steps.items():
        by_step[of.step] += step.minutes
    assert by_step == steps
    assert ("birthday" in steps) == (name == "b2b_accounts")


@on_sqlite
def test_hours_of_birthdays_and_of_greetings_by_culture_are_those_of_planning(database: Database) -> None:
    book = planned_book(database)
    cultures = (None, "CN", "IR", "DE")
    with book.write() as session:
        session.execute(text("UPDATE customer SET archived = true WHERE id % 9 <> 1"))
        for number, customer in enumerate(
            session.scalars(select(Customer.id).where(~col(Customer.archived)))
        ):
            for person in range(3):
                day = MONDAY + (number * 5 + person * 11) % 40 * DAY
                born = f"lunar --{day:%m}-30" if person == 2 else f"--{day:%m-%d}"
                factories.contact_person(
                    session,
                    customer,
                    f"Person {person}",
                    birthday=born,
                    culture=cultures[(number + person) % 4],
                )
    weeks = 4
    under = replace(rules(), plans=CarePlans((parse_plan(PEOPLE_PLAN, "people"),)))
    found = seen(book, under, weeks=weeks)
    expected: dict[str, list[int]] = defaultdict(lambda: [0] * (weeks + 1))
    for (who, week), minutes in worked_off(book, under, MONDAY + (weeks + 1) * 7 * DAY - DAY).items():
        expected[who][week] = minutes.total()
    assert {one.name: list(one.owes) for one in found.people} == expected
    assert {of.step for of in found.present.steps} == {"birthday", "greeting"}


# --- A made book


PLAN = """\
plan: made
version: 1
tiers:
  A:
    - id: visit
      kind: revisit
      name: {en: Visit, zh: 拜访}
      minutes: 120
      every_days: 14
      at_most_days: 20
      counts: [visit]
    - id: review
      kind: revisit
      name: {en: Review, zh: 复盘}
      minutes: 90
      who: lead
      every_days: 28
      at_most_days: 40
      counts: [review]
  C:
    - id: call
      kind: revisit
      name: {en: Call, zh: 电话}
      minutes: 30
      every_days: 7
      at_most_days: 20
      counts: [call]
"""
TIGHTER = PLAN.replace("version: 1", "version: 2").replace("every_days: 14", "every_days: 7")
BEST_FIRST = TierNames(tiers={tier: TierPart(id=tier, rank=rank) for rank, tier in enumerate("ABC")})


@dataclass(frozen=True, kw_only=True)
class Made:
    """Anna with one A customer and five C customers, in a team that Lea leads; Ben with nobody."""

    database: Database
    anna: int
    ben: int
    lea: int


@pytest.fixture
def made(database: Database) -> Made:
    with database.write() as session:
        east = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=east)
        ben = factories.person(session, "Ben")
        lea = factories.person(session, "Lea", role="team_lead", team_id=east)
        session.execute(text("UPDATE team SET lead_id = :lead"), {"lead": lea})
        tiers = {factories.customer(session, "Alpha", owner_id=anna): "A"}
        for number in range(5):
            tiers[factories.customer(session, f"Call {number}", owner_id=anna)] = "C"
        for customer, tier in tiers.items():
            # Everything is due on the Monday on which the weeks begin.
            for kind, days in (("visit", 14), ("review", 28)) if tier == "A" else (("call", 7),):
                factories.contact(session, customer, MONDAY - days * DAY, kind)
        factories.graded(session, tiers, as_of=MONDAY - DAY)
    return Made(database=database, anna=anna, ben=ben, lea=lea)


def under(plan: str = PLAN) -> CareRules:
    return replace(rules(), plans=CarePlans((parse_plan(plan, "made"),)))


def load_of(found: Capacity, name: str) -> PersonLoad:
    return next(one for one in found.people if one.name == name)


@on_sqlite
def test_a_made_book_owes_the_hours_of_this_arithmetic(made: Made) -> None:
    found = seen(made.database, under(), weeks=3, book=BEST_FIRST)
    assert [*found.weeks] == [MONDAY + week * 7 * DAY for week in range(4)]
    # The visit of 120 minutes in every second week, five calls of 30 minutes in each.
    assert [*load_of(found, "Anna").owes] == [120 + 5 * 30, 5 * 30, 120 + 5 * 30, 5 * 30]
    # The review of 90 minutes comes every 28 days, and the lead does it.
    assert [*load_of(found, "Lea").owes] == [90, 0, 0, 0]
    # Five days of eight hours, of which 30 per cent.
    assert load_of(found, "Anna").has == [5 * 8 * 60 * 30 // 100] * 4
    assert {(of.tier, of.step): (step.count, step.minutes) for of, step in found.present.steps.items()} == {
        ("A", "visit"): (2, 2 * 120),
        ("A", "review"): (1, 90),
        ("C", "call"): (4 * 5, 4 * 5 * 30),
    }
    assert {one.name for one in found.people} == {"Anna", "Lea"}, "Ben owes nothing"


@on_sqlite
def test_hours_are_those_of_the_working_days_left_without_days_off_and_public_holidays(made: Made) -> None:
    with made.database.write() as session:
        session.execute(
            text(
                "UPDATE person SET works_from = '09:00', works_until = '15:00', country = 'DE' WHERE id = :id"
            ),
            {"id": made.anna},
        )
        session.add(Absence(person_id=made.anna, first_day=MONDAY + 7 * DAY, last_day=MONDAY + 9 * DAY))
    wednesday = MONDAY + 2 * DAY
    found = seen(
        made.database, under(), weeks=5, share=50, book=BEST_FIRST, today=wednesday, now=at(wednesday, 8)
    )
    # From Wednesday on three days of six hours; three days off in the next week; Good Friday (3 April) in the last.
    days = [3, 2, 5, 5, 4, 4]
    assert found.weeks[4] <= date(2026, 4, 3) <= found.until
    assert date(2026, 4, 6) in found.weeks  # Easter Monday
    assert load_of(found, "Anna").has == [number * 6 * 60 * 50 // 100 for number in days]


@on_sqlite
def test_what_would_have_to_give_is_the_least_important_until_the_rest_fits(made: Made) -> None:
    # Ten per cent of 40 hours are 240 minutes; the first week owes 120 + 5 * 30 = 270.
    found = seen(made.database, under(), weeks=1, share=10, book=BEST_FIRST)
    anna = load_of(found, "Anna")
    assert anna.over(anna.owes) == {0: 270 - 240}
    ((given,),) = anna.given_up.values()
    assert (given.of.tier, given.of.step, given.count, given.minutes) == ("C", "call", 1, 30)
    # Of two per cent, 48 minutes, not even the visit fits: nothing that is less important stays for it.
    tight = load_of(seen(made.database, under(), weeks=0, share=2, book=BEST_FIRST), "Anna")
    assert [(one.of.step, one.count) for one in tight.given_up[0]] == [("call", 5), ("visit", 1)]


@on_sqlite
def test_another_plan_is_compared_with_the_one_in_force(made: Made) -> None:
    instead = CarePlans((parse_plan(TIGHTER, "made"),))
    found = seen(made.database, under(), weeks=1, share=10, book=BEST_FIRST, instead=instead)
    anna = load_of(found, "Anna")
    # A visit in each week instead of each second one.
    assert ([*anna.before], [*anna.owes]) == ([270, 150], [270, 270])
    assert (anna.over(anna.before), anna.over(anna.owes)) == ({0: 30}, {0: 30, 1: 30})
    assert found.instead is not None
    assert (found.present.total, found.instead.total) == (270 + 150 + 90, 270 + 270 + 90)


@on_sqlite
def test_the_hours_of_one_person_are_the_same_as_among_all(made: Made) -> None:
    whole = seen(made.database, under(), book=BEST_FIRST)
    for number, name in ((made.anna, "Anna"), (made.lea, "Lea")):
        assert [*seen(made.database, under(), book=BEST_FIRST, persons={number}).people] == [
            load_of(whole, name)
        ]
    assert not seen(made.database, under(), book=BEST_FIRST, persons={made.ben}).people


@on_sqlite
@pytest.mark.parametrize(
    ("by", "query", "seen_by"),
    [
        ("Anna", {}, {"Anna"}),
        ("Anna", {"team": "East"}, NotAllowed),
        ("Anna", {"person": "lea@example.com"}, NotAllowed),
        ("Ben", {"person": "anna@example.com"}, NotAllowed),
        ("Lea", {}, {"Anna", "Lea"}),
        ("Lea", {"team": "East"}, {"Anna", "Lea"}),
        ("Lea", {"person": "anna@example.com"}, {"Anna"}),
        ("Lea", {"person": "ben@example.com"}, NotAllowed),
        ("Lea", {"team": "West"}, NotFound),
    ],
)
def test_people_see_their_own_hours_and_leads_those_of_their_team(
    made: Made, by: str, query: dict[str, str], seen_by: object
) -> None:
    with made.database.read() as session:
        names = {number: one.name for number, one in people.everybody(session).items()}
        number = next(number for number, name in names.items() if name == by)
        person = people.row_by_id(session, number, NOW)
        assert person is not None
        actor = actor_of(person, SETTINGS)
        asked = {"team": None, "person": None} | query
        if isinstance(seen_by, set):
            found = whose_hours(session, actor, **asked)
            assert found is not None
            assert {names[one] for one in found} == seen_by
        else:
            with pytest.raises(seen_by):  # type: ignore[call-overload]
                whose_hours(session, actor, **asked)
        assert whose_hours(session, factories.operator(), team=None, person=None) is None


@on_sqlite
def test_the_number_of_queries_depends_on_the_chunks_only(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    event.listen(made.database.reader, "before_cursor_execute", lambda *given: queries.append(given[2]))

    def count_with(size: int) -> int:
        monkeypatch.setattr(capacities, "CHUNK", size)
        queries.clear()
        seen(made.database, under(), book=BEST_FIRST)
        return len(queries)

    one, two, six = count_with(6), count_with(3), count_with(1)
    assert six - one == 5 * (two - one), "the same for each chunk"
    assert one < 40


@on_sqlite
def test_customers_in_the_same_situation_are_computed_once(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    really = occurrences._Connected.occurrences
    monkeypatch.setattr(
        occurrences._Connected, "occurrences", lambda *given: computed.append(given) or really(*given)
    )
    seen(made.database, under(), book=BEST_FIRST)
    assert len(computed) == 3, "the visits of A, its reviews, and the calls of all five C customers"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 90)), max_size=25), st.integers(0, 300))
def test_steps_that_come_one_by_one_give_as_if_all_were_ranked_at_once(
    steps: list[tuple[int, int]], most: int
) -> None:
    kept = KeptSteps(most)
    ranked = [((place, number), minutes) for number, (place, minutes) in enumerate(steps)]
    for place, minutes in ranked:
        kept.add(place, place, TIMED.model_copy(update={"minutes": minutes}))
    left = sorted(ranked)
    gives = []
    while sum(minutes for _, minutes in left) > most:
        gives.append(left.pop())
    assert {one.of: one.minutes for one in kept.given_up()} == dict(gives)


@pytest.mark.parametrize("page", ["capacity.md", "capacity.zh.md"])
def test_the_pages_say_what_is_counted(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    share = Settings.model_fields["care_share"].default
    for number in (capacities.WEEKS, share, USUAL_MINUTES // 60, CHUNK):
        assert re.search(rf"(?<!\d){number}(?!\d)", written), number
    # The weeks of the example are those of the made book.
    assert re.findall(r"^\| \d \| .*= (\d+) ", written, re.MULTILINE) == ["270", "150", "270"]
