"""One pass over a book: everybody graded and moved, and what changes by it, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services.grade import assessment, causes, computed, previous, scheme_choice
from bot.services.grade.assessment import TierChange
from bot.services.grade.previous import PreviousRows
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db.graded import assessments, overrides, runs
from db.graded.runs import GradingRun


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over a book (or some of its customers) before anything is written."""

    purpose: str
    kind: str  # snapshot | interim
    as_of: date
    snapshot: int
    rules: tuple[SchemeInForce, ...]  # in force, in the order in which they are asked
    last: GradingRun | None
    past: PreviousRows
    columns: dict[str, list[Any]]  # of assessments, without what only the run knows
    changes: list[TierChange]
    unreadable: int
    orders_through: date | None

    @property
    def customers(self) -> int:
        return len(self.columns["customer_id"])

    def only(self, places: list[int]) -> "Pass":
        """The same pass with some of its customers."""
        return replace(
            self, columns={name: [values[place] for place in places] for name, values in self.columns.items()}
        )


def look(
    session: Session,
    scheme_cache: SchemeCache,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    customer_ids: Sequence[int] | None = None,
) -> Pass:
    """Grade the book, or some customers as an interim, and say what would change."""
    day = as_of or default_day(today)
    if day > today:
        raise BadInput(N_("As of %(as_of)s lies in the future; today is %(today)s."), as_of=day, today=today)
    last = runs.last_published(session, for_purpose)
    snapshot = runs.last_snapshot(session, for_purpose)
    rules = store.in_force(session, scheme_cache, for_purpose, day)
    # Those side by side share one cadence: `scheme approve` sees to it. A day that is not over is no snapshot but the first.
    cadence = rules[0].scheme.as_of
    due = snapshot is None or (store.is_cadence_day(cadence, day) and snapshot.as_of < day < today)
    if as_of is None and not due and last is not None and day < last.as_of:
        day = last.as_of
        rules = store.in_force(session, scheme_cache, for_purpose, day)
    # What is due may come a night late, when news of a day after it have been graded already.
    newest = snapshot if due else last
    if newest is not None and day < newest.as_of:
        raise BadInput(
            N_("The last grading is as of %(last)s; an earlier day cannot follow it."), last=newest.as_of
        )
    kind = "snapshot" if due and customer_ids is None else "interim"
    number = 1 if snapshot is None else snapshot.snapshot + 1
    past = previous.previous_rows(session, last, snapshot, customer_ids)
    allotted = scheme_choice.allot(session, rules, customer_ids)
    chosen = overrides.holding(session, for_purpose, today, customer_ids)
    parts: list[dict[str, list[Any]]] = []
    changes: list[TierChange] = []
    books = []
    for rule, theirs in allotted.shares:
        scheme, version_id = rule.scheme, rule.version_id
        book = computed.load_book(session, scheme, day, theirs)
        before = previous.columns_of(past, scheme, theirs)
        columns = assessment.assess(
            book.columns,
            book.customers,
            scheme,
            day,
            before,
            version_id=version_id,
            snapshot=number,
            interim=kind == "interim",
            chosen=chosen,
        )
        moved = assessment.changes_of(session, scheme_cache, columns, before, scheme)
        found = causes.find_causes(
            session,
            scheme_cache,
            {change.customer_id: change.before for change in moved},
            columns,
            before,
            version_id=version_id,
            past=past,
            snapshot=number,
            as_of=day,
            interim=kind == "interim",
            chosen=chosen,
        )
        parts.append(columns)
        books.append(book)
        changes += [replace(change, cause=found.get(change.customer_id, change.cause)) for change in moved]
    if allotted.nobodys:
        parts.append(assessment.unallotted(allotted.nobodys, past.newest, day))
    return Pass(
        purpose=for_purpose,
        kind=kind,
        as_of=day,
        snapshot=number,
        rules=rules,
        last=last,
        past=past,
        columns=assessment.joined(parts),
        changes=sorted(changes, key=lambda change: change.customer_id),
        unreadable=sum(book.unreadable for book in books),
        orders_through=max((book.orders_through for book in books if book.orders_through), default=None),
    )


def news_of(session: Session, done: Pass) -> Pass:
    """A pass without the customers whose newest row is of this very day and holds the same; itself on a new day."""
    if done.kind == "snapshot" or done.last is None:
        return done
    behind = runs.runs_behind(session, done.purpose, done.last.id)
    if runs.days_of(session, behind) != {done.as_of}:
        return done
    stored = assessments.contents_at(session, behind)
    rows = zip(*(done.columns[name] for name in assessments.CONTENT), strict=True)
    return done.only([place for place, row in enumerate(rows) if stored.get(row[0]) != row])


def default_day(today: date) -> date:
    """The day a grading is as of when nobody says: yesterday, the last day that is over."""
    return today - timedelta(days=1)
