"""What a channel reads of a customer: no figures, and never only the strengths of one that fell."""

from datetime import date

import pytest

from bot.errors import NotAllowed, NotFound
from bot.services.ask.share import channel_language, refuse_take_back, shared_card
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.messages import SharedCard
from bot.wording.rendering import Renderer
from db.engine import Database
from db.outbox import channels
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lookup import ADMIN, actor
from tests.services.grade.test_runs import grade

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


def book(
    database: Database, *scores: tuple[float, float], sanctioned: bool = False, days: tuple[date, ...] = ()
) -> int:
    """A customer with these scores of quality and service, grading by grading."""
    with database.write() as session:
        factories.scheme(session)
        customer = factories.customer(session)
        for day, (quality, service) in zip(days or (MARCH, APRIL), scores, strict=False):
            factories.fact(session, customer, "quality", quality, day)
            factories.fact(session, customer, "service", service, day)
        if sanctioned:
            factories.fact(session, customer, "sanctions", True)
    for day in (days or (MARCH, APRIL))[: len(scores)]:
        grade(database, day)
    return customer


def shared(database: Database, customer: int) -> SharedCard:
    return shared_card(database, SchemeCache(), ADMIN, Pointer(id=customer))


def words(card: SharedCard) -> str:
    return "\n".join(Renderer().slots(card).body)


@on_sqlite
def test_a_customer_that_fell_is_shared_with_its_fall_and_its_weakest_dimension(database: Database) -> None:
    # 0.6 x 95 + 0.4 x 90 = 93 is A; 0.6 x 62 + 0.4 x 70 = 65.2 is B, and neither dimension is below 40.
    card = shared(database, book(database, (95, 90), (62, 70)))
    assert (card.tier.id, card.fell) == ("B", True)
    assert [name.en for name in card.strong] == ["Service"]
    assert [name.en for name in card.weak] == ["Quality"]
    assert "*Fell* from Key, its tier on Mar 31, 2026" in words(card)


@on_sqlite
def test_a_customer_that_rose_is_shared_with_its_strengths(database: Database) -> None:
    card = shared(database, book(database, (62, 70), (95, 90)))
    assert (card.tier.id, card.fell, card.weak) == ("A", False, ())
    assert "was Important on Mar 31, 2026" in words(card)


@on_sqlite
def test_a_blocked_customer_is_never_shared_with_strengths_only(database: Database) -> None:
    card = shared(database, book(database, (95, 90), sanctioned=True))
    assert (card.tier.id, [name.en for name in card.weak]) == ("blocked", ["Service"])


@on_sqlite
def test_a_fall_is_still_told_after_a_grading_that_changed_nothing(database: Database) -> None:
    days = (MARCH, APRIL, date(2026, 5, 2))
    assert shared(database, book(database, (95, 90), (62, 70), (63, 70), days=days)).fell


@on_sqlite
def test_a_fall_of_long_ago_is_no_news(database: Database) -> None:
    days = (date(2025, 9, 30), date(2025, 10, 31), APRIL)
    card = shared(database, book(database, (95, 90), (62, 70), (63, 70), days=days))
    assert (card.fell, card.before) == (False, None)


@on_sqlite
def test_only_who_may_share_it_sees_what_would_be_shared(database: Database) -> None:
    customer = book(database, (95, 90))
    with pytest.raises(NotFound):
        shared_card(database, SchemeCache(), actor(7), Pointer(id=customer))


def test_the_sharer_and_admins_take_it_back_and_nobody_else() -> None:
    refuse_take_back(actor(7), 7)
    refuse_take_back(ADMIN, 7)
    for other in (actor(8), actor(8, "team_lead")):
        with pytest.raises(NotAllowed):
            refuse_take_back(other, 7)


@pytest.mark.parametrize(
    ("channel_id", "name", "language"),
    [("C0EAST", "east-2025", "zh"), ("C0NEW", "east", "en"), ("C0WEST", "west", "zh")],
    ids=["renamed", "a new one with the old name", "never looked up"],
)
@on_sqlite
def test_the_channel_of_a_team_is_known_by_its_id(
    database: Database, channel_id: str, name: str, language: str
) -> None:
    with database.write() as session:
        for team in ("East", "West"):
            factories.team(session, team, channel=f"#{team.lower()}", language="zh")
        channels.remember(session, "#east", "C0EAST", factories.AT)
    assert channel_language(database, actor(7), channel_id, name, "en") == language
