"""The review of a customer's quarter as a workbook: what was owed and kept, what happened, and what comes next."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.masking import mask_text
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask.brief import known
from bot.services.ask.brief.worth import graded_fields
from bot.services.ask.graded import graded_of
from bot.services.care.schedule import CareRules
from bot.services.care.service.report import GroupedBy, ServiceQuery, report
from bot.services.schemes.store import SchemeCache, tiers_of
from bot.wording import catalogue
from bot.wording.care.digest import CONTACT_LABELS
from bot.wording.parts import TierPart
from bot.wording.rendering import tier_words
from bot.wording.why_parts import ActPart
from bot.workbooks.sheets import Sheet, SheetColumn, Value, workbook
from db.book import notes, people
from db.book.customers import CustomerRow
from db.book.trade import account_sums
from db.care.records import complaints, promises, surveys
from db.engine import Database
from db.graded import assessments
from grading.scheme.model import Name

QUARTERS = 8  # of orders
MOST = 1_000  # rows of a sheet
ONE_DAY = timedelta(days=1)
PROMISED = {
    "visits": N_("Visits"),
    "calls": N_("Calls"),
    "trainings": N_("Trainings"),
    "reviews": N_("Business reviews"),
    "surveys": N_("Surveys"),
    "response": N_("First step about a complaint in time"),
    "complaints": N_("Complaints settled by their deadline"),
}
ACTS = {
    "order": N_("Orders"),
    "settle": N_("Have overdue invoices paid"),
    "visit": N_("More visits or calls"),
    "training": N_("More training sessions"),
    "referral": N_("More referrals"),
}
STATES = {"open": N_("open"), "kept": N_("kept"), "withdrawn": N_("withdrawn")}
AGREED = {
    "yes": N_("the customer agrees"),
    "no": N_("the customer does not agree"),
    "not_asked": N_("the customer was not asked"),
}
_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """A quarter of a calendar year."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> "Quarter":
        """From 2026Q3. Raises BadInput."""
        found = _QUARTER.fullmatch(text.strip())
        if found is None or not 1900 <= int(found[1]) <= 9000:
            raise BadInput(N_("%(text)s is no quarter; write it as 2026Q3."), text=text)
        return cls(year=int(found[1]), number=int(found[2]))

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.following.first - ONE_DAY

    @property
    def following(self) -> "Quarter":
        return Quarter(year=self.year + self.number // 4, number=self.number % 4 + 1)

    @property
    def before(self) -> "Quarter":
        return Quarter(year=self.year - (self.number == 1), number=(self.number - 2) % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True, kw_only=True)
class _PackLanguage:
    """The words of a workbook in one language."""

    language: str

    def text(self, msgid: str, **values: object) -> str:
        """A text with its values."""
        return catalogue.gettext(self.language)(msgid) % values

    def name(self, name: Name | None) -> str:
        return "" if name is None else name.zh if self.language == "zh" else name.en

    def tier(self, tier: TierPart) -> str:
        return tier_words(tier, self.language)

    def columns(self, *titles: tuple[str, str, int]) -> list[SheetColumn]:
        return [SheetColumn(title=self.text(title), kind=kind, width=width) for title, kind, width in titles]


def review_pack(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    customer_id: int,
    quarter: Quarter,
    *,
    language: str,
    today: date,
    now: datetime,
) -> bytes:
    """The workbook of a customer's quarter, for who may see the customer. Personal data in what was written are masked.

    Raises Hidden, and BadInput for a quarter that has not begun.
    """
    if quarter.first > today:
        raise BadInput(N_("%(quarter)s has not begun."), quarter=quarter)
    words = _PackLanguage(language=language)
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        sheets = [
            _tiers(session, scheme_cache, customer, quarter, words, today),
            _orders(session, customer, quarter, words, today),
            _service(session, scheme_cache, actor, customer, quarter, words, today),
            _contacts(session, customer, quarter, words),
            _complaints(session, rules, customer, quarter, words),
            _promises(session, customer, quarter, words),
            _surveys(session, rules, customer, quarter, words),
            _next(session, scheme_cache, rules, customer, words, today),
        ]
    return workbook(sheets, created=now)


def _tiers(
    session: Session,
    scheme_cache: SchemeCache,
    customer: CustomerRow,
    quarter: Quarter,
    words: _PackLanguage,
    today: date,
) -> Sheet:
    rows: list[list[Value]] = []
    for row, run in assessments.history(session, customer.id, customer.record_type):
        if row.scheme_version_id is None or run.as_of > quarter.last:
            continue
        scheme = scheme_cache.scheme(session, row.scheme_version_id)
        tier = words.tier(tiers_of(scheme).tier(row.tier))
        rows.append([run.as_of, tier, row.score, words.name(scheme.name), scheme.version])
    return Sheet(
        name=words.text(N_("Tiers")),
        columns=words.columns(
            (N_("As of"), "date", 12),
            (N_("Tier"), "text", 20),
            (N_("Score"), "number", 10),
            (N_("Scheme"), "text", 30),
            (N_("Version"), "whole", 10),
        ),
        rows=rows[-MOST:],
        notes=[
            f"{customer.name} · {customer.code} · {quarter}",
            words.text(
                N_("Gradings up to the end of the quarter; this workbook was made on %(day)s."), day=today
            ),
        ],
    )


def _orders(
    session: Session, customer: CustomerRow, quarter: Quarter, words: _PackLanguage, today: date
) -> Sheet:
    rows: list[list[Value]] = []
    one = quarter
    for _ in range(QUARTERS):
        sums = account_sums.sums_between(
            session, customer.id, first=one.first, last=min(one.last, max(today, one.first))
        )
        rows += [[str(one), part.currency, part.orders, float(part.year)] for part in sums]
        if not sums:
            rows.append([str(one), None, 0, 0.0])
        one = one.before
    return Sheet(
        name=words.text(N_("Orders")),
        columns=words.columns(
            (N_("Quarter"), "text", 10),
            (N_("Currency"), "text", 10),
            (N_("Orders"), "whole", 10),
            (N_("Net amount"), "money", 16),
        ),
        rows=rows,
        notes=[words.text(N_("Net of returns; the orders of the book up to %(day)s."), day=today)],
    )


def _service(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer: CustomerRow,
    quarter: Quarter,
    words: _PackLanguage,
    today: date,
) -> Sheet:
    query = ServiceQuery(start=quarter.first, end=quarter.last, by=GroupedBy.TIER, customer_id=customer.id)
    book = scheme_cache.tier_names(session)
    found = report(session, actor, scheme_cache, query, today)
    return Sheet(
        name=words.text(N_("Service")),
        columns=words.columns(
            (N_("Tier"), "text", 20),
            (N_("What is promised"), "text", 36),
            (N_("Owed"), "whole", 10),
            (N_("In time"), "whole", 10),
            (N_("Late"), "whole", 10),
            (N_("Missed"), "whole", 10),
        ),
        rows=[
            [
                words.tier(book.tier(one.tier or "")),
                words.text(PROMISED[one.promised]),
                one.owed,
                one.in_time,
                one.late,
                one.missed,
            ]
            for one in found
        ],
        notes=[
            words.text(
                N_("What the tier was promised and was owed in the quarter, of the days that are over.")
            )
        ],
    )


def _contacts(session: Session, customer: CustomerRow, quarter: Quarter, words: _PackLanguage) -> Sheet:
    found = notes.between(session, customer.id, quarter.first, quarter.last, MOST)
    names = _names(session, (one.person_id for one in found))
    return Sheet(
        name=words.text(N_("Contacts")),
        columns=words.columns(
            (N_("Day"), "date", 12),
            (N_("Kind"), "text", 16),
            (N_("By"), "text", 20),
            (N_("What was said or agreed"), "text", 60),
            (N_("Source"), "text", 12),
        ),
        rows=[
            [
                one.day,
                words.text(CONTACT_LABELS[one.kind or "other"]),
                names(one.person_id),
                one.text and mask_text(one.text),
                known.source_of(one.source),
            ]
            for one in found
        ],
    )


def _complaints(
    session: Session, rules: CareRules, customer: CustomerRow, quarter: Quarter, words: _PackLanguage
) -> Sheet:
    found = [
        one
        for one in complaints.of_customer(session, customer.id, quarter.first)
        if one.reported_on <= quarter.last
    ]
    return Sheet(
        name=words.text(N_("Complaints")),
        columns=words.columns(
            (N_("Reported"), "date", 12),
            (N_("Kind"), "text", 20),
            (N_("What happened"), "text", 50),
            (N_("To be settled by"), "date", 14),
            (N_("Closed"), "date", 12),
            (N_("How it ended"), "text", 50),
            (N_("Agreed"), "text", 28),
        ),
        rows=[
            [
                one.reported_on,
                words.name(rules.complaints.name(one.kind)),
                one.what and mask_text(one.what),
                one.deadline,
                one.closed_on,
                one.outcome and mask_text(one.outcome),
                words.text(AGREED[one.agreed]) if one.agreed in AGREED else None,
            ]
            for one in found
        ],
        notes=[words.text(N_("Open in the quarter, or closed in it or later."))],
    )


def _promises(session: Session, customer: CustomerRow, quarter: Quarter, words: _PackLanguage) -> Sheet:
    found, _ = promises.listed(
        session,
        owners=None,
        customer_id=customer.id,
        whose=None,
        is_open=None,
        late_before=None,
        most=MOST,
    )
    those = [
        one
        for one in found
        if one.made_on <= quarter.last and (one.closed_on is None or one.closed_on >= quarter.first)
    ]
    names = _names(session, (person for one in those for person in (one.made_by, one.whose)))
    return Sheet(
        name=words.text(N_("Promises")),
        columns=words.columns(
            (N_("Promised on"), "date", 12),
            (N_("By"), "text", 20),
            (N_("What was promised"), "text", 50),
            (N_("By when"), "date", 12),
            (N_("To be kept by"), "text", 20),
            (N_("State"), "text", 12),
            (N_("Ended on"), "date", 12),
            (N_("Why it was withdrawn"), "text", 40),
        ),
        rows=[
            [
                one.made_on,
                names(one.made_by),
                one.what and mask_text(one.what),
                one.due_on,
                names(one.whose),
                words.text(STATES["open" if one.is_open else one.outcome or "kept"]),
                one.closed_on,
                one.reason and mask_text(one.reason),
            ]
            for one in sorted(those, key=lambda one: (one.made_on, one.id))
        ],
        notes=[words.text(N_("Made until the end of the quarter, and not ended before it."))],
    )


def _surveys(
    session: Session, rules: CareRules, customer: CustomerRow, quarter: Quarter, words: _PackLanguage
) -> Sheet:
    found, _ = surveys.listed(session, owners=None, customer_id=customer.id, low=False, most=MOST)
    return Sheet(
        name=words.text(N_("Surveys")),
        columns=words.columns(
            (N_("Day"), "date", 12),
            (N_("Score"), "text", 10),
            (N_("Scale"), "text", 30),
            (N_("Answered by"), "text", 24),
        ),
        rows=[
            [one.answered_on, one.score, words.name(rules.surveys.name(one.scale)), one.answered_by]
            for one in found
            if one.answered_on <= quarter.last
        ],
        notes=[words.text(N_("Up to the end of the quarter, the newest first."))],
    )


def _next(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    customer: CustomerRow,
    words: _PackLanguage,
    today: date,
) -> Sheet:
    graded = graded_of(session, scheme_cache, customer)
    fields = graded_fields(session, scheme_cache, customer, graded, None, today, in_full=False)
    rows: list[list[Value]] = []
    for step in known.step_rows(session, rules.plans, customer.id, today)["steps"]:
        rows.append([words.text(N_("Care step")), words.name(step.step.names), step.step.due_on, None])
    for fact in fields.get("wanted", ()):
        rows.append([words.text(N_("Fact to ask for")), words.name(fact.names), None, None])
    rise = fields.get("rise")
    if rise is not None and rise.by_itself is not None:
        rows.append([words.text(N_("Comes by itself")), words.tier(rise.goal), rise.by_itself, None])
    for place, way in enumerate(rise.ways if rise is not None else (), 1):
        assert rise is not None
        goal = words.text(N_("Way %(number)s to %(tier)s"), number=place, tier=words.tier(rise.goal))
        rows += [[goal, *_act(act, words), way.by, act.amount] for act in way.acts]
    return Sheet(
        name=words.text(N_("What next")),
        columns=words.columns(
            (N_("What"), "text", 30),
            (N_("Which"), "text", 44),
            (N_("By when"), "date", 12),
            (N_("Amount of each"), "money", 16),
        ),
        rows=rows,
        notes=[words.text(N_("As of %(day)s, by the newest grading."), day=today)],
    )


def _act(act: ActPart, words: _PackLanguage) -> Sequence[str]:
    """What is to be done, in one cell."""
    if act.kind not in ACTS:
        return [words.name(act.names)]
    return [f"{words.text(ACTS[act.kind])} × {act.count}" if act.count > 1 else words.text(ACTS[act.kind])]


def _names(session: Session, ids: Iterator[int | None]) -> Callable[[int | None], str | None]:
    """From a person's number to their name."""
    wanted = {one for one in ids if one is not None}
    found = people.get_many(session, wanted) if wanted else {}
    return lambda number: found[number].name if number in found else None
