"""Files of contacts, in which a company stands once for each person."""

from sqlalchemy import Table, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.read.headers import of_contacts

CONTACTS = FindingType(
    name="contacts-as-customers",
    level=Level.QUESTION,
    sentence=N_(
        "The file seems to have one row per contact. Rows that repeat a customer: %(count)s"
        " (%(key)s on lines %(first)d and %(line)d). Columns of contacts: %(columns)s."
    ),
    answer=N_(
        "Export the companies, or name the columns of the company: --map code=COLUMN --map name=COLUMN;"
        " --yes contacts-as-customers takes each row as a customer."
    ),
    accept=True,
)


def check_contacts(job: ImportJob, stage: Table) -> None:
    """Ask when customers are repeated, by code or by name, and columns are of a person."""
    columns = of_contacts(job.layout.unused.values())
    if not columns:
        return
    found = job.repeats.only(["name"], at_least=["name"])
    if found is not None and job.repeats.is_shape(found):
        values = {"count": found.count, "key": found.key, "first": found.first, "line": found.line}
    else:
        rows = stage.c
        first, last = func.min(rows.line), func.max(rows.line)
        many = select(rows.name, first.label("first"), last.label("last"), func.count().label("rows"))
        repeated = many.group_by(rows.name).having(func.count() > 1).subquery()
        total = select(func.sum(repeated.c.rows) - func.count()).select_from(repeated)
        count = int(job.connection.execute(total).scalar_one() or 0)
        if count * 100 < job.repeats.rows or not count:
            return
        one = job.connection.execute(select(repeated).order_by(repeated.c.first).limit(1)).one()
        values = {"count": count, "key": one.name, "first": one.first, "line": one.last}
    job.findings.add(
        CONTACTS,
        **{**values, "count": f"{values['count']:,}"},
        columns=", ".join(map(repr, columns)),
    )
