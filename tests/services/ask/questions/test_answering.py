"""Questions over a real database: whose words they are read with, whose customers answer them, and what that costs."""

from datetime import UTC, date, datetime
from functools import partial

import pytest
from sqlalchemy import event, select
from sqlmodel import Session, col

from bot.errors import Hidden
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.ask.questions import answering
from bot.services.ask.questions.answering import QuestionSources
from bot.services.ask.questions.customer import answers
from bot.services.ask.questions.query import AboutCustomer, Aspect, Compared, FoundNotes, Listing, Personal
from bot.services.ask.questions.vocabulary_cache import VocabularyCache, read_vocabulary
from bot.services.schemes.store import SchemeCache
from bot.services.traits.fields import shipped_fields
from bot.settings import Settings
from bot.wording.answers.listing import CustomerList
from bot.wording.answers.questions import CustomerHistory, NotUnderstood
from bot.wording.ask.notes import NotesFound
from bot.wording.ask.records import CustomerComplaints, LastContacts
from bot.wording.messages import NoMatch, TierCard
from db.book.customers import Customer
from db.engine import Database
from tests import factories
from tests.services.ask.test_lookup import RULES, actor

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def sources(database: Database) -> QuestionSources:
    return QuestionSources(
        database=database,
        scheme_cache=SchemeCache(),
        rules_in=lambda session: RULES,
        words=VocabularyCache(),
        settings=Settings(_env_file=None),
        now=NOW,
    )


@pytest.fixture
def anna(database: Database) -> Actor:
    with database.write() as session:
        anna = factories.person(session, "Anna")
        other = factories.person(session, "Omar")
        acme = factories.customer(session, "ACME", owner_id=anna, region="DACH")
        globex = factories.customer(session, "Globex", owner_id=anna, region="dach")
        secret = factories.customer(session, "Secret", owner_id=other, region="DACH")
        factories.graded(session, {acme: "B", globex: "A", secret: "A"}, as_of=date(2026, 2, 28))
    return actor(anna)


def asked(sources: QuestionSources, actor: Actor, text: str) -> object:
    with sources.database.read() as session:
        found = answering.asked(sources, session, actor, text)
    if isinstance(found, Listing | Compared | Personal | FoundNotes) or (
        isinstance(found, AboutCustomer) and found.aspect is not Aspect.CARD
    ):
        return answering.answer(sources, actor, found)
    return found


def test_a_list_has_only_customers_of_the_asker_and_all_spellings_of_a_region(
    sources: QuestionSources, anna: Actor
) -> None:
    found = asked(sources, anna, "DACH customers")
    assert isinstance(found, CustomerList)
    assert {row.name for row in found.rows} == {"ACME", "Globex"}
    assert found.asked == "region DACH"


def test_my_customers_are_only_ones_own_for_who_sees_the_whole_book(
    sources: QuestionSources, anna: Actor
) -> None:
    found = asked(sources, actor(anna.person_id or 0, "admin"), "my customers")
    assert isinstance(found, CustomerList)
    assert {row.name for row in found.rows} == {"ACME", "Globex"}


def test_the_history_of_a_customer_of_somebody_else_is_that_of_nobody(
    sources: QuestionSources, anna: Actor
) -> None:
    assert isinstance(asked(sources, anna, "history of Globex"), CustomerHistory)
    assert isinstance(asked(sources, anna, "history of Secret"), NoMatch)
    assert isinstance(asked(sources, anna, "history of Nobody"), NoMatch)


@pytest.mark.parametrize(
    "aspect",
    [Aspect.WHY, Aspect.HISTORY, Aspect.CARE, Aspect.CREDIT, Aspect.CONTACTS, Aspect.COMPLAINTS],
)
def test_whoever_has_the_number_of_a_customer_of_somebody_else_is_told_nothing_of_it(
    sources: QuestionSources, database: Database, anna: Actor, aspect: Aspect
) -> None:
    with database.read() as session:
        secret = session.scalars(select(col(Customer.id)).where(col(Customer.name) == "Secret")).one()
        if aspect is Aspect.CARE:
            with pytest.raises(Hidden):
                answers.care(session, sources.scheme_cache, RULES, anna, secret, NOW)
            return
    if aspect in (Aspect.CONTACTS, Aspect.COMPLAINTS):
        with database.read() as session:
            if aspect is Aspect.CONTACTS:
                told = partial(answers.contacts, session, anna, secret, NOW.date())
            else:
                told = partial(answers.complaints, session, RULES, anna, secret, NOW.date())
            with pytest.raises(Hidden):
                told()
        return
    with pytest.raises(Hidden):
        answers.outside_of_session(database, sources.scheme_cache, anna, secret, aspect, NOW.date())


def test_a_part_of_the_name_of_a_customer_of_somebody_else_is_no_name(
    sources: QuestionSources, anna: Actor
) -> None:
    with sources.database.write() as session:
        factories.customer(session, "Quartzbach Ltd", owner_id=anna.person_id)
        omar = factories.person(session, "Olga")
        factories.customer(session, "Zinnober Ltd", owner_id=omar)
    assert isinstance(asked(sources, anna, "when was the last visit at quartzbach"), LastContacts)
    assert isinstance(asked(sources, anna, "when was the last visit at zinnober"), NotUnderstood)


