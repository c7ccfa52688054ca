"""Whether the book still gives the inputs of an assessment, and if not, which import has changed it since."""

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from bot.errors import N_, BotError, Phrase, joined
from bot.services.grade import computed, scheme_choice
from bot.services.grade.evidence import findings
from bot.services.grade.evidence.findings import DATA, DataChange, Mismatch, Verified
from bot.services.grade.evidence.run_rows import OVERLAP
from bot.services.schemes.store import SchemeInForce
from db.book import customers, imports, tombstones
from db.engine import Database
from db.graded import credit, past_book
from db.graded.past_book import CREDIT_GRADING, PastBook
from db.graded.runs import GradingRun
from grading.engine.fields import DATE_SUFFIX
from grading.engine.inputs import pack, unpack
from grading.indicators.sources import CREDIT_GRADE
from grading.scheme.credit import VALID_DAYS
from grading.scheme.model import Scheme

AT_ONCE = 2_500  # customers whose past is restored together
CLOSE = 1e-9  # sums of floating point numbers depend on the order of the rows
Graded = tuple[int | None, bytes]  # scheme version, inputs
NOTHING: Graded = (None, b"")


@dataclass(frozen=True, kw_only=True)
class BookInputs:
    """What a run would store of the book: customer -> its scheme version and inputs."""

    graded: dict[int, Graded]
    orders_through: date | None


def read_inputs(
    session: Session, rules: Sequence[SchemeInForce], run: GradingRun, customer_ids: Sequence[int] | None
) -> BookInputs:
    """What a run would store of customers (all, or these) by the book as the session shows it.

    Computed by the edition of the rules that the run was graded by. Raises BotError if it cannot.
    """
    allotted = scheme_choice.allot(session, rules, customer_ids)
    graded: dict[int, Graded] = dict.fromkeys(allotted.without_scheme, NOTHING)
    days = []
    for rule, theirs in allotted.shares:
        book = computed.load_facts(session, rule.scheme, run.as_of, theirs, edition=run.edition)
        packed = pack(book.columns, len(book.customers), rule.scheme)
        graded |= {
            who: (rule.version_id, inputs)
            for who, inputs in zip(book.customers.tolist(), packed, strict=True)
        }
        if book.orders_through is not None:
            days.append(book.orders_through)
    return BookInputs(graded=graded, orders_through=max(days, default=None))


def moments_of(session: Session, run: GradingRun, customer_ids: Sequence[int]) -> list[datetime]:
    """When a run may have read the book, the likeliest first: nobody stored the moment exactly."""
    start = run.started_at
    before, after = (
        past_book.turning_points(session, *period, customer_ids)
        for period in ((start - OVERLAP, start), (start, start + OVERLAP))
    )
    just_before = [at - timedelta(microseconds=1) for at in reversed(before)]
    return list(dict.fromkeys([start, *after, *just_before]))


