"""Lines of a file that are no rows of its list: repeated headers, totals, notes of who printed it, rules."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.layout.columns import FileField, Layout, known_headers
from bot.services.imports.read.cells.word_lists import TOTALS, is_total, spellings, total_of
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

REPEATED_HEADER = FindingType(
    name="repeated-header",
    level=Level.NOTE,
    sentence=N_("Lines that repeat the header are left out: %(count)d, the first is line %(line)d."),
)
TOTAL_LINES = FindingType(
    name="total-lines",
    level=Level.NOTE,
    sentence=N_("Lines with totals are left out: %(count)d, the first is line %(line)d (%(text)s)."),
)
NOTE_LINES = FindingType(
    name="note-lines",
    level=Level.NOTE,
    sentence=N_(
        "Lines with comments, rules or notes about the file are left out: %(count)d, the first is line %(line)d"
        " (%(text)s)."
    ),
)
SHORT_ROWS = FindingType(
    name="short-rows",
    level=Level.NOTE,
    sentence=N_(
        "Rows that end early are read with empty last cells: %(count)d, the first is line %(line)d (%(text)s)."
    ),
)
SECOND_HEADER = FindingType(
    name="second-header",
    level=Level.REFUSAL,
    sentence=N_(
        "Line %(line)d is a header of its own, with other columns (%(text)s): what is below it would be read into wrong"
        " columns. Lines like that: %(count)d."
    ),
    answer=N_("Make a file of its own of each list."),
)
QUOTED_LINES = FindingType(
    name="quoted-lines",
    level=Level.NOTE,
    sentence=N_(
        "Lines that stand in quotation marks as a whole are read without them: %(count)d, the first is line %(line)d."
    ),
)
_LAST = 5  # rows of a chunk that may be notes below the list
_COMMENT = re.compile(r"#(?:\s|!|#|$|[^\W\d]{2}.*\s)|//|--\s|\x1a").match
_RULE = re.compile(r"[-=_*~+|.─━═—–\s]*[-=_*~+|─━═—–]{2,}[-=_*~+|.─━═—–\s]*").fullmatch
_COLON = r"\s*(?::|于|at\b|on\b|by\b|am\b|von\b|le\b|par\b)"
_NOTE = re.compile(
    rf"(?:report |file |list |data )?(?:generated|created|printed|exported|prepared|run|downloaded){_COLON}.*"
    rf"|(?:printed|export(?:ed)?|report|run|print|generation|creation) (?:date|time|by){_COLON}?.*"
    r"|(?:page|seite|página|pagina)\s*[0-9]+(?:\s*(?:of|von|de|sur|di|/)\s*[0-9]+)?"
    r"|第\s*[0-9]+\s*页(?:[\s,,/]*共\s*[0-9]+\s*页)?|共\s*[0-9]+\s*(?:页|条|行|笔|条记录|行记录|项)(?:记录|数据)?.*"
    r"|\(?[0-9][0-9,.]*\s*(?:rows?|records?|lines?|results?|entries|zeilen|datensätze|lignes|条|行|条记录)"
    r"(?:\s*(?:selected|affected|in set|returned|exported|fetched|found|ausgewählt).*)?\)?\.?"
    r"|(?:row|record|total) count\s*:?\s*[0-9]*|rows?\s*:\s*[0-9]+|\*+\s*end of .*|end of (?:report|file|list|data)\W*"
    rf"|(?:制表|制单|打印|导出|审核|复核|统计|填表|填报|经办|编制|查询|生成|下载)(?:人|员|日期|时间|单位|部门)?{_COLON}.*"
    r"|(?:制表|制单|打印|导出|审核|复核|填表|填报|经办|编制)(?:人|日期|时间)|备注\s*:.*|注\s*:.*|以下空白|以上数据.*"
    rf"|(?:erstellt|gedruckt|exportiert|ausgedruckt){_COLON}.*|(?:druckdatum|erstellungsdatum|exportdatum){_COLON}?.*"
    rf"|(?:imprimé|généré|édité){_COLON}.*|query ok.*|rows matched.*"
).fullmatch


def is_note(text: str) -> bool:
    """Whether a cell is a comment, a rule or a note about the file instead of a value."""
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    return bool(_COMMENT(folded) or _RULE(folded) or _NOTE(folded))


class OtherLines:
    """Finds the lines of one file that are no rows, and counts them."""

    def __init__(
        self, fields: Sequence[FileField], key_field: str, layout: Layout, findings: FileFindings
    ) -> None:
        self._findings = findings
        self._header = [plain(name) for name in layout.header]
        self._fields = {layout.places[field.name]: field for field in fields if field.name in layout.places}
        self._names = known_headers(fields) | set(self._header)
        self._required = [place for place, field in self._fields.items() if field.required]
        key = next(field for field in fields if field.name == key_field)
        self._key = layout.places.get(key_field) if key.unique and key.required else None
        named = [field.name for field in fields]
        self._entity = "name" in named  # its rows are customers, people or teams, which have any name
        self._suspicious = TOTALS | spellings((*layout.header, key.name, *key.synonyms.split(", ")))

    def find(
        self, rows: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], refused: Iterable[int]
    ) -> dict[int, FindingType]:
        """Row -> what it is instead; only refused rows, odd keys and the last rows are looked at."""
        doubtful = set(refused)
        accepted: set[int] = set()
        if self._key is not None:
            keys = columns[self._key]
            if not self._suspicious.isdisjoint(keys):
                accepted = {row for row, key in enumerate(keys) if key in self._suspicious}
            accepted.update(range(max(0, len(rows) - _LAST), len(rows)))
        words = cache(lambda: frozenset(cell.strip().casefold() for column in columns for cell in column))
        found = {row: self.name(rows[row], refused=True, words=words) for row in doubtful}
        found |= {row: self.name(rows[row], refused=False) for row in accepted - doubtful}
        return {row: what for row, what in found.items() if what is not None}

    def name(
        self, cells: Sequence[str], *, refused: bool, words: Callable[[], frozenset[str]] = frozenset
    ) -> FindingType | None:
        """What a line is if it is no row; `words` gives the cells of the rows around it, in lower case."""
        filled = [(place, cell.strip()) for place, cell in enumerate(cells) if cell.strip()]
        if not filled:
            return None
        if self._is_header(filled):
            return REPEATED_HEADER
        if refused and self._is_other_header(filled):
            return SECOND_HEADER
        first = filled[0][1]
        texts = [text for _, text in filled]
        complete = not any(wanted not in dict(filled) for wanted in self._required)
        if refused and (_COMMENT(first.casefold()) or all(map(_RULE, texts))):
            return NOTE_LINES
        if not complete:
            only_words_of_totals = any(map(is_total, texts)) and not _has_other_words(texts)
            if (
                is_total(first)
                or only_words_of_totals
                or _is_total_of(first, words)
                or self._has_total(filled)
            ):
                return TOTAL_LINES
            return NOTE_LINES if is_note(first) and not _has_other_words(texts) else None
        key = dict(filled).get(self._key) if self._key is not None else None
        if key is not None and is_total(key) and not (self._entity and _has_other_words(texts)):
            return TOTAL_LINES
        return (
            NOTE_LINES if key is not None and _NOTE(unicodedata.normalize("NFKC", key).casefold()) else None
        )

    def count(self, what: FindingType, line: int, cells: Sequence[str]) -> None:
        """Count a line."""
        text = " ".join(cell.strip() for cell in cells if cell.strip())
        self._findings.tally(what, line=line, text=clip(text))

    def _is_header(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Whether a line has the names of the columns, or other names of all their required fields."""
        names = {place: plain(text) for place, text in filled}
        if [place for place, name in enumerate(self._header) if name] == list(names) and all(
            self._header[place] == name for place, name in names.items()
        ):
            return True
        own = {place: name for place, name in names.items() if place in self._fields}
        return (
            len(own) >= 2
            and set(self._required) <= own.keys()
            and all(name in self._fields[place].known_headers for place, name in own.items())
        )

    def _is_other_header(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Whether a line has nothing but names of columns, among them those of all required fields, elsewhere."""
        names = {plain(text) for _, text in filled}
        return (
            len(names) > 2
            and names <= self._names
            and all(not names.isdisjoint(self._fields[place].known_headers) for place in self._required)
        )

    def _has_total(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Whether a total's word stands where something else is required; a customer may have it for its name."""
        return not self._entity and any(is_total(text) for place, text in filled if place in self._required)


def _is_total_of(text: str, words: Callable[[], frozenset[str]]) -> bool:
    """Whether a cell such as `C1 Total` is the total of what other rows have in a cell."""
    part = total_of(text)
    return part is not None and part in words()


def _has_other_words(texts: Sequence[str]) -> bool:
    """Whether cells hold words that are neither totals nor notes about the file."""
    return any(any(map(str.isalpha, text)) and not is_total(text) and not is_note(text) for text in texts)