def test_a_whole_name_is_answered_without_reading_a_word_of_the_firm(
    sources: QuestionSources, anna: Actor
) -> None:
    statements: list[str] = []
    with sources.database.read() as session:
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2].lower())
        )
        found = answering.asked(sources, session, anna, "acme")
    assert isinstance(found, TierCard)
    assert statements
    assert not any("tombstone" in one or "min(customer.region)" in one for one in statements)


def test_the_words_are_read_again_only_after_a_change(sources: QuestionSources, anna: Actor) -> None:
    with sources.database.read() as session:
        first = sources.vocabulary(session, RULES, NOW.date())
        assert sources.vocabulary(session, RULES, NOW.date()) is first
    with sources.database.write() as session:
        factories.customer(session, "Initech", region="Atlantis")
    with sources.database.read() as session:
        assert "Atlantis" in sources.vocabulary(session, RULES, NOW.date()).regions


def test_the_words_are_those_of_the_book(database: Database, anna: Actor) -> None:
    with database.write() as session:
        for number, country in enumerate(("DE", "Germany", "Narnia", "")):
            session.get_one(Customer, factories.customer(session, f"K{number}")).country = country or None
        lead = factories.person(session, "Dora")
        led = factories.team(session, "North", lead_id=lead)
    with database.read() as session:
        found = read_vocabulary(session, SchemeCache(), shipped_fields(), NOW.date())
    assert found.led_by(lead) == led
    assert found.regions == tuple(sorted({"DACH", "dach"}))
    assert [value for value, _ in found.countries] == ["DE", "Germany", "Narnia"]
    assert set(dict(found.countries)["DE"]) >= {"Germany", "德国"}
    assert {person.name for person in found.people} >= {"Anna", "Omar"}


def test_a_sentence_that_names_nobody_is_no_wrong_guess(sources: QuestionSources, anna: Actor) -> None:
    found = asked(sources, anna, "sing me a song about xylophones")
    assert isinstance(found, NotUnderstood)
    assert isinstance(asked(sources, anna, "Xylophon"), NoMatch)


def test_the_brief_and_the_notes_of_a_customer_are_answered(sources: QuestionSources, anna: Actor) -> None:
    assert getattr(asked(sources, anna, "brief Globex"), "name", None) == "Globex"
    assert getattr(asked(sources, anna, "notes of Globex"), "name", None) == "Globex"
    assert isinstance(asked(sources, anna, "search notes crane"), NotesFound)


def test_a_part_of_a_name_with_a_question_is_a_choice_of_that_question(
    sources: QuestionSources, database: Database, anna: Actor
) -> None:
    with database.write() as session:
        for place in ("Nord", "Ost"):
            factories.customer(session, f"Hansa {place}", code=f"H-{place}", owner_id=anna.person_id)
    found = asked(sources, anna, "history of Hansa")
    assert isinstance(found, NotUnderstood)
    assert {one.words for one in found.choices} == {"H-Nord history", "H-Ost history"}


def test_certain_is_what_lookup_shows_for_the_same_text(
    sources: QuestionSources, database: Database, anna: Actor
) -> None:
    def both(session: Session, text: str) -> tuple[object, object]:
        given = (session, sources.scheme_cache, RULES, anna, text, NOW.date())
        return lookup.certain(*given), lookup.answer(*given)

    with database.read() as session:
        for text in ("ACME", "acme", "help", ""):
            certain, shown = both(session, text)
            assert certain == shown
        assert both(session, "acm")[0] is None


def test_a_part_of_a_name_that_no_other_customer_has_is_that_customer_in_a_sentence(
    sources: QuestionSources, database: Database, anna: Actor
) -> None:
    with database.write() as session:
        factories.customer(session, "Hollerbeck Fahrzeugteile GmbH", code="C-0038", owner_id=anna.person_id)
        factories.customer(session, "苏州煦柏精密机械有限公司", code="C-0003", owner_id=anna.person_id)
    for text in ("whats hollerbecks tier", "who looks after hollerbeck fahrzeugtiele", "c38 tier please"):
        card = asked(sources, anna, text)
        assert getattr(card, "name", None) == "Hollerbeck Fahrzeugteile GmbH", text
    assert getattr(asked(sources, anna, "煦柏精密的等级是什么"), "code", None) == "C-0003"
    assert isinstance(asked(sources, anna, "when did we last visit hollerbeck"), LastContacts)
    assert isinstance(asked(sources, anna, "did hollerbeck ever complain"), CustomerComplaints)
    notes = asked(sources, anna, "notes about retrofit for hollerbeck")
    assert isinstance(notes, NotesFound)
    assert notes.customer == "Hollerbeck Fahrzeugteile GmbH"


def test_a_part_of_a_name_is_no_customer_with_words_that_are_not_understood_or_of_somebody_else(
    sources: QuestionSources, database: Database, anna: Actor
) -> None:
    with database.write() as session:
        omar = factories.person(session, "Omar Two")
        factories.customer(session, "Quarnstow Castings", code="C-0089", owner_id=omar)
    assert isinstance(asked(sources, anna, "bump acme to A would you"), NotUnderstood)
    assert isinstance(asked(sources, anna, "acme stock price"), NotUnderstood)
    assert not isinstance(asked(sources, anna, "what is the tier of quarnstow these days"), TierCard)
