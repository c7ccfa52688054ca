"""Columns that are missing: absent is neither zero nor none, and a column that may be the one is asked about."""

import re
from decimal import Decimal

from sqlalchemy import Table, and_, case, func, select

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.statuses import PAID_WITHOUT_DAY
from bot.services.imports.job import ImportJob
from bot.services.imports.kind import KindOption
from bot.services.imports.read import text
from bot.services.imports.read.date_shapes.written import dissect
from bot.services.imports.read.filters import spell
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.read.text import plain

NO_PAID_COLUMN = FindingType(
    name="no-paid-column",
    level=Level.QUESTION,
    sentence=N_(
        "No column says on which day an invoice was paid, so that all would count as open. Columns that look like it:"
        " %(columns)s."
    ),
    answer=N_("Give --map paid=%(map)s, or --yes no-paid-column: none of these invoices is paid."),
    accept=True,
)
RECORD_TYPE = FindingType(
    name="record-type",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s looks like one of prospects, and no column says which customers are."),
    answer=N_(
        "Give --map record_type=%(map)s, or --record-type prospect for all that are new;"
        " --yes record-type: all have bought already."
    ),
    accept=True,
)
NEW_RECORD_TYPE = KindOption(
    name="record_type",
    help="Customers: account or prospect, for new ones where the file does not say it.",
    type=str | None,
    default=None,
    remembered=True,
)
ZERO_COST = FindingType(
    name="zero-cost",
    level=Level.QUESTION,
    sentence=N_(
        "Rows with an amount above zero and a cost of 0: %(count)s (line %(line)d). Their whole amount would be margin."
    ),
    answer=N_(
        "Leave cells empty where the cost is not known, or give --map cost=- to leave out the column;"
        " --yes zero-cost: they cost nothing."
    ),
    accept=True,
)
_PAID = re.compile(
    "paid|payment|settle|clear|closed|receipt|zahlung|bezahl|ausgleich|ausgeglich|beglich|付款|收款|回款|核销|结清|付清|到账|实收"
    "|支付|paiement|payé|règlement|réglé|pago|pagad|pagament|pagato|betaal"
)
_NOT_PAID = re.compile(
    "expect|due|plan|term|method|type|amount|number|ref|by$|预计|计划|应付|应收|方式|条件|期限|账期|金额|单号|编号|状态|status"
    "|bedingung|ziel|art$|betrag|nummer|erwart|faellig|échéance|vencim|scaden"
)
_PROSPECTS = re.compile("lead|lifecycle|prospect|线索|潜客|潜在|商机阶段|interessent")
_NOT_PROSPECTS = re.compile("leader|leading|teamlead|leadtime|misleading")
_MANY = 100  # one in so many is no oddity


def check_paid(job: ImportJob) -> None:
    """Ask when no column holds the day of payment, unless words say which invoices are paid."""
    if "paid" in job.layout.places:
        return
    likely, day = _paid_columns(job), day_of_payment(job)
    if any(one.type is PAID_WITHOUT_DAY for one in job.findings) or (job.says_paid and day is None):
        return
    job.findings.add(
        NO_PAID_COLUMN,
        columns=", ".join(repr(name) for _, name in likely) or Phrase(N_("none")),
        map="COLUMN" if day is None else spell(day),
    )


def day_of_payment(job: ImportJob) -> str | None:
    """The header of a column that seems to hold the day of payment."""
    if "paid" in job.layout.places:
        return None
    return next((name for place, name in _paid_columns(job) if _has_days(job, place)), None)


def _paid_columns(job: ImportJob) -> list[tuple[int, str]]:
    """The columns that may say when invoices were paid: those with days, else those whose header speaks of it."""
    likely = [
        (place, name)
        for place, name in job.layout.unused.items()
        if _PAID.search(plain(name)) and not _NOT_PAID.search(plain(name))
    ]
    return [one for one in likely if _has_days(job, one[0])] or likely


def check_record_type(job: ImportJob) -> None:
    """Ask when a column speaks of prospects, and none of the record type."""
    if "record_type" in job.layout.places or job.options.kind_options.get("record_type"):
        return
    for name in job.layout.unused.values():
        if is_of_prospects(name):
            job.findings.add(RECORD_TYPE, column=repr(name), map=spell(name))
            return


def new_record_type(job: ImportJob) -> str:
    """The record type of new customers of whom the file does not say it."""
    given = job.options.kind_options.get(NEW_RECORD_TYPE.name)
    found = text.choice(text.RECORD_TYPES)(given) if given else "account"
    if isinstance(found, RefusedValue):
        raise BadInput(N_("--record-type: %(problem)s."), problem=found.reason)
    return str(found)


def is_of_prospects(header: str) -> bool:
    """Whether a column of this header is one of prospects."""
    return bool(_PROSPECTS.search(plain(header))) and not _NOT_PROSPECTS.search(plain(header))


def check_cost(job: ImportJob, stage: Table) -> None:
    """Ask when many rows were sold and cost nothing."""
    if "cost" not in job.layout.places:
        return
    rows = stage.c
    free = and_(rows.amount > Decimal(0), rows.cost == Decimal(0))
    count, line = job.connection.execute(
        select(func.count(case((free, 1))), func.min(case((free, rows.line))))
    ).one()
    if count * _MANY > job.repeats.rows:
        job.findings.add(ZERO_COST, count=f"{count:,}", line=line)


def _has_days(job: ImportJob, place: int) -> bool:
    """Whether the first rows of a column have days and nothing else."""
    cells = [cells[place].strip() for cells in job.sample]
    there = [cell for cell in cells if cell]
    return bool(there) and all(dissect(cell) is not None for cell in there)
