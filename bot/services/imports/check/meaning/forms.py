"""Amounts whose form is not understood: the whole column is asked about, never only its returns or large ones lost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import N_, one_of
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.currencies import possible
from bot.services.imports.read.filters import NEGATIVE, spell
from bot.services.imports.read.refusal import Parser, clip
from bot.services.imports.read.titles import HEADER, TITLE, units_in_title

AMOUNTS_NOT_UNDERSTOOD = FindingType(
    name="amounts-not-understood",
    level=Level.QUESTION,
    sentence=N_(
        "Amounts of the column %(column)s are not understood in %(count)s of %(rows)s rows, such as %(example)s"
        " (line %(line)d), while the others are."
    ),
    answer=N_("Write all of them alike; --yes amounts-not-understood rejects these rows."),
    accept=True,
)
DEBIT_CREDIT = FindingType(
    name="debit-credit",
    level=Level.QUESTION,
    sentence=N_("The amounts of the column %(column)s have sides: %(sides)s (for example %(example)s)."),
    answer=N_("Say which side is minus: %(options)s."),
)
AMOUNT_UNIT = FindingType(
    name="amount-unit",
    level=Level.QUESTION,
    sentence=N_("%(what)s %(column)s says that its amounts are in thousands or another unit (%(unit)s)."),
    answer=N_("Export whole amounts; --yes amount-unit takes the numbers as they are."),
    accept=True,
)
_UNIT = re.compile(
    r"万|萬|千元|百元|百万|亿|['’]000|\b000s?\b|\bk ?(?:eur|usd|gbp|cny|chf|€|\$|£|¥)|[€$£¥] ?k\b|\(k\)|\bt ?(?:eur|€)|\bteur|\bmio\b|\bmrd\b"
    r"|\btsd\b|\bthousands?\b|\bmillions?\b|\bmn\b|\blakhs?\b|\bcrores?\b|\bk ?rmb\b|\bk$|\bmln\b|\bbn\b|\bbillions?\b"
    r"|\bm ?(?:eur|usd|gbp|cny|chf|€|\$|£|¥)|[€$£¥] ?mn?\b|\(mn?\)|\bx ?1[.,]?000\b|\b(?:in|je) 1[.,]?000\b|\b1[.,]000 ?(?:eur|usd|€|\$)"
    r"|\bcents?\b|\bpence\b|\bpaise\b|\bcentimes?\b|\bcentavos?\b|\bminor\b|[(（]分[)）]|单位[:： ]?分|额分$",
    re.IGNORECASE,
)
_BETWEEN_WORDS = re.compile(r"_|(?<=[a-z])(?=[A-Z])")  # of amount_cents and amountCents
_SCALE = re.compile(r"k|千|萬元|tsd\.?|k\.? ?eur|mln\.?|bn", re.IGNORECASE).fullmatch
_NUMBERS = ("value", "rate")  # fields of numbers that are no amounts
_ODD = 1_000  # one row in so many may be an oddity; more are a form of the column


@dataclass(kw_only=True)
class _Unread:
    count: int
    line: int
    example: str


def says_scale(unit: str) -> bool:
    """Whether a unit is one of thousands or the like: 万元, TEUR, kUSD, k."""
    text = unit.strip()
    prefixed = text[:1] in tuple("kKtTmM") and (len(text) > 3 or not text[1:].isalpha())
    is_currency = prefixed and bool(possible(text[1:]))
    return is_currency or bool(_SCALE(text)) or _UNIT.search(text) is not None


def scale_in_title(title: str) -> str:
    """The unit of thousands or the like that a line above the header names; "" where it names none."""
    return next((unit for unit in units_in_title(title) if says_scale(unit)), "")


class Forms:
    """Counts the cells of each field whose form is not understood."""

    def __init__(self) -> None:
        self._found: dict[str, _Unread] = {}

    def add(self, field: str, *, line: int, cell: str) -> None:
        """Note a cell that is refused for its form."""
        self._found.setdefault(field, _Unread(count=0, line=line, example=cell)).count += 1

    def check(
        self,
        layout: Layout,
        parsers: Mapping[str, Parser],
        findings: FileFindings,
        *,
        rows: int,
        some_read: bool,
        titles: Sequence[tuple[int, str]],
    ) -> None:
        """Ask about amounts; `rows` were read, and `some_read` says whether any of them is accepted."""
        has_amounts = any(isinstance(parsers[name], Amounts) for name in layout.places)
        for _, title in titles if has_amounts else ():
            if scale := scale_in_title(title):
                findings.add(AMOUNT_UNIT, what=TITLE, column=repr(clip(title)), unit=scale)
        for field, parser in parsers.items():
            place = layout.places.get(field)
            if place is None or not (isinstance(parser, Amounts) or field in _NUMBERS):
                continue
            header = layout.header[place]
            unit = _UNIT.search(_BETWEEN_WORDS.sub(" ", header))
            if unit is not None:
                findings.add(AMOUNT_UNIT, what=HEADER, column=repr(header), unit=unit[0])
            if isinstance(parser, Amounts) and parser.sides and parser.negative is None:
                sides = list(parser.sides)
                findings.add(
                    DEBIT_CREDIT,
                    column=repr(header),
                    sides=", ".join(sides),
                    example=next(iter(parser.sides.values())),
                    options=one_of(f"--{NEGATIVE} {spell(header, [side.upper()])}" for side in sides),
                )
            found = self._found.get(field)
            if some_read and found is not None and found.count * _ODD > rows:
                findings.add(
                    AMOUNTS_NOT_UNDERSTOOD,
                    column=repr(header),
                    count=f"{found.count:,}",
                    rows=f"{rows:,}",
                    example=repr(clip(found.example.strip())),
                    line=found.line,
                )
