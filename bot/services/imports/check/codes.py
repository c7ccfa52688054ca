"""Codes that a spreadsheet or program changed: compared with the codes that the book knows."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, Table, exists, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read.cells.codes import Codes, likely_meant
from bot.services.imports.read.cells.word_lists import NAMELESS, TOTALS
from bot.services.imports.read.refusal import clip
from bot.services.name_keys import spellings
from db.book.customers import Customer, CustomerName, NameKind
from db.book.imports import table

_customer, _name = table(Customer), table(CustomerName)
AT_ONCE = 100  # codes of one query, each with a handful of forms
_LETTERS_AND_NUMBER = re.compile(r"([^\W\d_]+[-_ ]?)([0-9]{1,6})").fullmatch
_LONGEST = 6  # digits of a number after letters, with its zeros
_SAMPLE = 2_000  # new codes of a large file that are compared

FLOAT_CODES = FindingType(
    name="float-codes",
    level=Level.QUESTION,
    sentence=N_(
        "Every code in the column %(column)s is written as a decimal number (for example %(example)s), as programs do"
        " with numbers."
    ),
    answer=N_("Export the column as text; or --yes float-codes reads the codes without their decimals."),
    accept=True,
)
SIMILAR_CODES = FindingType(
    name="similar-codes",
    level=Level.QUESTION,
    sentence=N_(
        "Codes are new, but almost the same as known ones: %(count)d, the first on line %(line)d (%(code)s; did you mean"
        " %(known)s?). Zeros, capitals, decimals or full-width letters may have been changed."
    ),
    answer=N_("Correct the codes; or --yes similar-codes takes them as new ones."),
    accept=True,
)
NAME_AS_CODE = FindingType(
    name="name-as-code",
    level=Level.QUESTION,
    sentence=N_(
        "New customers would have the name of a known one for their code: %(count)d, the first on line %(line)d (%(code)s"
        " has the code %(known)s)."
    ),
    answer=N_(
        "Write the codes, or take these names up as aliases with a customer file; or --yes name-as-code makes them new"
        " customers."
    ),
    accept=True,
)
COLLECTIVE_CUSTOMER = FindingType(
    name="collective-customer",
    level=Level.QUESTION,
    sentence=N_(
        "%(code)s is no customer but a word for many, or for none (line %(line)d); all its orders would become those of one"
        " customer."
    ),
    answer=N_(
        "Leave these rows out or write their customers; or --yes collective-customer makes one customer of each such word."
    ),
    accept=True,
)


def ask_about_decimals(parser: Codes, column: str, findings: FileFindings) -> None:
    """Ask when all codes of a column are decimal numbers."""
    if parser.decimals and not parser.whole:
        findings.add(FLOAT_CODES, column=repr(column), example=repr(parser.decimals[0]))


def ask_about_new_keys(
    connection: Connection,
    findings: FileFindings,
    *,
    stage: Table,
    known: Table,
    source: str,
    odd: Sequence[str],
) -> None:
    """Ask about staged keys that are new and almost known: about the `odd` ones, and a sample of the others.

    A spreadsheet that drops zeros or changes capitals does so in the whole column, so that a sample shows it.
    """
    there = exists(select(1).where(known.c.source == source, known.c.external_id == stage.c.key))
    rows = connection.execute(select(func.count()).select_from(stage)).scalar_one()
    wanted = stage.c.line % max(1, rows // _SAMPLE) == 0
    new = (
        select(stage.c.line, stage.c.key)
        .where(~there, or_(wanted, stage.c.key.in_(odd)))
        .order_by(stage.c.line)
    )
    if connection.execute(select(known.c.id).where(known.c.source == source).limit(1)).first():
        codes = [(line, key) for line, key in connection.execute(new)]
        ask_about_similar(connection, findings, known=known, source=source, codes=codes)


def ask_about_similar(
    connection: Connection,
    findings: FileFindings,
    *,
    known: Table,
    source: str,
    codes: Sequence[tuple[int, str]],
) -> None:
    """Ask about (line, code) of which another form is known to the source."""
    widths = _widths(connection, known, source)
    for start in range(0, len(codes), AT_ONCE):
        forms = [(line, code, _forms(code, widths)) for line, code in codes[start : start + AT_ONCE]]
        wanted = sorted({form for *_, possible in forms for form in possible})
        query = select(known.c.external_id).where(known.c.source == source, known.c.external_id.in_(wanted))
        there = set(connection.scalars(query)) if wanted else set()
        for line, code, possible in forms:
            meant = next((form for form in possible if form in there), None)
            if meant is not None:
                findings.tally(SIMILAR_CODES, line=line, code=repr(clip(code)), known=meant)


def similar_code(connection: Connection, known: Table, source: str, code: str) -> str | None:
    """The known code of which a code is another form."""
    forms = _forms(code, _widths(connection, known, source))
    query = select(known.c.external_id).where(known.c.source == source, known.c.external_id.in_(forms))
    there = set(connection.scalars(query))
    return next((form for form in forms if form in there), None)


def ask_about_names(connection: Connection, findings: FileFindings, codes: Sequence[tuple[int, str]]) -> None:
    """Ask about (line, code) of a customer to be created that is the name of one whom the book knows."""
    for start in range(0, len(codes), AT_ONCE):
        wanted = {code: {key for key in spellings(code) if key} for _, code in codes[start : start + AT_ONCE]}
        keys = sorted(set().union(*wanted.values()))
        query = (
            select(_name.c.key, _customer.c.code)
            .join(_customer, _customer.c.id == _name.c.customer_id)
            .where(_name.c.key.in_(keys), _name.c.kind.in_((NameKind.NAME, NameKind.ALIAS)))
            # One that is named by its code may well be the customer of this code in another source.
            .where(_customer.c.name != _customer.c.code, _customer.c.joined_into.is_(None))
            .order_by(_customer.c.id.desc())
        )
        there: dict[str, str] = dict(map(tuple, connection.execute(query)))
        for line, code in codes[start : start + AT_ONCE]:
            meant = next((there[key] for key in sorted(wanted[code]) if key in there), None)
            if meant is not None:
                findings.tally(NAME_AS_CODE, line=line, code=repr(clip(code)), known=meant)


def ask_about_collective(findings: FileFindings, codes: Sequence[tuple[int, str]]) -> None:
    """Ask about (line, code) of a customer to be created that is a word for many, or for a total."""
    for line, code in codes:
        if code in NAMELESS or code in TOTALS:
            findings.tally(COLLECTIVE_CUSTOMER, line=line, code=repr(code))


def _forms(code: str, widths: Sequence[int]) -> list[str]:
    forms = likely_meant(code)
    for form in (code, *forms):
        if form.isascii() and form.isdigit():
            return forms + [form.zfill(width) for width in widths if width > len(form)]
    found = _LETTERS_AND_NUMBER(code)
    if found is None:
        return forms
    letters, number = found.groups()
    lengths = range(len(number.lstrip("0")) or 1, _LONGEST + 1)
    padded = [letters + number.lstrip("0").zfill(length) for length in lengths]
    return forms + [form for form in padded if form != code]


def _widths(connection: Connection, known: Table, source: str) -> list[int]:
    """How long the known codes are that begin with a zero, from a thousand of them."""
    code = known.c.external_id
    query = select(code).where(known.c.source == source, code >= "0", code < "1").limit(1_000)
    return sorted({len(found) for found in connection.scalars(query) if found[0] == "0"})
