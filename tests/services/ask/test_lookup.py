"""/tier: what is typed, who asks, and what comes back."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from bot.errors import NotFound
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.ask.share import shared_card
from bot.services.care.plan_file import load_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.name_keys import fold
from bot.services.schemes.store import SchemeCache
from bot.slack import blocks
from bot.wording.actions import Pointer
from bot.wording.messages import Choice, Help, MyCustomers, NoMatch, TierCard, Ungraded
from bot.wording.rendering import Renderer
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.grade.test_runs import grade

RULES = CareRules(plans=CarePlans((load_plan(None),)), zone=ZoneInfo("UTC"), remind_at=time(9))
MARCH, APRIL, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)


def actor(person_id: int, role: str = "account_manager", team_id: int | None = None) -> Actor:
    return Actor(
        person_id=person_id,
        name="Anna",
        role=role,
        team_id=team_id,
        led_teams=frozenset(),
        slack_user_id="U0ANNA",
        language="en",
        timezone="UTC",
    )


ADMIN = actor(0, "admin")


def ask(database: Database, text: str, who: Actor = ADMIN) -> object:
    with database.read() as session:
        return lookup.answer(session, SchemeCache(), RULES, who, text, TODAY)


@pytest.fixture
def book(database: Database) -> Database:
    """Anna and Ben of one team, some customers each, two gradings."""
    with database.write() as session:
        team = factories.team(session)
        anna, ben = (
            factories.person(session, "Anna", team_id=team),
            factories.person(session, "Ben", team_id=team),
        )
        factories.scheme(session)
        owned = {
            "ACME": anna,
            "Müller & Söhne GmbH": anna,
            "苏州澜岳精密机械有限公司": anna,
            "Northern Lights Ltd": ben,
            "Northern Star Ltd": ben,
            "NA": ben,
        }
        for name, owner in owned.items():
            customer = factories.customer(session, name, owner_id=owner)
            factories.fact(session, customer, "quality", 60, date(2026, 3, 1))
            if name == "ACME":
                factories.fact(session, customer, "quality", 30, APRIL)
    grade(database, MARCH)
    grade(database, APRIL)
    return database


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ACME", "ACME"),
        ("  acme ", "ACME"),
        ("ＡＣＭＥ", "ACME"),
        ("muller sohne gmbh", "Müller & Söhne GmbH"),
        ("MÜLLER + SÖHNE, GmbH", "Müller & Söhne GmbH"),
        ("蘇州瀾嶽精密機械有限公司", "苏州澜岳精密机械有限公司"),
        ("su zhou lan yue jing mi ji xie you xian gong si", "苏州澜岳精密机械有限公司"),
        ("suzhoulanyuejingmijixieyouxiangongsi", "苏州澜岳精密机械有限公司"),
        ("NA", "NA"),
    ],
)
def test_a_whole_name_of_one_customer_is_answered_with_its_card(
    book: Database, typed: str, found: str
) -> None:
    answer = ask(book, typed)
    assert isinstance(answer, TierCard)
    assert answer.name == found


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ACM", "ACME"),
        ("muller", "Müller & Söhne GmbH"),
        ("söhne", "Müller & Söhne GmbH"),
        ("Müller & Söhne AG", "Müller & Söhne GmbH"),
        ("澜岳", "苏州澜岳精密机械有限公司"),
        ("suzhou", "苏州澜岳精密机械有限公司"),
        ("SZLYJMJXYXGS", "苏州澜岳精密机械有限公司"),  # initials
        ("star northern", "Northern Star Ltd"),
        ("Northern Lights", "Northern Lights Ltd"),
        ("northernlights ltd", "Northern Lights Ltd"),
        ("acmee", "ACME"),
        ("Northern Lihgts Ltd", "Northern Lights Ltd"),
    ],
)
def test_a_part_of_a_name_or_a_misspelt_one_is_a_choice_and_opens_nothing(
    book: Database, typed: str, offered: str
) -> None:
    answer = ask(book, typed)
    assert isinstance(answer, Choice | NoMatch)
    assert answer.hits[0].name == offered
    buttons = blocks.payload(Renderer(), answer, "en")["blocks"][-1]["elements"]
    assert [blocks.decode(button["value"]) for button in buttons] == [hit.target for hit in answer.hits]


@pytest.mark.parametrize(
    "typed", ["C-10236", "C-1O235", "C10235", "C.10235", "C_10235", "C-10235/1", "10235"]
)
def test_another_code_opens_nothing(book: Database, typed: str) -> None:
    with book.write() as session:
        factories.customer(session, "Birch", code="C-10235")
    answer = ask(book, typed)
    assert isinstance(answer, Choice | NoMatch)
    card = ask(book, " ｃ-10235 ")
    assert isinstance(card, Ungraded)
    assert card.code == "C-10235"


@pytest.mark.parametrize(
    ("kind", "others_name"),
    [("name", "Road Runner"), ("alias", "Road-Runner"), ("pinyin", "roadrunner")],
)
def test_a_name_that_is_also_a_name_of_another_customer_is_a_choice(
    book: Database, kind: str, others_name: str
) -> None:
    with book.write() as session:
        factories.customer(session, "Road Runner")
        other = factories.customer(session, "Other")
        factories.replace_names(session, other, [(kind, others_name, fold(others_name))], [])
    answer = ask(book, "road runner")
    assert isinstance(answer, Choice)
    assert [hit.name for hit in answer.hits] == ["Road Runner", "Other"]


def test_names_with_the_initials_of_a_name_leave_the_name_certain(book: Database) -> None:
    with book.write() as session:
        for number in range(90):
            factories.replace_names(
                session, factories.customer(session, f"Nova {number}"), [("initials", "Nova", "na")], []
            )
    answer = ask(book, "na")
    assert isinstance(answer, TierCard)
    assert answer.name == "NA"


def test_a_code_is_answered_before_names(book: Database) -> None:
    card = ask(book, "ACME")
    assert isinstance(card, TierCard)
    with book.write() as session:
        factories.customer(session, card.code)  # a customer that is called like ACME's code
    again = ask(book, card.code)
    assert isinstance(again, TierCard)
    assert again.name == "ACME"


def test_another_name_finds_it_too(book: Database) -> None:
    card = ask(book, "ACME")
    assert isinstance(card, TierCard)
    with book.write() as session:
        rows = [("name", "ACME", "acme"), ("alias", "Road Runner Supplies", "road runner supplies")]
        factories.replace_names(session, card.customer_id, rows, ["acme", "road", "runner"])
    found = ask(book, "road runner supplies")
    assert isinstance(found, TierCard)
    assert found.name == "ACME"


def test_several_hits_become_a_choice(book: Database) -> None:
    answer = ask(book, "northern")
    assert isinstance(answer, Choice)
    assert [hit.name for hit in answer.hits] == ["Northern Lights Ltd", "Northern Star Ltd"]
    assert answer.more == 0


def test_nothing_like_it_is_said_plainly(book: Database) -> None:
    answer = ask(book, "qqqqqq")
    assert isinstance(answer, NoMatch)
    assert answer.hits == ()


@all_on_postgresql
@pytest.mark.parametrize(
    "typed", ["%", "_", "'; DROP TABLE customer; --", "<@U123>", "\x00", "。", "a" * 5000, "🙂"]
)
def test_odd_questions_get_an_answer(book: Database, typed: str) -> None:
    assert isinstance(ask(book, typed), NoMatch | Choice | TierCard)


def test_a_customer_of_somebody_else_is_answered_like_one_that_does_not_exist(book: Database) -> None:
    anna = actor(1)
    foreign, unknown = ask(book, "Northern Lights", anna), ask(book, "qqqqqq", anna)
    assert isinstance(foreign, NoMatch)
    assert isinstance(unknown, NoMatch)
    assert foreign.hits == unknown.hits == ()
    card = ask(book, "Northern Lights Ltd")
    assert isinstance(card, TierCard)
    for customer_id in (card.customer_id, 999_999):
        with book.read() as session, pytest.raises(NotFound, match="no such customer in your book"):
            lookup.card(session, SchemeCache(), RULES, anna, customer_id, TODAY)


def test_a_team_lead_asks_about_the_team(book: Database) -> None:
    assert isinstance(ask(book, "Northern Lights Ltd", actor(99, "team_lead", team_id=1)), TierCard)
    assert isinstance(ask(book, "Northern Lights Ltd", actor(99, "team_lead", team_id=2)), NoMatch)


def test_viewers_see_nobody(book: Database) -> None:
    assert isinstance(ask(book, "ACME", actor(1, "viewer")), NoMatch)


def test_the_card_says_what_changed_since_the_snapshot_before(book: Database) -> None:
    card = ask(book, "ACME")
    assert isinstance(card, TierCard)
    assert (card.tier.id, card.score, card.as_of) == ("C", 30.0, APRIL)
    assert card.before is not None
    assert (card.before.tier.id, card.before.score, card.before.as_of) == ("B", 60.0, MARCH)
    assert card.provisional is False
    assert card.coverage == pytest.approx(0.6)
    assert card.owner is not None
    assert card.owner.name == "Anna"


def test_a_customer_nobody_graded_yet_is_found_all_the_same(book: Database) -> None:
    with book.write() as session:
        factories.customer(session, "Latecomer", owner_id=1)
    assert isinstance(ask(book, "Latecomer", actor(1)), Ungraded)


def test_tier_without_a_name_lists_the_askers_own_customers_worst_news_first(book: Database) -> None:
    mine = ask(book, "", actor(1))
    assert isinstance(mine, MyCustomers)
    assert mine.total == 3
    assert mine.hits[0].name == "ACME"
    assert mine.hits[0].before is not None
    assert {tier.id: count for tier, count in mine.counts} == {"B": 2, "C": 1}
    nobody = ask(book, "", actor(99))
    assert isinstance(nobody, MyCustomers)
    assert nobody.total == 0


@pytest.mark.parametrize("typed", ["help", "HELP", "帮助", "?"])
def test_help(book: Database, typed: str) -> None:
    assert isinstance(ask(book, typed), Help)


def test_help_shows_the_tiers_of_the_scheme_in_force_with_their_boundaries(book: Database) -> None:
    said = "\n".join(Renderer().slots(help_of(book)).body)
    assert "• *Key* from 70\n• *Important* from 45\n• *Ordinary* any lower score" in said
    with book.write() as session:
        text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
        rules = "movement: {margin_up: 2, margin_down: 3}\n"
        factories.scheme(session, text + rules, effective_from=TODAY)
    said = "\n".join(Renderer().slots(help_of(book)).body)
    assert "• *Key* from 70 · up to it at 72, down from it below 67" in said


def help_of(book: Database) -> Help:
    answer = ask(book, "help")
    assert isinstance(answer, Help)
    return answer


def test_a_shared_card_has_no_figures(book: Database) -> None:
    card = ask(book, "ACME")
    assert isinstance(card, TierCard)
    shared = shared_card(book, SchemeCache(), ADMIN, Pointer(id=card.customer_id))
    assert shared.tier.id == "C"
    assert shared.before is not None
    assert shared.before.score is None
    assert [names.en for names in shared.weak] == ["Quality"]
    assert not [value for value in vars(shared).values() if isinstance(value, float)]


def test_archived_customers_are_not_found(book: Database) -> None:
    with book.write() as session:
        factories.customer(session, "Gone Ltd", archived=True)
    assert isinstance(ask(book, "Gone Ltd"), NoMatch)
