"""Amounts of which a part stands in the next cell: 1,234.50 or 100,50 without quotation marks, in a file with commas."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.headers import names
from bot.services.imports.read.text import plain

SPLIT_AMOUNTS = FindingType(
    name="split-amounts",
    level=Level.QUESTION,
    sentence=N_(
        "Amounts seem to be cut in two by their comma. Rows with a number in the column %(next)s, after %(column)s:"
        " %(count)s (line %(line)d: %(amount)s and %(rest)s)."
    ),
    answer=N_(
        "Export the file with quotation marks around the amounts, or with semicolons between the cells;"
        " --yes split-amounts takes them as they are."
    ),
    accept=True,
)
_TEXTS = names(
    "note, notes, remark, remarks, comment, comments, memo, description, text, details, reference, info",
    "备注, 说明, 摘要, 描述, 订单备注, Bemerkung, Bemerkungen, Notiz, Kommentar, Beschreibung, Text, Hinweis",
    "remarque, commentaire, observaciones, descripción, nota, libellé",
)
_WHOLE = re.compile(r"\(?[-+]?\s*(?:[^\W\d_]{0,3}\s*|[$€£¥￥])?[-+]?[0-9]+\s*").fullmatch
_DECIMALS = re.compile(r"[0-9]{2}[)-]?\s*(?:€|eur|元)?", re.IGNORECASE).fullmatch
_THOUSANDS = re.compile(r"[0-9]{3}(?:\.[0-9]+)?[)-]?\s*(?:€|eur|元)?", re.IGNORECASE).fullmatch


@dataclass(kw_only=True)
class _Cut:
    count: int
    line: int
    amount: str
    rest: str


class SplitAmounts:
    """Compares the column of amounts with the one after it, if that is one of texts, while a file is read."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._place = job.layout.places.get("amount", -1)
        header = job.layout.header
        after = self._place + 1
        self._watched = (
            job.delimiter == ","
            and 0 < after < len(header)
            and after in job.layout.unused
            and plain(header[after]) in _TEXTS
        )
        self._found: _Cut | None = None
        self._filled = 0

    def take(self, chunk: Chunk) -> None:
        """Note the rows of a chunk whose amount may go on in the next cell."""
        if not self._watched:
            return
        rests = chunk.columns[self._place + 1]
        self._filled += sum(1 for cell in rests if cell)
        likely = set(_likely(set(rests)))
        if not likely:
            return
        amounts = chunk.columns[self._place]
        rows = [row for row, cell in enumerate(rests) if cell in likely and _WHOLE(amounts[row].strip())]
        if rows and self._found is None:
            row = rows[0]
            cells = amounts[row].strip(), rests[row].strip()
            self._found = _Cut(count=0, line=chunk.lines[row], amount=cells[0], rest=cells[1])
        if rows and self._found is not None:
            self._found.count += len(rows)

    def check(self) -> None:
        """Ask when nearly all that stands in the next column may be rests of amounts."""
        found = self._found
        if found is None or 10 * found.count < 9 * self._filled:
            return
        header = self._job.layout.header
        self._job.findings.add(
            SPLIT_AMOUNTS,
            count=f"{found.count:,}",
            column=repr(header[self._place]),
            next=repr(header[self._place + 1]),
            line=found.line,
            amount=repr(found.amount),
            rest=repr(found.rest),
        )


def _likely(cells: Iterable[str]) -> Iterable[str]:
    return (cell for cell in cells if _DECIMALS(text := cell.strip()) or _THOUSANDS(text))