@dataclass
class SourceCheck:
    """Compares the stored inputs of one run with the book, customer by customer."""

    database: Database
    run: GradingRun
    rules: Sequence[SchemeInForce]
    found: Verified
    expected: dict[int, Graded] = field(default_factory=dict)  # by the book of now
    open: dict[int, Graded | None] = field(default_factory=dict)  # stored, and not what the book gives
    now: dict[int, Graded | None] = field(default_factory=dict)  # what the book gives for these

    def read(self, session: Session, customer_ids: Sequence[int] | None) -> None:
        """Read what the book of now gives for customers: all of a run of the whole book, or these."""
        try:
            read = read_inputs(session, self.rules, self.run, customer_ids)
        except BotError:  # such as invoices in another currency; the book as it was known then may do
            return
        self.expected = read.graded
        if customer_ids is None and self.run.whole:
            self._check_orders_through(session, read.orders_through)

    def _check_orders_through(self, session: Session, newest: date | None) -> None:
        """Compare the day of the newest order, unless orders have come or gone since."""
        if newest == self.run.orders_through:
            return
        since = self.run.started_at - OVERLAP
        if not past_book.has_news(session, "orders", since) and not tombstones.erased_since(session, since):
            self.found.add_other(
                "grading_run.orders_through", run=self.run, stored=self.run.orders_through, computed=newest
            )

    def compare(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note the rows whose inputs the book does not give."""
        self.found.data_compared += len(rows)
        for row in rows:
            stored = row["scheme_version_id"], row["inputs"]
            now = self.expected.pop(row["customer_id"], None)
            if not self._same(now, stored):
                self.open[row["customer_id"]] = stored
                self.now[row["customer_id"]] = now

    def settle(self, *, complete: bool) -> None:
        """Find out why: by the book as it was known when the run was started.

        `complete`: all rows of a run of the whole book were compared, so a customer without one lacks it.
        """
        if complete:
            self.open |= dict.fromkeys(self.expected)
            self.now |= self.expected
        self.expected = {}
        if not self.open:
            return
        with ExitStack() as stack:
            connection = stack.enter_context(imports.workspace(self.database))
            ids = sorted(self.open)
            for start in range(0, len(ids), AT_ONCE):
                self._settle_some(connection, ids[start : start + AT_ONCE])

    def _settle_some(self, connection: Connection, ids: Sequence[int]) -> None:
        waiting = set(ids)
        shown: dict[int, Graded | None] = {}
        problem = None
        with self.database.read() as session:
            moments = moments_of(session, self.run, ids)
            start = self.run.started_at
            undone = imports.undone_between(session, start + OVERLAP, start - OVERLAP)
            gone = self._lost_credit(session)
        for moment in moments:
            with past_book.as_known(connection, moment, waiting) as past:
                try:
                    then = read_inputs(past.session, self.rules, self.run, sorted(waiting)).graded
                except BotError as error:
                    problem = error.phrase
                    continue
            explained = {who for who in waiting if self._same(then.get(who), self.open[who], without=gone)}
            self._note_changes(explained, past)
            shown |= {who: then.get(who) for who in waiting - explained if who not in shown}
            waiting -= explained
            if not waiting:
                return
        if problem is not None or undone:
            why = problem or joined(
                [Phrase(N_("import %(number)s was undone"), number=number) for number in undone], ", "
            )
            self.found.data_unknown[why] += len(waiting)
            return
        self._note_differences(sorted(waiting), shown)

    def _lost_credit(self, session: Session) -> frozenset[str]:
        """The field of credit grades, if retention has dropped runs that it may have come from."""
        oldest = self.run.as_of - timedelta(days=VALID_DAYS)
        dropped = credit.has_dropped(session, oldest=oldest, as_of=self.run.as_of)
        return frozenset({CREDIT_GRADE}) if dropped else frozenset()

    def _note_changes(self, explained: Collection[int], past: PastBook) -> None:
        self.found.data_changed += len(explained)
        room = findings.MOST_LISTED - len(self.found.changes)
        listed = sorted(explained)[: max(room, 0)]
        with self.database.read() as session:
            named = customers.get_many(session, listed)
        for who in listed:
            stored = self.open[who]
            fields = tuple(
                dict.fromkeys(_field(name) for name, _, _ in self._differences(stored, self.now.get(who)))
            )
            news = past.news.get(who, set()) - (set() if CREDIT_GRADE in fields else {CREDIT_GRADING})
            by = sorted(news, key=lambda one: (isinstance(one, str), one))
            self.found.changes.append(
                DataChange(
                    customer=named[who].code if who in named else str(who),
                    as_of=self.run.as_of,
                    run_id=self.run.id or 0,
                    fields=fields,
                    by=tuple(
                        Phrase(N_("import %(number)s"), number=one) if isinstance(one, int) else one
                        for one in by
                    ),
                )
            )

    def _note_differences(self, ids: Sequence[int], then: Mapping[int, Graded | None]) -> None:
        self.found.data_differing += len(ids)
        listed = ids[: findings.MOST_LISTED]
        with self.database.read() as session:
            named = customers.get_many(session, listed)
        for who in listed:
            for name, stored, book in self._differences(self.open[who], then.get(who)):
                self.found.show(
                    DATA,
                    Mismatch(
                        customer=named[who].code if who in named else str(who),
                        as_of=self.run.as_of,
                        run_id=self.run.id,
                        what=f"data.{name}",
                        stored=stored,
                        computed=book,
                    ),
                )

    def _scheme(self, version_id: int | None) -> Scheme | None:
        return next((rule.scheme for rule in self.rules if rule.version_id == version_id), None)

    def _same(self, one: Graded | None, other: Graded | None, without: Collection[str] = ()) -> bool:
        if one == other:
            return True
        return all(_field(name) in without for name, _, _ in self._differences(one, other))

    def _differences(self, one: Graded | None, other: Graded | None) -> list[tuple[str, Any, Any]]:
        """(field, value, other value) of two rows of inputs that differ."""
        if one is None or other is None:
            return [("assessment", one and "there", other and "there")]
        if one[0] != other[0]:
            return [("scheme_version_id", one[0], other[0])]
        scheme = self._scheme(one[0])
        if scheme is None:
            return [("inputs", one[1], other[1])] if one != other else []
        try:
            return differing_fields(one[1], other[1], scheme)
        except ValueError:
            return [("inputs", one[1], other[1])]


def differing_fields(one: bytes, other: bytes, scheme: Scheme) -> list[tuple[str, Any, Any]]:
    """(field, value, other value) of two stored inputs that differ. Raises ValueError when one cannot be read."""
    left, right = (unpack([inputs], scheme) for inputs in (one, other))
    return [
        (name, _plain(left, name), _plain(right, name))
        for name in sorted(left.keys() | right.keys())
        if not _equal(left.get(name), right.get(name))
    ]


def _field(name: str) -> str:
    return name.removesuffix(DATE_SUFFIX)


def _equal(one: Any, other: Any) -> bool:
    """Whether two cells hold the same; None, or a column without a value, is empty."""
    left, right = (None if column is None or _is_empty(column) else column[0] for column in (one, other))
    if left is None or right is None:
        return left is right
    same = left == right
    return bool(same or (one.dtype.kind == "f" and math.isclose(left, right, rel_tol=CLOSE, abs_tol=CLOSE)))


def _is_empty(column: Any) -> bool:
    value = column[0]
    return value is None or bool(value != value)


def _plain(columns: Mapping[str, Any], name: str) -> Any:
    if name not in columns or _is_empty(columns[name]):
        return None
    value = columns[name].tolist()[0]
    return str(value) if name.endswith(DATE_SUFFIX) else value
