"""The firm's words for questions, read once and kept until something that they come from has changed."""

import threading
from collections.abc import Iterator
from datetime import date

from sqlmodel import Session

from bot.services.access import Actor
from bot.services.ask.questions.vocabulary import Ladder, NamedOne, QuestionActor, Vocabulary
from bot.services.schemes.store import SchemeCache, rules_on
from bot.services.traits.fields import TraitFields
from bot.wording import catalogue
from bot.working_days.countries import code_of
from db.book.customers import RecordType
from db.listed import known_values


class VocabularyCache:
    """The words of one installation. All methods may be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[object, Vocabulary] | None = None

    def vocabulary(
        self, session: Session, scheme_cache: SchemeCache, fields: TraitFields, today: date
    ) -> Vocabulary:
        """The words as they are now: one query, and those that read them only after a change."""
        key = (known_values.stamp(session), today, id(fields))
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == key:
            return kept[1]
        found = read_vocabulary(session, scheme_cache, fields, today)
        with self._lock:
            self._kept = (key, found)
        return found


def asker_of(actor: Actor, today: date) -> QuestionActor:
    """On whose behalf a question is read."""
    return QuestionActor(person_id=actor.person_id, teams=tuple(sorted(actor.teams)), today=today)


def read_vocabulary(
    session: Session, scheme_cache: SchemeCache, fields: TraitFields, today: date
) -> Vocabulary:
    """The words of the schemes in force, the book, the people and the customer profile."""
    values = {name: known_values.distinct(session, column) for name, column in known_values.COLUMNS.items()}
    return Vocabulary(
        ladders=tuple(_ladders(session, scheme_cache, today)),
        regions=tuple(values["regions"]),
        industries=tuple(values["industries"]),
        countries=tuple(_countries(values["countries"])),
        people=tuple(NamedOne(*row) for row in known_values.active_people(session)),
        teams=tuple(NamedOne(*row) for row in known_values.teams(session)),
        leads=tuple(known_values.team_leads(session)),
        fields=fields,
    )


def _ladders(session: Session, scheme_cache: SchemeCache, today: date) -> Iterator[Ladder]:
    for record_type in RecordType:
        for rule in rules_on(session, scheme_cache, record_type, today):
            scheme = rule.scheme
            tiers = tuple((tier.id, tier.name) for tier in scheme.tiers)
            yield Ladder(scheme=scheme.scheme, names=scheme.name, tiers=tiers, record_type=str(record_type))


def _countries(stored: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Countries as they are stored, and what else they are called: all spellings of one mean all of them."""
    codes = {value: code_of(value) for value in stored}
    for value, code in codes.items():
        if code is None:
            yield value, ()
            continue
        same = [other for other, its in codes.items() if its == code and other != value]
        names = [catalogue.country_name(locale, code) for locale in catalogue.LOCALES.values()]
        yield value, (code, *names, *same)
