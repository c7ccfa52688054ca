"""Rows that --lines would add up although they may be no lines: totals, taxes, parts of a kit, optional offers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.cells.word_lists import NOTHING, is_total
from bot.services.imports.read.filters import ANY, OPTIONS, ColumnFilter, read_filters, spell, word
from bot.services.imports.read.headers import names, of_lines
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

DOUBTFUL_LINES = FindingType(
    name="doubtful-lines",
    level=Level.QUESTION,
    sentence=N_(
        "By the column %(column)s, rows that --lines adds up may be no lines of their own: %(count)s, such as %(example)s"
        " (line %(line)d)."
    ),
    answer=N_("Leave them out with --skip %(option)s; --yes doubtful-lines adds them up."),
    accept=True,
)
_TYPES = names(
    "type, line type, item type, row type, record type, entry type, line kind, line category, 行类型, 明细类型, 项目类型, 行项目类型",
    "Zeilenart, Zeilentyp, Positionsart, Positionstyp, Artikelart, Satzart, type de ligne, tipo de línea",
)
_NO_ITEMS = names(
    "tax, taxes, sales tax, vat, gst, shipping, shipping line, freight, delivery, postage, handling, subtotal, total, header",
    "order, summary, text, comment, 税, 税额, 税金, 运费, 邮费, 小计, 合计, 总计, 表头, 备注",
    "Steuer, MwSt, USt, Versand, Fracht, Porto, Summe, Zwischensumme, Kopf, Kopfzeile, taxe, tva, iva, port, livraison",
)
_OPTIONS = names(
    "optional, is optional, optional item, optional line, alternative, alternative item, is alternative",
    "可选, 是否可选, 选配, 是否选配, 备选, 是否备选, Alternativ, Alternativposition, Bedarfsposition, Eventualposition, Option",
)
_PARENTS = names(
    "parent line, parent line no, parent line number, parent line id, parent item, parent item id, parent sku, parent product",
    "kit, kit line, kit parent, kit id, bundle, bundle id, bundle parent, bundle line, bom parent, component of, part of",
    "父行号, 父行, 上级行号, 父项, 父件, 父商品, 所属套件, 套件, 套装, 组合商品, 所属组合, Oberposition, Hauptposition, Stückliste",
    "übergeordnete Position, übergeordneter Artikel, Set, Setartikel, Bundleartikel",
)
_NO_PARENT = frozenset(map(word, NOTHING)) | vocabulary.FALSE | {"", "0"}
_SHOWN = 10  # words of the option that answers


def _is_no_item(cell: str) -> bool:
    return plain(cell) in _NO_ITEMS or is_total(cell)


def _is_true(cell: str) -> bool:
    return word(cell) in vocabulary.TRUE


def _is_part(cell: str) -> bool:
    return word(cell) not in _NO_PARENT


@dataclass(kw_only=True)
class _LineColumn:
    """A column, and the rows that it says to be no lines."""

    place: int
    header: str
    says: Callable[[str], bool]
    filter: ColumnFilter | None
    count: int = 0
    line: int = 0
    example: str = ""
    found: dict[str, None] = field(default_factory=dict)
    others: bool = False  # whether other cells have a word, too


class DoubtfulLines:
    """Follows the columns that say so while the lines of a file are read."""

    def __init__(self, job: ImportJob) -> None:
        filters = read_filters({name: getattr(job.options, name) for name in OPTIONS})
        self._columns = [
            _LineColumn(place=place, header=name, says=says, filter=filters.get(plain(name)))
            for place, name in job.layout.unused.items()
            if (says := _test_of(name)) is not None
        ]

    def count(self, chunk: Chunk) -> None:
        """Look at the rows of a chunk that have an amount."""
        amounts = chunk.values["amount"]
        for one in self._columns:
            cells = chunk.columns[one.place]
            words = set(cells)
            said = {
                cell
                for cell in words
                if cell.strip() and one.says(cell) and not (one.filter and one.filter.names(word(cell)))
            }
            one.others = one.others or any(cell.strip() for cell in words - said)
            rows = [row for row, cell in enumerate(cells) if cell in said and amounts[row]] if said else []
            rows = [row for row in rows if type(amounts[row]) is int]
            if rows and not one.line:
                one.line, one.example = chunk.lines[rows[0]], cells[rows[0]].strip()
            one.count += len(rows)
            one.found |= dict.fromkeys(cells[row].strip() for row in rows)

    def check(self, job: ImportJob) -> None:
        """Ask about each column by which rows may be no lines."""
        for one in self._columns:
            if one.count:
                every = one.says is _is_part and not one.others
                words = [ANY] if every else list(one.found)[:_SHOWN]
                job.findings.add(
                    DOUBTFUL_LINES,
                    column=repr(one.header),
                    count=f"{one.count:,}",
                    example=repr(clip(one.example)),
                    line=one.line,
                    option=spell(one.header, words),
                )


def _test_of(header: str) -> Callable[[str], bool] | None:
    """What shows in a column of this header that a row may be no line."""
    name = plain(header)
    for headers, says in ((_PARENTS, _is_part), (_OPTIONS, _is_true), (_TYPES, _is_no_item)):
        if name in headers:
            return says
    return is_total if of_lines([header]) else None
