"""Answering a question, whatever door it came through: the text is read, and the part of the product that knows answers.

What looks further than the session of the question is answered outside of it: a second connection, asked for while one
is held, could be waited for without end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.masking import mask_text
from bot.services import access
from bot.services.access import BOOK, TEAM, Actor
from bot.services.ask import lists, lookup
from bot.services.ask.brief.page import brief
from bot.services.ask.listing import compared, listed, team
from bot.services.ask.notes.pages import notes
from bot.services.ask.notes.search import search
from bot.services.ask.questions.customer import answers
from bot.services.ask.questions.customer.visible import VisibleNames
from bot.services.ask.questions.printer import printed
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    Filters,
    FoundNotes,
    Listing,
    Personal,
    Query,
)
from bot.services.ask.questions.reader import read
from bot.services.ask.questions.unclear import Unclear, WhyUnclear
from bot.services.ask.questions.vocabulary import QuestionActor, Vocabulary
from bot.services.ask.questions.vocabulary_cache import VocabularyCache, asker_of
from bot.services.ask.risk.at_risk import at_risk
from bot.services.care.digest import todo
from bot.services.care.schedule import CareRules
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import SchemeCache
from bot.services.traits import views as profiles
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.answers.questions import NotUnderstood, QuestionPart
from bot.wording.message_base import Message
from bot.wording.messages import NoMatch
from db.engine import Database

IN_SLACK = N_("The link to a calendar is made with: tierbot care calendar")
MOST_WORDS, MOST_CHARACTERS = 4, 24  # of a name that nobody has


@dataclass(frozen=True, kw_only=True)
class QuestionSources:
    """What questions are answered from."""

    database: Database
    scheme_cache: SchemeCache
    rules_in: Callable[[Session], CareRules]
    words: VocabularyCache
    settings: Settings
    now: datetime

    def vocabulary(self, session: Session, rules: CareRules, today: date) -> Vocabulary:
        return self.words.vocabulary(session, self.scheme_cache, rules.traits, today)


def asked(sources: QuestionSources, session: Session, actor: Actor, text: str) -> Message | Query:
    """The message for a text, or the query for `answer` when that looks further than this session.

    A whole code or name of a customer is answered before anything else is read.
    """
    today = actor.today(sources.now)
    rules = sources.rules_in(session)
    known = lookup.certain(session, sources.scheme_cache, rules, actor, text, today)
    return known if known is not None else not_certain(sources, session, actor, text)


def not_certain(sources: QuestionSources, session: Session, actor: Actor, text: str) -> Message | Query:
    """The same for a text that is no whole code or name."""
    today, rules = actor.today(sources.now), sources.rules_in(session)
    vocabulary, asker = sources.vocabulary(session, rules, today), asker_of(actor, today)
    query = read(text, vocabulary, asker, VisibleNames(session, actor))
    if isinstance(query, Unclear):
        return not_understood(query, vocabulary, asker, actor.language)
    if isinstance(query, AboutCustomer) and query.aspect is Aspect.CARD:
        found = lookup.answer(session, sources.scheme_cache, rules, actor, f'"{query.name}"', today)
        if isinstance(found, NoMatch) and not found.hits and is_sentence(query.name):
            unclear = Unclear(text=query.name, reason=WhyUnclear.WORDS)
            return not_understood(unclear, vocabulary, asker, actor.language)
        return found
    return query


def query_of(sources: QuestionSources, session: Session, actor: Actor, text: str) -> Query | Unclear:
    """What a text asks."""
    today = actor.today(sources.now)
    vocabulary = sources.vocabulary(session, sources.rules_in(session), today)
    return read(text, vocabulary, asker_of(actor, today), VisibleNames(session, actor))


def heading(sources: QuestionSources, session: Session, actor: Actor, query: Query) -> str:
    """What was understood, in the words of the asker's language."""
    today = actor.today(sources.now)
    vocabulary = sources.vocabulary(session, sources.rules_in(session), today)
    words = printed(query, vocabulary, asker_of(actor, today), actor.language)
    return words.removeprefix("customers: ").removeprefix(
        "客户："
    )  # an answer says already that it lists customers


def answer(sources: QuestionSources, actor: Actor, query: Query) -> Message:
    """The answer to a query, with the rights of the actor. Raises what the part that answers raises."""
    match query:
        case AboutTeam():
            with sources.database.read() as session:
                rules = sources.rules_in(session)
            return team.team(
                sources.database,
                sources.scheme_cache,
                rules,
                actor,
                query.team,
                now=sources.now,
                share=sources.settings.care_share,
            )
        case AboutCustomer():
            return _about(sources, actor, query)
        case _:
            with sources.database.read() as session:
                return _in_session(sources, session, actor, query)


