"""The review queue: what is in it and why, in which order, and when an answer hides it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from bot.errors import BadInput, NotFound
from bot.services.access import Actor
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.reports import review
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.engine import Database
from db.graded import runs, shadows
from db.graded.reviews import Item, Query, ReviewAnswer, of_shadow_moves
from db.graded.schemes import SchemeVersion
from tests import factories
from tests.services.ask.test_lookup import ADMIN, actor
from tests.services.book import SETTINGS
from tests.services.grade.test_runs import grade

MARCH, TODAY = date(2026, 3, 31), date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
JUDGED = factories.PLAIN_SCHEME.replace(
    "{id: service, name: {en: Service, zh: 服务}, weight: 100,",
    "{id: service, name: {en: Service, zh: 服务}, weight: 100, manual: true, max_age_days: 100,",
).replace("min_coverage: 0.6", "min_coverage: 0.5")
RULE = "override: {allowed: true, needs: [reason], max_days: 60}\n"


def put(
    database: Database,
    name: str,
    *,
    bought: int = 0,
    owner_id: int | None = None,
    day: date = MARCH,
    **facts: object,
) -> int:
    with database.write() as session:
        customer = factories.customer(session, name, code=name, owner_id=owner_id)
        for field, value in facts.items():
            factories.fact(session, customer, field, value, min(day, MARCH))
        if bought:
            factories.order(session, customer, date(2026, 2, 1), bought)
    return customer


@pytest.fixture
def book(database: Database) -> Database:
    """Six customers graded as of the end of March: one for each reason, and one that is as it should be."""
    with database.write() as session:
        factories.scheme(session, JUDGED + RULE)
    put(database, "FINE", quality=90, service=90, bought=9_000)
    put(database, "UNKNOWN", bought=100)
    put(database, "UNSURE", quality=60, bought=300)  # service unknown: 36 to 76 crosses 45 and 70
    put(database, "CAPPED", quality=90, service=90, credit="D", bought=200)
    put(database, "CHOSEN", quality=90, service=90, bought=400)
    put(database, "OLD", quality=90, service=90, bought=500, day=TODAY - timedelta(days=76))
    grade(database, MARCH)
    with database.write() as session:
        ids = {one.code: one.id for one in session.exec(select(Customer))}
    decide(database, ids["CHOSEN"] or 0, TODAY + timedelta(days=30))
    return database


def decide(database: Database, customer: int, until: date) -> None:
    overrides.set_override(
        database,
        SchemeCache(),
        ADMIN,
        customer,
        OverrideRequest(tier="B", reason="why", expires_on=until),
        settings=SETTINGS,
        today=TODAY,
        now=NOW,
        notify=None,
    )


def items(
    database: Database, *, who: Actor = ADMIN, today: date = TODAY, limit: int = 50, reason: str | None = None
) -> list[Item]:
    return review.list_items(database, SchemeCache(), who, today=today, limit=limit, reason=reason)


def seen(found: list[Item]) -> list[tuple[str, str]]:
    return [(one.code, one.reason) for one in found]


def answer(
    database: Database, code: str, reason: str, *, who: Actor = ADMIN, note: str = "asked them"
) -> list[Item]:
    with database.read() as session:
        customer = session.exec(select(Customer.id).where(Customer.code == code)).one()
    return review.answer(database, SchemeCache(), who, customer or 0, reason, note=note, today=TODAY, now=NOW)


def test_every_reason_is_found_with_most_at_stake_first(book: Database) -> None:
    found = items(book)
    assert seen(found) == [
        ("OLD", "stale"),
        ("CHOSEN", "override"),
        ("UNSURE", "uncertain"),
        ("CAPPED", "capped"),
        ("UNKNOWN", "unrated"),
    ]
    assert [one.stake for one in found] == [500.0, 400.0, 300.0, 200.0, 100.0]
    unsure = found[2]
    assert unsure.low == pytest.approx(0.6 * 60)
    assert unsure.high == pytest.approx(0.6 * 60 + 40)
    assert (found[0].item, found[0].due_on) == ("service", TODAY - timedelta(days=76))
    assert (found[1].due_on, found[3].item) == (TODAY + timedelta(days=30), "credit")


def test_the_limit_keeps_those_with_most_at_stake(book: Database) -> None:
    assert seen(items(book, limit=2)) == [("OLD", "stale"), ("CHOSEN", "override")]
    assert seen(items(book, reason="capped")) == [("CAPPED", "capped")]
    with pytest.raises(BadInput, match="no review reason odd; there are no_scheme, unrated, uncertain"):
        items(book, reason="odd")


def test_only_what_was_bought_in_the_last_twelve_months_is_at_stake(book: Database) -> None:
    with book.write() as session:
        customer = session.exec(select(Customer.id).where(Customer.code == "CAPPED")).one()
        factories.order(session, customer or 0, date(2025, 5, 4), 10_000)  # the day twelve months ago is out
        factories.order(session, customer or 0, date(2025, 5, 5), 7)
        factories.order(session, customer or 0, TODAY, Decimal("-3.5"))
    (capped,) = items(book, reason="capped")
    assert capped.stake == 200 + 7 - 3.5


def test_a_judgement_is_stale_from_three_quarters_of_its_life_until_a_newer_one(
    book: Database,
) -> None:
    measured = TODAY - timedelta(days=76)
    due = measured + timedelta(days=75)  # 3/4 of 100 days
    assert seen(items(book, today=due, reason="stale")) == []
    assert seen(items(book, today=due + timedelta(days=1), reason="stale")) == [("OLD", "stale")]
    with book.write() as session:
        old = session.exec(select(Customer.id).where(Customer.code == "OLD")).one()
        factories.fact(session, old or 0, "service", 80, TODAY)
    assert seen(items(book, reason="stale")) == []


def test_an_override_is_listed_thirty_days_before_its_end(book: Database) -> None:
    assert seen(items(book, today=TODAY - timedelta(days=1), reason="override")) == []


def test_an_answer_is_kept_with_who_when_and_why_and_hides_the_item_for_ninety_days(book: Database) -> None:
    answer(book, "CAPPED", "capped", note=" paid half ")
    assert ("CAPPED", "capped") not in seen(items(book))
    with book.read() as session:
        (row,) = session.exec(select(ReviewAnswer)).all()
    assert (row.answered_by, row.answered_at, row.note, row.item) == ("Anna", NOW, "paid half", "credit")
    assert seen(items(book, today=TODAY + timedelta(days=90), reason="capped")) == []
    assert seen(items(book, today=TODAY + timedelta(days=91), reason="capped")) == [("CAPPED", "capped")]


def test_an_item_that_became_another_one_is_back(book: Database) -> None:
    answer(book, "UNSURE", "uncertain")
    with book.write() as session:
        unsure = session.exec(select(Customer.id).where(Customer.code == "UNSURE")).one()
        factories.fact(
            session, unsure or 0, "quality", 75, date(2026, 4, 20)
        )  # B becomes A, 45 to 85 still crosses
    grade(book, date(2026, 4, 30))
    assert seen(items(book, reason="uncertain")) == [("UNSURE", "uncertain")]


def test_an_answer_needs_something_open_and_a_note(book: Database) -> None:
    with pytest.raises(NotFound, match="FINE has nothing open to review as capped"):
        answer(book, "FINE", "capped")
    with pytest.raises(BadInput, match="Say in the note"):
        answer(book, "CAPPED", "capped", note="  ")
    answer(book, "CAPPED", "capped")
    with pytest.raises(NotFound, match="nothing open"):
        answer(book, "CAPPED", "capped")


def test_people_see_their_own_items_and_only_leads_and_admins_answer(book: Database) -> None:
    with book.write() as session:
        team = factories.team(session)
        anna = factories.person(session, "Anna", team_id=team)
        capped = session.exec(select(Customer.id).where(Customer.code == "CAPPED")).one()
        factories.own(session, capped or 0, anna)
    assert seen(items(book, who=actor(anna))) == [("CAPPED", "capped")]
    assert items(book, who=actor(anna, "viewer")) == []
    for nobody in (actor(anna), actor(99, "team_lead", team_id=team + 1)):
        with pytest.raises(NotFound, match="whose review you may answer"):
            answer(book, "CAPPED", "capped", who=nobody)
    answer(book, "CAPPED", "capped", who=actor(99, "team_lead", team_id=team))


def test_a_book_nobody_graded_has_nothing_to_review(database: Database) -> None:
    assert items(database) == []


def test_customers_that_a_scheme_in_the_shadow_would_move_are_listed(book: Database) -> None:
    with book.write() as session:
        ids = {one.code: one.id or 0 for one in session.exec(select(Customer))}
        snapshot = runs.last_snapshot(session, "account")
        version = session.exec(select(SchemeVersion.id)).one()
        assert snapshot is not None
        moves = [
            {
                "run_id": snapshot.id,
                "scheme_version_id": version,
                "customer_id": ids[code],
                "tier": "A",
                "shadow_tier": "B",
            }
            for code in ("CAPPED", "FINE")
        ]
        shadows.add_moves(session, moves)
        query = Query(owners=None, today=TODAY, year_ago=date(2025, 5, 4), limit=9)
        found = of_shadow_moves(session, query, snapshot.id or 0, [version or 0])
        elsewhere = of_shadow_moves(session, query, snapshot.id or 0, [(version or 0) + 1])
    assert [(one.code, one.tier, one.item, one.stake) for one in found] == [
        ("FINE", "A", "B", 9_000.0),
        ("CAPPED", "A", "B", 200.0),
    ]
    assert elsewhere == []
    assert items(book, reason="shadow") == []  # no scheme is in the shadow now
