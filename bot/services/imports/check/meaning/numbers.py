"""Numbers of one file that are almost the same, or the same in several companies."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Table, case, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.read.cells.codes import Codes, likely_meant
from bot.services.imports.read.filters import spell
from bot.services.imports.read.headers import names
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

SIMILAR_NUMBERS = FindingType(
    name="similar-numbers",
    level=Level.QUESTION,
    sentence=N_(
        "Numbers of the file differ only in capitals, zeros, spaces or full-width letters: %(first)s and %(second)s"
        " (line %(line)d). Numbers like that: %(count)s."
    ),
    answer=N_("Correct them if they are the same; --yes similar-numbers takes them for different ones."),
    accept=True,
)
COMPANY_NUMBERS = FindingType(
    name="company-numbers",
    level=Level.QUESTION,
    sentence=N_(
        "The number %(number)s is there with several values of the column %(column)s: %(first)s and %(second)s"
        " (line %(line)d)."
    ),
    answer=N_(
        "If each has numbers of its own, import each under a source of its own: --only %(only)s --source %(source)s, then the"
        " others; --yes company-numbers: the same number is the same order."
    ),
    accept=True,
)
NUMBER_PREFIXES = FindingType(
    name="number-prefixes",
    level=Level.QUESTION,
    sentence=N_(
        "Numbers that begin with %(prefix)s may be those of credit notes, quotes or payments: %(count)s, such as %(number)s"
        " (line %(line)d)."
    ),
    answer=N_(
        "Leave them out with --skip %(option)s, or make them negative with --negative %(option)s;"
        " --yes number-prefixes counts them as they are."
    ),
    accept=True,
)
# What numbers of credit notes, returns, quotes and payments begin with; others are there, too.
_PREFIXES = names(
    "cn, cr, crn, cm, crm, gs, ret, rtn, rma, rfd, sr, qt, qte, quo, est, ang, pf, rcp, rct, pmt, xsth, th, sk, bjd, hk"
)
_PREFIX = re.compile(r"([A-Za-z]{2,4})[-_/ ]*[0-9]").match
_COMPANIES = names(
    "company code, company, company id, company no, legal entity, entity, subsidiary, business unit, ledger, org, organization",
    "store, store id, shop, shop id, branch, branch code, sales organization, sales org, fiscal year, client, mandt, bukrs, gjahr",
    "公司代码, 公司, 公司编码, 公司编号, 账套, 账套号, 帐套, 帐套号, 法人, 法人主体, 主体, 组织, 销售组织, 核算主体, 分公司, 店铺, 门店, 会计年度",
    "Buchungskreis, Mandant, Gesellschaft, Firma, Firmennummer, Filiale, Niederlassung, Verkaufsorganisation, Geschäftsjahr",
    "société, sociedad, società, empresa, azienda",
)
_KEPT = 50_000  # numbers whose company is remembered while the file is read


class NumberPrefixes:
    """Follows what the numbers of orders or invoices begin with, while the file is read."""

    def __init__(self, key_field: str) -> None:
        self._key_field = key_field
        self._found: dict[str, tuple[int, int, str]] = {}  # prefix -> rows, the first line and number
        self._others = False  # whether numbers begin with something else

    def count(self, chunk: Chunk) -> None:
        """Count the rows whose amount is not below zero already."""
        keys, amounts = chunk.values[self._key_field], chunk.values["amount"]
        beginnings = {one.lower() for one in {key[:2] for key in keys if type(key) is str}}
        telling = {one[:2] for one in _PREFIXES} & beginnings
        self._others = self._others or bool(beginnings - telling)
        if not telling:
            return
        for row, key in enumerate(keys):
            if type(key) is not str or key[:2].lower() not in telling:
                continue
            found = _PREFIX(key)
            if found is None or found[1].lower() not in _PREFIXES:
                self._others = True
            elif type(amounts[row]) is not int or amounts[row] >= 0:
                many, line, first = self._found.get(found[1], (0, chunk.lines[row], key))
                self._found[found[1]] = many + 1, line, first

    def check(self, job: ImportJob) -> None:
        """Ask about each prefix, unless all numbers begin so."""
        header = job.layout.columns[self._key_field]
        for prefix, (many, line, number) in self._found.items():
            if self._others or len(self._found) > 1:
                job.findings.add(
                    NUMBER_PREFIXES,
                    about=f"{header}={prefix}",
                    prefix=prefix,
                    count=f"{many:,}",
                    number=repr(clip(number)),
                    line=line,
                    option=spell(header, [f"*{prefix}*"]),
                )


class CompanyNumbers:
    """Finds numbers that several companies have, while the file is read."""

    def __init__(self, job: ImportJob, key_field: str) -> None:
        self._key_field = key_field
        self._known: dict[int, dict[Any, str]] = {
            place: {} for place, name in job.layout.unused.items() if plain(name) in _COMPANIES
        }
        self._seen: set[Any] = set()  # numbers
        self._later: list[
            tuple[list[Any], dict[int, Sequence[str]]]
        ] = []  # their companies, not yet in `_known`

    def count(self, job: ImportJob, chunk: Chunk) -> None:
        """Ask about the first number of each column that has several values there."""
        if not self._known:
            return
        keys = chunk.values[self._key_field]
        numbers = set(keys)
        if len(numbers) < len(keys) or not self._seen.isdisjoint(numbers):
            self._compare(job, chunk)
        elif len(self._seen) < _KEPT:
            # Most files repeat no number, and their companies need not be known.
            self._later.append((keys, {place: chunk.columns[place] for place in self._known}))
        if len(self._seen) < _KEPT:
            self._seen |= numbers

    def _compare(self, job: ImportJob, chunk: Chunk) -> None:
        """Ask about a number that is repeated with another company."""
        for keys, columns in self._later:
            for place, known in self._known.items():
                known.update(zip(keys, columns[place], strict=True))
        self._later.clear()
        for place, known in list(self._known.items()):
            pairs = set(zip(chunk.values[self._key_field], chunk.columns[place], strict=True))
            new = dict(pairs)
            if len(new) < len(pairs) or any(known[key] != new[key] for key in known.keys() & new.keys()):
                if self._ask(job, chunk, place, known):
                    del self._known[place]
            elif len(known) < _KEPT:
                known.update(new)

    def _ask(self, job: ImportJob, chunk: Chunk, place: int, known: dict[Any, str]) -> bool:
        """Ask about the first number that another company has, too; False where there is none."""
        for line, number, company in _numbered(chunk, self._key_field, place):
            first = known.setdefault(number, company).strip() or company
            if first != company:
                header = job.layout.header[place]
                job.findings.add(
                    COMPANY_NUMBERS,
                    number=repr(clip(number)),
                    column=repr(header),
                    first=repr(clip(first)),
                    second=repr(clip(company)),
                    line=line,
                    only=spell(header, [first]),
                    source=spell(f"{job.source}-{first}"),
                )
                return True
        return False


def _numbered(chunk: Chunk, key_field: str, place: int) -> Iterator[tuple[int, str, str]]:
    """(line, number, company) of the rows that have both."""
    rows = zip(chunk.lines, chunk.values[key_field], chunk.columns[place], strict=True)
    return ((line, key, said) for line, key, cell in rows if type(key) is str and (said := cell.strip()))


def check_similar_numbers(job: ImportJob, stage: Table, key_field: str) -> None:
    """Ask about staged numbers that differ in what a spreadsheet or an input method changes."""
    key = stage.c.key
    if _may_repeat(job, stage):
        form = func.ltrim(func.replace(func.lower(key), " ", ""), "0")
        groups = select(
            func.min(key).label("first"), func.max(key).label("second"), func.max(stage.c.line).label("line")
        )
        same = groups.group_by(form).having(func.count() > 1).subquery()
        found = select(same, func.count().over()).order_by(same.c.line).limit(1)
        row = job.connection.execute(found).first()
        if row is not None:
            first, second, line, count = row
            _ask_about(job, first, second, line, count)
            return
    parser = job.parsers[key_field]
    meant = (
        {one: code for code in parser.odd for one in likely_meant(code)} if isinstance(parser, Codes) else {}
    )
    wanted = sorted(meant)
    for start in range(0, len(wanted), AT_ONCE):
        query = (
            select(stage.c.line, key).where(key.in_(wanted[start : start + AT_ONCE])).order_by(stage.c.line)
        )
        there = job.connection.execute(query).all()
        if there:
            _ask_about(job, there[0].key, meant[there[0].key], there[0].line, len(there))
            return


def _may_repeat(job: ImportJob, stage: Table) -> bool:
    """Whether numbers have both cases, or differ in length where some have zeros or spaces to lose."""
    key = stage.c.key
    upper_case, lower_case = (
        func.count(case((key != func.lower(key), 1))),
        func.count(case((key != func.upper(key), 1))),
    )
    to_lose = func.count(case((or_(key.like("0%"), key.like("% %")), 1)))
    length = func.length(key)
    found = select(upper_case, lower_case, to_lose, func.min(length), func.max(length))
    row = job.connection.execute(found).one()
    upper, lower, losing, shortest, longest = row
    return bool(upper and lower) or bool(losing and shortest < longest)


def _ask_about(job: ImportJob, first: str, second: str, line: int, count: int) -> None:
    job.findings.add(
        SIMILAR_NUMBERS, first=repr(clip(first)), second=repr(clip(second)), line=line, count=f"{count:,}"
    )
