"""Columns of chances, remarks, names and numbers: what they say of single rows is asked about, never ignored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.statuses import STATUS_COLUMN
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.amounts import number_in
from bot.services.imports.read.cells.marks import (
    OF_ACTIVITIES,
    OF_DOCUMENTS,
    OF_NAMES,
    OF_NUMBERS,
    OF_REMARKS,
    Marks,
)
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
UNCERTAIN_PAIRS = FindingType(
    name="uncertain-pairs",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s says that pairs are not certain: %(count)s, such as %(example)s (line %(line)d)."
    ),
    answer=N_(
        "Look at them, and take those that are one customer, such as with --only %(option)s; --yes uncertain-pairs joins"
        " all of them."
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
ENDED_NAMES = FindingType(
    name="ended-names",
    level=Level.QUESTION,
    sentence=N_(
        "Names of customers in the column %(column)s say that they are none any more: %(count)s, such as %(example)s (line"
        " %(line)d)."
    ),
    answer=N_(
        "Leave them out: --skip %(option)s; or add a column ended, which ends those that the book has;"
        " --yes ended-names: all of them go on."
    ),
    accept=True,
)
_CHANCES = names(
    "probability, probability %, win probability, chance, likelihood, confidence %, close probability, deal probability",
    "概率, 赢率, 赢单率, 赢单概率, 成交概率, 成功率, 可能性, 成单概率, 预计成交概率, Wahrscheinlichkeit, Abschlusswahrscheinlichkeit",
    "Chance %, probabilité, probabilidad, probabilità, kans",
)
_SCORES = names(
    "score, match score, similarity, similarity %, confidence, match %, match quality, certainty",
    "相似度, 匹配度, 匹配分, 匹配得分, 置信度, 可信度, Ähnlichkeit, Übereinstimmung, Trefferquote, score de similarité",
)
_REMARKS = names(
    "remark, remarks, comment, comments, note, notes, memo, order note, order notes, order comment, internal note",
    "customer note, additional info, annotation, order remark",
    "备注, 订单备注, 备注信息, 卖家备注, 商家备注, 客服备注, 说明, 摘要, 附言, 留言, 买家留言, 注释, 情况说明",
    "Bemerkung, Bemerkungen, Kommentar, Kommentare, Notiz, Notizen, Anmerkung, Anmerkungen, Hinweis, Vermerk, Freitext",
    "commentaire, commentaires, remarque, remarques, observaciones, comentario, commento, nota, note interne, opmerking",
)
_TEXTS = names(
    "description, text, narration, details, particulars, order description, invoice description, posting text, reference text",
    "描述, 内容, 事由, 业务摘要, 凭证摘要, Beschreibung, Buchungstext, Text, Betreff, subject, title, Verwendungszweck",
    "libellé, descripción, concepto, descrizione, causale, omschrijving",
)
_NAMES = names(
    "customer name, client name, account name, company name, 客户名称, 客户全称, Kundenname, Firma, Name1"
)


@dataclass(kw_only=True)
class _Watched:
    """A column, and the rows of which it says something."""

    place: int
    header: str
    asked: FindingType
    marks: tuple[Marks, ...]  # what to look for; none in a column of chances
    filter: ColumnFilter | None
    count: int = 0
    line: int = 0
    example: str = ""
    words: dict[str, None] = field(default_factory=dict)  # for the option that answers
    certain: str = "100%"  # how the column writes it
    highest: str = ""  # score of a pair


class RowColumns:
    """Follows the columns of chances and remarks while the file is read."""

    def __init__(self, job: ImportJob, kind: str) -> None:
        filters = read_filters({name: getattr(job.options, name) for name in OPTIONS})
        self._columns = [
            _Watched(place=place, header=name, asked=asked, marks=marks, filter=filters.get(plain(name)))
            for place, name, asked, marks in _watched(job.layout, kind)
        ]

    def count(self, chunk: Chunk) -> None:
        """Look at the rows of a chunk, which no option leaves out."""
        for one in self._columns:
            cells = chunk.columns[one.place]
            if one.marks and not _has_stem(one.marks, cells):
                continue
            found = {cell: said for cell in set(cells) if (said := _said(one, cell))}
            one.certain = next((cell.strip() for cell in set(cells) if _is_certain(cell)), one.certain)
            if one.asked is UNCERTAIN_PAIRS:
                one.highest = _highest((*cells, one.highest))
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
                certain = one.highest or one.certain
                words = [f"*{said}*" for said in one.words] if one.marks else [certain]
                job.findings.add(
                    one.asked,
                    column=repr(one.header),
                    count=f"{one.count:,}",
                    example=repr(clip(one.example)),
                    line=one.line,
                    option=spell(one.header, words),
                )


def _watched(layout: Layout, kind: str) -> Iterator[tuple[int, str, FindingType, tuple[Marks, ...]]]:
    """The columns to follow: place, header, the question, and what to look for."""
    of_sales = kind in ("orders", "invoices")
    for place, name in layout.unused.items():
        said = plain(name)
        if kind == "joins":
            if said in _CHANCES | _SCORES:
                yield place, name, UNCERTAIN_PAIRS, ()
        elif said in _CHANCES:
            yield place, name, UNCERTAIN_ROWS, ()
        elif kind == "activities":
            if said in _REMARKS or said in _TEXTS:
                yield place, name, REMARK_COLUMN, (OF_ACTIVITIES,)
        elif said in _REMARKS:
            yield place, name, REMARK_COLUMN, (OF_REMARKS, OF_DOCUMENTS) if of_sales else (OF_REMARKS,)
        elif of_sales and said in _TEXTS:
            yield place, name, REMARK_COLUMN, (OF_DOCUMENTS,)
        elif of_sales and said in _NAMES:
            yield place, name, REMARK_COLUMN, (OF_NAMES,)
    fields = {"note": OF_ACTIVITIES, "order_no": OF_NUMBERS, "invoice_no": OF_NUMBERS}
    for held, marks in fields.items():
        if held in layout.places:
            place = layout.places[held]
            yield place, layout.header[place], REMARK_COLUMN, (marks,)
    if kind == "customers":
        place = layout.places["name"]
        yield place, layout.header[place], ENDED_NAMES, (OF_NAMES,)


def _highest(cells: Iterable[str]) -> str:
    """The cell with the highest number; "" where none has one."""
    texts = (cell.strip() for cell in set(cells))
    numbers = {
        text: number for text in texts if (number := number_in(text.rstrip("%％ "), "point")) is not None
    }
    return max(numbers, key=numbers.__getitem__, default="")


def _has_stem(marks: Iterable[Marks], cells: Iterable[str]) -> bool:
    text = "\n".join(cells).lower()
    return any(one.may_be_in(text) for one in marks)


def _said(one: _Watched, cell: str) -> str:
    """What a cell says of its row; "" where that is nothing, or where an option names it."""
    said = _marked(one.marks, cell) if one.marks else _doubt(cell)
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


def _marked(marks: Iterable[Marks], cell: str) -> str:
    """The words of a cell by which its row may not count."""
    text = cell.strip().lower()
    return next((found for one in marks if (found := one.find(text))), "")
