"""Columns of chances and of remarks: what they say of single rows is asked about, never ignored."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.statuses import STATUS_COLUMN
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.amounts import number_in
from bot.services.imports.read.filters import OPTIONS, ColumnFilter, read_filters, spell, word
from bot.services.imports.read.headers import names
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

UNCERTAIN_ROWS = FindingType(
    name="uncertain-rows",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s says that rows are not certain: %(count)s, such as %(example)s (line %(line)d)."
    ),
    answer=N_(
        "Give --only %(option)s to take the certain ones; --yes uncertain-rows takes every row with its whole amount."
    ),
    accept=True,
)
REMARK_COLUMN = FindingType(
    name="remark-column",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s says that rows may not count: %(count)s, such as %(example)s (line %(line)d)."
    ),
    answer=N_(
        "Leave out the rows that have this word: --skip %(option)s; or make them negative with --negative;"
        " --yes remark-column counts them as they are."
    ),
    accept=True,
)
_CHANCES = names(
    "probability, probability %, win probability, chance, likelihood, confidence %, close probability, deal probability",
    "概率, 赢率, 赢单率, 赢单概率, 成交概率, 成功率, 可能性, 成单概率, 预计成交概率, Wahrscheinlichkeit, Abschlusswahrscheinlichkeit",
    "Chance %, probabilité, probabilidad, probabilità, kans",
)
_REMARKS = names(
    "remark, remarks, comment, comments, note, notes, memo, order note, order notes, order comment, internal note",
    "customer note, additional info, annotation, order remark",
    "备注, 订单备注, 备注信息, 卖家备注, 商家备注, 客服备注, 说明, 摘要, 附言, 留言, 买家留言, 注释, 情况说明",
    "Bemerkung, Bemerkungen, Kommentar, Kommentare, Notiz, Notizen, Anmerkung, Anmerkungen, Hinweis, Vermerk, Freitext",
    "commentaire, commentaires, remarque, remarques, observaciones, comentario, commento, nota, note interne, opmerking",
)
# In texts in lower case. A stem is found much faster than the pattern, which most files then need not meet.
_STEMS = (
    "cancel",
    "void",
    "refund",
    "storn",
    "annul",
    "test order",
    "testorder",
    "credited",
    "reversed",
    "duplicate",
    "gutgeschrieben",
    "testauftrag",
    "anulad",
)
_HAN_STEMS = (
    "作废",
    "取消",
    "退款",
    "退货",
    "红冲",
    "冲销",
    "测试单",
    "重复单",
)
_NOT = r"(?<!not )(?<!no )(?<!non-)(?<!non )(?<!nicht )(?<!never )(?<!不)(?<!未)(?<!不能)(?<!不可)(?<!没有)(?<!无)(?<!勿)"
_WORDS = re.compile(
    _NOT
    + r"(?:\bcancel(?:l?ed|lation|ation)?\b|\bvoid(?:ed)?\b|\brefund(?:ed)?\b|\bstorn(?:o|iert|ierung)\b|\bannul\w*|\banulad[oa]\b"
    r"|\btest ?order\b|\btestauftrag\b|\bcredited\b|\breversed\b|\bduplicate\b|\bgutgeschrieben\b"
    r"|作废|取消|退款|退货|红冲|冲销|测试单|重复单)"
)


@dataclass(kw_only=True)
class _Watched:
    """A column, and the rows of which it says something."""

    place: int
    header: str
    asked: FindingType
    filter: ColumnFilter | None
    count: int = 0
    line: int = 0
    example: str = ""
    words: dict[str, None] = field(default_factory=dict)  # for the option that answers
    certain: str = "100%"  # how the column writes it


class RowColumns:
    """Follows the columns of chances and remarks while the file is read."""

    def __init__(self, job: ImportJob) -> None:
        filters = read_filters({name: getattr(job.options, name) for name in OPTIONS})
        self._columns = [
            _Watched(place=place, header=name, asked=asked, filter=filters.get(plain(name)))
            for place, name in job.layout.unused.items()
            for asked, headers in ((UNCERTAIN_ROWS, _CHANCES), (REMARK_COLUMN, _REMARKS))
            if plain(name) in headers
        ]

    def count(self, chunk: Chunk) -> None:
        """Look at the rows of a chunk, which no option leaves out."""
        for one in self._columns:
            cells = chunk.columns[one.place]
            if one.asked is REMARK_COLUMN and not _has_stem(cells):
                continue
            found = {cell: said for cell in set(cells) if (said := _said(one, cell))}
            one.certain = next((cell.strip() for cell in set(cells) if _is_certain(cell)), one.certain)
            if not found:
                continue
            rows = [row for row, cell in enumerate(cells) if cell in found]
            one.count += len(rows)
            if not one.line:
                one.line, one.example = chunk.lines[rows[0]], cells[rows[0]].strip()
            one.words |= dict.fromkeys(found.values())

    def check(self, job: ImportJob) -> None:
        """Ask about what was found, unless the column is asked about as one of statuses."""
        asked = {one.values["column"] for one in job.findings if one.type is STATUS_COLUMN}
        for one in self._columns:
            if one.count and repr(one.header) not in asked:
                words = [one.certain] if one.asked is UNCERTAIN_ROWS else [f"*{said}*" for said in one.words]
                job.findings.add(
                    one.asked,
                    column=repr(one.header),
                    count=f"{one.count:,}",
                    example=repr(clip(one.example)),
                    line=one.line,
                    option=spell(one.header, words),
                )


def _has_stem(cells: Iterable[str]) -> bool:
    text = "\n".join(cells).lower()
    if any(stem in text for stem in _STEMS):
        return True
    return not text.isascii() and any(stem in text for stem in _HAN_STEMS)


def _said(one: _Watched, cell: str) -> str:
    """What a cell says of its row; "" where that is nothing, or where an option names it."""
    said = _doubt(cell) if one.asked is UNCERTAIN_ROWS else _cancelling(cell)
    return "" if said and one.filter is not None and one.filter.names(word(cell)) else said


def _is_certain(cell: str) -> bool:
    """Whether a cell has the number 1 or 100; with a percent sign, 100."""
    text = cell.strip()
    number = number_in(text.rstrip("%％ "), "point")
    return number == 100 or (number == 1 and text[-1:] not in "%％")


def _doubt(cell: str) -> str:
    """A chance below certainty; "" where a cell has none."""
    text = cell.strip()
    return "" if _is_certain(cell) or number_in(text.rstrip("%％ "), "point") is None else text


def _cancelling(cell: str) -> str:
    found = _WORDS.search(cell.lower())
    return found[0] if found else ""
