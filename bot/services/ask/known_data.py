"""A customer's data as its newest grading knew them, whatever has been imported, corrected or undone since."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.services.ask.graded import Graded
from bot.services.grade import computed
from bot.services.grade.evidence.source_data import differing_fields, moments_of
from bot.services.schemes.cadence import next_gradings
from bot.services.schemes.store import SchemeCache
from db.book import corrections, imports
from db.engine import Database
from db.graded import past_book
from grading.engine.inputs import pack
from grading.indicators.sources import EDITION
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class KnownData:
    """What a split of a change needs, and whether later data wait for a grading.

    `earlier`: by the earlier scheme, of days up to the earlier grading; None when it cannot be restored. `by_old_rule`:
    the fields of the newest day that only the earlier scheme has.
    """

    earlier: "pd.DataFrame | None" = None
    by_old_rule: "pd.DataFrame | None" = None
    has_news: bool = False


def read_known(database: Database, session: Session, graded: Graded, today: date) -> KnownData:
    """The data of a customer as its newest grading knew them."""
    same_now = _gives_inputs(session, graded)
    if same_now and not _is_touched(session, graded):
        return _known(session, graded)
    with _book_of_then(database, session, graded) as then:
        if then is None:  # such as after the undo of an import that counted
            return _known(session, graded, has_news=True) if same_now else KnownData(has_news=True)
        return _known(then, graded, has_news=_differs(then, session, graded, today))


def news_day(session: Session, scheme_cache: SchemeCache, graded: Graded, today: date) -> date | None:
    """The day of the next grading, in which news count."""
    return next(iter(next_gradings(session, scheme_cache, graded.run.purpose, today)), None)


@contextmanager
def _book_of_then(database: Database, session: Session, graded: Graded) -> Iterator[Session | None]:
    """A session on the book as it was when the newest grading read it; None when no moment gives its inputs."""
    customer = graded.assessment.customer_id
    moments = moments_of(session, graded.run, [customer])
    with imports.workspace(database) as connection:
        for moment in moments:
            with past_book.as_known(connection, moment, [customer]) as past:
                if _gives_inputs(past.session, graded):
                    yield past.session
                    return
        yield None


def _gives_inputs(session: Session, graded: Graded) -> bool:
    """Whether a book gives the inputs that the newest grading stored."""
    again = _inputs(session, graded, graded.run.as_of, graded.run.edition)
    return again is not None and not differing_fields(graded.assessment.inputs, again, graded.scheme)


def _differs(then: Session, now: Session, graded: Graded, day: date) -> bool:
    """Whether two books give other inputs as of a day."""
    before, after = (_inputs(session, graded, day, EDITION) for session in (then, now))
    if before is None or after is None:
        return before is not after
    return bool(differing_fields(before, after, graded.scheme))


def _inputs(session: Session, graded: Graded, day: date, edition: int) -> bytes | None:
    customer = graded.assessment.customer_id
    book = computed.load_facts(session, graded.scheme, day, [customer], edition=edition)
    packed = pack(book.columns, len(book.customers), graded.scheme)
    return packed[0] if packed else None


def _is_touched(session: Session, graded: Graded) -> bool:
    """Whether anything about the customer was imported, undone or recorded since the newest grading."""
    customer, start = graded.assessment.customer_id, graded.run.started_at
    return bool(
        corrections.corrected_since(session, start, date.max, [customer])
        or imports.undone_between(session, start, start)
        or past_book.recorded_by_hand(session, customer, start)
    )


def _known(session: Session, graded: Graded, *, has_news: bool = False) -> KnownData:
    """What a split needs, by the book that the session shows."""
    old = graded.previous
    if old is None:
        return KnownData(has_news=has_news)
    gone = [name for name in old.scheme.fields if name not in graded.scheme.fields]
    return KnownData(
        earlier=_facts(session, old, old.scheme),
        by_old_rule=_only(_facts(session, graded, old.scheme), gone) if gone else None,
        has_news=has_news,
    )


def _facts(session: Session, graded: Graded, scheme: Scheme) -> "pd.DataFrame":
    """The fields of a scheme as of the day of a grading, by the edition of the rules that it was computed by."""
    run, customer = graded.run, graded.assessment.customer_id
    return computed.load_facts(session, scheme, run.as_of, [customer], edition=run.edition).facts


def _only(facts: "pd.DataFrame", fields: list[str]) -> "pd.DataFrame":
    return facts[[name for name in facts.columns if name.removesuffix("@date") in fields]]
