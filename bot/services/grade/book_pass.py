"""One pass over a book: every customer graded and moved, and the tier changes, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services.grade import assessment, causes, computed, scheme_choice
from bot.services.grade.assessment import RunStep, TierChange
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db.graded import assessments, overrides, runs
from db.graded.runs import GradingRun, RunKind


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over a book (or some of its customers) before anything is written."""

    purpose: str
    kind: RunKind
    step: RunStep
    rules: tuple[SchemeInForce, ...]  # in force, in their order
    last: GradingRun | None
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


def prepare(
    session: Session,
    scheme_cache: SchemeCache,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    customer_ids: Sequence[int] | None = None,
) -> Pass:
    """Grade the book, or some customers as an interim run, and find what would change."""
    day = as_of or default_day(today)
    if day > today:
        raise BadInput(
            N_("--as-of %(as_of)s lies in the future; today is %(today)s."), as_of=day, today=today
        )
    last = runs.last_published(session, for_purpose)
    snapshot = runs.last_snapshot(session, for_purpose)
    rules = store.in_force(session, scheme_cache, for_purpose, day)
    # Coexisting schemes share a cadence (`lifecycle.approve`). Only the first snapshot may be of a day that is not over.
    cadence = rules[0].scheme.as_of
    due = snapshot is None or (store.is_cadence_day(cadence, day) and snapshot.as_of < day < today)
    if as_of is None and not due and last is not None and day < last.as_of:
        day = last.as_of
        rules = store.in_force(session, scheme_cache, for_purpose, day)
    # A due snapshot may come a night late, after an interim run of a later day.
    newest = snapshot if due else last
    if newest is not None and day < newest.as_of:
        raise BadInput(
            N_("The last grading is as of %(last)s; --as-of cannot be an earlier day."), last=newest.as_of
        )
    kind = RunKind.SNAPSHOT if due and customer_ids is None else RunKind.INTERIM
    step = RunStep(
        as_of=day,
        snapshot=1 if snapshot is None else snapshot.snapshot + 1,
        interim=kind == RunKind.INTERIM,
        past=assessment.load_previous(session, last, snapshot, customer_ids),
        overrides=overrides.holding(session, for_purpose, today, customer_ids),
    )
    allotted = scheme_choice.allot(session, rules, customer_ids)
    parts: list[dict[str, list[Any]]] = []
    changes: list[TierChange] = []
    books = []
    for rule, theirs in allotted.shares:
        book = computed.load_book(session, rule.scheme, day, theirs)
        before = step.previous(rule.scheme, theirs)
        columns = assessment.assess(book.columns, book.customers, rule.scheme, before, rule.version_id, step)
        changes += causes.find_changes(
            session, scheme_cache, columns, before, rule.scheme, rule.version_id, step
        )
        parts.append(columns)
        books.append(book)
    if allotted.without_scheme:
        parts.append(assessment.assess_without_scheme(allotted.without_scheme, step))
    joined = assessment.join_columns(parts)
    changes = causes.with_joins(session, changes, step, for_purpose)
    changes = causes.with_data(session, scheme_cache, changes, joined, step, last)
    return Pass(
        purpose=for_purpose,
        kind=kind,
        step=step,
        rules=rules,
        last=last,
        columns=joined,
        changes=sorted(changes, key=lambda change: change.customer_id),
        unreadable=sum(book.unreadable for book in books),
        orders_through=max((book.orders_through for book in books if book.orders_through), default=None),
    )


def leave_out_same(session: Session, done: Pass) -> Pass:
    """A pass without the customers whose newest row is of the same day with the same content.

    Snapshots and new days are returned unchanged.
    """
    if done.kind == RunKind.SNAPSHOT or done.last is None:
        return done
    behind = runs.runs_behind(session, done.purpose, done.last.id)
    if runs.days_of(session, behind) != {done.step.as_of}:
        return done
    stored = assessments.contents_at(session, behind)
    rows = zip(*(done.columns[name] for name in assessments.CONTENT), strict=True)
    return done.only([place for place, row in enumerate(rows) if stored.get(row[0]) != row])


def default_day(today: date) -> date:
    """The default day of a grading: yesterday, the last day that is over."""
    return today - timedelta(days=1)
