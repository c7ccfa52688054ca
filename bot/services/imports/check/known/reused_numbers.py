"""Numbers that the book knows for something else: of another customer, or of a day more than a year away."""

from sqlalchemy import Table, and_, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from db.book.customers import Customer
from db.book.imports import table
from db.book.trade.invoices import days_between

_customer = table(Customer)
YEAR = 366  # days


def reused_number(name: str) -> FindingType:
    """The finding of one import kind."""
    return FindingType(
        name=name,
        level=Level.QUESTION,
        sentence=N_(
            "The number %(number)s (line %(line)d) is in the book already, of %(customer)s on %(day)s; here it is of"
            " %(new_customer)s on %(new_day)s. Rows like that: %(count)d."
        ),
        answer=N_(
            "If the numbers begin again, each year or in each shop, give the file a source of its own: --source"
            " %(source)s-%(year)s. If the file corrects the book: --yes %(finding)s."
        ),
        accept=True,
    )


def find_reused(job: ImportJob, asked: FindingType, stage: Table, target: Table, day: str) -> None:
    """Ask about staged rows that would give a row of the book another customer or a day more than a year away."""
    old, new = _customer.alias(), _customer.alias()
    apart = days_between(target.c[day], stage.c[day])
    matched = (
        stage.join(target, and_(target.c.source == job.source, target.c.external_id == stage.c.key))
        .join(old, old.c.id == target.c.customer_id)
        .outerjoin(new, new.c.id == stage.c.customer_id)
    )
    other = stage.c.customer_id.is_distinct_from(target.c.customer_id)
    reused = or_(other, apart > YEAR, apart < -YEAR)
    # A customer that is only created with the file has no id yet.
    code = func.coalesce(new.c.code, stage.c.customer_ref) if "customer_ref" in stage.c else new.c.code
    columns = stage.c.line, stage.c.key, old.c.code, target.c[day], code.label("new_code"), stage.c[day]
    found = select(*columns, func.count().over()).select_from(matched).where(reused)
    row = job.connection.execute(found.order_by(stage.c.line).limit(1)).first()
    if row is None:
        return
    line, number, customer, on, new_customer, new_day, count = row
    job.findings.add(
        asked,
        finding=asked.name,
        number=repr(number),
        line=line,
        customer=customer,
        day=on,
        new_customer=new_customer,
        new_day=new_day,
        count=count,
        source=job.source,
        year=new_day.year,
    )