def _in_session(sources: QuestionSources, session: Session, actor: Actor, query: Query) -> Message:
    cache, today = sources.scheme_cache, actor.today(sources.now)
    rules = sources.rules_in(session)
    match query:
        case Listing():
            understood = heading(sources, session, actor, query)
            return listed.listed(session, cache, rules, actor, query, today, asked=understood)
        case Compared():
            return compared.compared(session, cache, rules, actor, query.names, today)
        case Personal.MINE:
            scope, _ = access.list_scope(session, actor)
            if scope in (TEAM, BOOK):  # their list without words is not only of their own customers
                own = Listing(filters=Filters(owners=(actor.person_id,)))
                return _in_session(sources, session, actor, own)
            return lists.my_customers(session, cache, rules, actor, today)
        case Personal.TODO:
            book, firm = cache.tier_names(session), FirmDefaults(admins=sources.settings.admins)
            return todo.todo(session, rules, book, actor, firm, sources.now)
        case Personal.HELP:
            return lookup.answer(session, cache, rules, actor, "help", today)
        case Personal.VALUE_AT_RISK:
            return at_risk(session, cache, actor, today)
        case FoundNotes():
            only = None if query.customer is None else lookup.find_for(session, actor, query.customer).only
            if query.customer is not None and only is None:
                return lookup.answer(session, cache, rules, actor, f'"{query.customer}"', today)
            return search(session, actor, query.words, since=query.since, customer_id=only)
        case _:  # a link that is made elsewhere
            raise BadInput(IN_SLACK)


def _about(sources: QuestionSources, actor: Actor, query: AboutCustomer) -> Message:
    """What is asked of one customer; a choice where the name is not certain, and the nearest names where there is none."""
    today = actor.today(sources.now)
    with sources.database.read() as session:
        rules = sources.rules_in(session)
        found = lookup.find_for(session, actor, query.name)
        if found.only is None and (found.match is lookup.Match.NEAR or query.aspect is Aspect.CARD):
            return lookup.answer(session, sources.scheme_cache, rules, actor, f'"{query.name}"', today)
        vocabulary, asker = sources.vocabulary(session, rules, today), asker_of(actor, today)
        if found.only is None:
            names = lookup.labels(session, found.ids[: lookup.MOST_HITS])
            if any(
                mask_text(name) != name for name in names
            ):  # no button holds it: cards are chosen by number
                return lookup.answer(session, sources.scheme_cache, rules, actor, f'"{query.name}"', today)
            choices = tuple(replace(query, name=name) for name in names)
            unclear = Unclear(
                text=query.name, reason=WhyUnclear.SEVERAL, words=(query.name,), choices=choices
            )
            return not_understood(unclear, vocabulary, asker, actor.language)
        if query.aspect is Aspect.CARE:
            return answers.care(session, sources.scheme_cache, rules, actor, found.only, sources.now)
        if query.aspect is Aspect.BRIEF:
            return brief(session, sources.scheme_cache, rules, actor, found.only, today)
        if query.aspect is Aspect.NOTES:
            return notes(session, sources.scheme_cache, actor, found.only)
        if query.aspect is Aspect.CONTACTS:
            return answers.contacts(session, actor, found.only, today)
        if query.aspect is Aspect.PROFILE:
            return profiles.shown(session, actor, Pointer(id=found.only), rules.traits)
        if query.aspect is Aspect.COMPLAINTS:
            return answers.complaints(session, rules, actor, found.only, today)
    if query.aspect is Aspect.CARD:
        with sources.database.read() as session:
            return lookup.card(session, sources.scheme_cache, rules, actor, found.only, today)
    return answers.outside_of_session(
        sources.database, sources.scheme_cache, actor, found.only, query.aspect, today, query.since
    )


def is_sentence(text: str) -> bool:
    """Whether a text that is like no name was hardly meant as one: what is said to it then is how to ask."""
    return len(text.split()) >= MOST_WORDS or len(text) >= MOST_CHARACTERS


def asked_back(sources: QuestionSources, session: Session, actor: Actor, unclear: Unclear) -> NotUnderstood:
    """The message for a question that is not answered."""
    today = actor.today(sources.now)
    vocabulary = sources.vocabulary(session, sources.rules_in(session), today)
    return not_understood(unclear, vocabulary, asker_of(actor, today), actor.language)


def not_understood(
    unclear: Unclear, vocabulary: Vocabulary, asker: QuestionActor, language: str
) -> NotUnderstood:
    """What was understood and what was not, in the words of a language."""

    def parts(queries: tuple[Query, ...]) -> tuple[QuestionPart, ...]:
        return tuple(QuestionPart(words=printed(one, vocabulary, asker, language)) for one in queries)

    understood = unclear.understood
    return NotUnderstood(
        asked_text=unclear.text,
        reason=str(unclear.reason),
        words=unclear.words,
        asked=printed(understood, vocabulary, asker, language) if understood is not None else "",
        choices=parts(unclear.choices),
        questions=parts(unclear.nearest),
    )
