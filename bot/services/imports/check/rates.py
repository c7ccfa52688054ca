"""What exchange rates mean: whose value, in which currency, of how many units. A rate of another meaning is asked about."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read import currencies
from bot.services.imports.read.amounts import number_in
from bot.services.imports.read.filters import spell
from bot.services.imports.read.headers import names
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain
from db.book.trade.exchange_rates import rates_to

RATE_TARGET = FindingType(
    name="rate-target",
    level=Level.QUESTION,
    sentence=N_(
        "By the column %(column)s, rates lead to another currency than %(firm)s: %(said)s (line %(line)d)."
    ),
    answer=N_(
        "Give --only %(option)s to take the rates to %(firm)s; where there are none, export rates to %(firm)s."
    ),
)
RATE_UNIT = FindingType(
    name="rate-unit",
    level=Level.QUESTION,
    sentence=N_(
        "By the column %(column)s, rates are those of several units: %(said)s (%(currency)s, line %(line)d)."
    ),
    answer=N_(
        "Divide these rates, so that each is the value of one unit; --yes rate-unit: they are those of one unit already."
    ),
    accept=True,
)
INVERSE_RATES = FindingType(
    name="inverse-rates",
    level=Level.QUESTION,
    sentence=N_(
        "The rates seem to be written the other way round: %(currency)s %(rate)s (line %(line)d), where one %(currency)s is"
        " usually worth about %(usual)s %(firm)s."
    ),
    answer=N_(
        "Write how much %(firm)s one unit of each currency is worth (1 divided by these rates); --yes inverse-rates: they"
        " are written so."
    ),
    accept=True,
)
UNLIKELY_RATE = FindingType(
    name="unlikely-rate",
    level=Level.QUESTION,
    sentence=N_(
        "Rates of %(currency)s are far from the usual: %(rate)s (line %(line)d), where one %(currency)s is usually worth"
        " about %(usual)s %(firm)s."
    ),
    answer=N_(
        "Correct them: a rate is the value of one unit, not of 100; --yes unlikely-rate takes them as they are."
    ),
    accept=True,
)
RATE_JUMP = FindingType(
    name="rate-jump",
    level=Level.QUESTION,
    sentence=N_(
        "The rate of %(currency)s jumps from %(before)s to %(rate)s (line %(line)d: %(day)s), which looks like a misplaced"
        " decimal sign."
    ),
    answer=N_("Correct it; --yes rate-jump takes the rates as they are."),
    accept=True,
)
_TARGETS = names(
    "to, to currency, target, target currency, currency to, into currency, quote currency, counter currency, to ccy",
    "目标币种, 目标货币, 目标币别, 目的币种, 兑换币种, 对应币种, 折算币种, 折合币种, 换算币种, 本位币, 本位币币种",
    "Zielwährung, nach, nach Währung, Währung nach, in Währung, Gegenwährung, Hauswährung",
    "local currency, reporting currency, devise cible, moneda destino",
)
_BASES = names("base, base currency, basis, Basiswährung, 基准货币, 基础货币, 基准币种")
_UNITS = names(
    "unit, units, per, per units, currency unit, currency units, unit of currency, rate unit, quotation unit, nominal",
    "from factor, ratio from, factor, multiplier, scale, amount, number of units, ratio",
    "单位, 货币单位, 计价单位, 外币单位, 报价单位, 单位数, 数量, 兑换单位",
    "Einheit, Einheiten, Faktor, Währungseinheit, Notierung, pro, je",
)
_HUNDRED = re.compile(
    r"(?<![0-9])1(?:00|000)(?![0-9])|每百|百元|百单位|per hundred|je hundert", re.IGNORECASE
)
# Units of a US dollar, roughly: only an error of a factor of twenty, or the other way round, shows by them.
_PER_DOLLAR = {
    "USD": 1.0,
    "EUR": 0.91,
    "GBP": 0.78,
    "CHF": 0.87,
    "CNY": 7.1,
    "HKD": 7.8,
    "TWD": 31.5,
    "JPY": 140.0,
    "KRW": 1_330.0,
    "SGD": 1.34,
    "MYR": 4.4,
    "THB": 34.5,
    "IDR": 15_800.0,
    "VND": 25_000.0,
    "PHP": 57.0,
    "INR": 84.0,
    "AUD": 1.5,
    "NZD": 1.65,
    "CAD": 1.37,
    "MXN": 18.5,
    "BRL": 5.4,
    "SEK": 10.4,
    "NOK": 10.6,
    "DKK": 6.8,
    "PLN": 3.95,
    "CZK": 23.0,
    "HUF": 365.0,
    "RON": 4.55,
    "ILS": 3.65,
    "AED": 3.67,
    "SAR": 3.75,
    "ZAR": 18.2,
    "KZT": 480.0,
}
_FAR = math.log(20)
_JUMP = math.log(5)  # between two rates of one currency
_CLOSE = math.log(2)  # so near to the inverse of the usual rate
_NEAR_ONE = math.log(1.15)  # a rate and its inverse differ too little to tell


class RateMeaning:
    """Looks at the columns beside the rates while a file is read, and at the rates when all are known."""

    def __init__(self, job: ImportJob, firm: str) -> None:
        self._job = job
        self._firm = firm
        unused = job.layout.unused
        self._targets = [place for place, name in unused.items() if plain(name) in _TARGETS]
        self._bases = [place for place, name in unused.items() if plain(name) in _BASES]
        self._units = [place for place, name in unused.items() if plain(name) in _UNITS]
        self._rates: dict[str, list[tuple[str, int, str]]] = defaultdict(list)  # currency -> day, line, rate
        self._has_base = (
            False  # whether a column says that the firm's currency is the one that is worth a rate
        )

    def take(self, chunk: Chunk, rows: Sequence[int]) -> None:
        """Note the rates of these rows, and ask about columns that say something else of them."""
        for row in rows:
            self._rates[chunk.values["currency"][row]].append(
                (chunk.values["date"][row], chunk.lines[row], chunk.values["rate"][row])
            )
        self._ask_about_targets(chunk)
        for place in list(self._units):
            several = {cell for cell in set(chunk.columns[place]) if _is_several(cell)}
            at = next((row for row in rows if chunk.columns[place][row] in several), None)
            if at is not None:
                self._units.remove(place)
                self._ask_about_unit(
                    place, chunk.columns[place][at].strip(), chunk.values["currency"][at], chunk.lines[at]
                )
        for place in self._bases:
            at = next((row for row in rows if _codes(chunk.columns[place][row]) == (self._firm,)), None)
            if at is not None:
                self._has_base = True

    def check(self) -> None:
        """Ask about rates that cannot be what they seem."""
        header = self._job.layout.columns.get("rate", "")
        first = next(((currency, found[0]) for currency, found in self._rates.items() if found), None)
        if first is None:
            return
        if (said := _HUNDRED.search(header)) is not None:
            self._ask_about_unit(self._job.layout.places["rate"], said[0], first[0], first[1][1])
        known = self._of_the_book()
        usual = {currency: self._usual(currency, known) for currency in self._rates}
        self._check_direction(usual, known)
        self._check_jumps(known)

    def _ask_about_targets(self, chunk: Chunk) -> None:
        for place in list(self._targets):
            cells = chunk.columns[place]
            other = {cell for cell in set(cells) if (codes := _codes(cell)) and self._firm not in codes}
            if not other:
                continue
            row = next(row for row, cell in enumerate(cells) if cell in other)
            self._targets.remove(place)
            own = next((cell.strip() for cell in set(cells) if self._firm in _codes(cell)), self._firm)
            column = self._job.layout.header[place]
            self._job.findings.add(
                RATE_TARGET,
                column=repr(column),
                firm=self._firm,
                said=clip(cells[row].strip()),
                line=chunk.lines[row],
                option=spell(column, [own]),
            )

    def _ask_about_unit(self, place: int, said: str, currency: str, line: int) -> None:
        self._job.findings.add(
            RATE_UNIT,
            column=repr(self._job.layout.header[place]),
            said=clip(said),
            currency=currency,
            line=line,
        )

    def _of_the_book(self) -> Mapping[str, list[tuple[str, str]]]:
        """Currency -> day and rate of what the book knows, oldest first."""
        known: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for currency, day, rate in rates_to(self._job.connection, self._firm):
            known[currency].append((day.isoformat(), rate))
        return known

    def _usual(self, currency: str, known: Mapping[str, list[tuple[str, str]]]) -> float | None:
        """About what one unit is worth: by the newest rate of the book, else by the table."""
        if known.get(currency):
            return float(known[currency][-1][1])
        if currency in _PER_DOLLAR and self._firm in _PER_DOLLAR:
            return _PER_DOLLAR[self._firm] / _PER_DOLLAR[currency]
        return None

    def _check_direction(
        self, usual: Mapping[str, float | None], known: Mapping[str, list[tuple[str, str]]]
    ) -> None:
        inverse: list[tuple[str, int, str]] = []
        plausible = 0
        for currency, found in self._rates.items():
            about = usual[currency]
            if about is None:
                continue
            logs = [math.log(float(rate) / about) for _, _, rate in found]
            usual_log = 2 * math.log(about)
            far = sum(abs(one) for one in logs) / len(logs)
            turned = sum(abs(one + usual_log) for one in logs) / len(logs)
            _, line, rate = found[0]
            if far > _NEAR_ONE and turned * 2 < far and turned < _CLOSE:
                inverse.append((currency, line, rate))
            elif far > _FAR and not known.get(currency):
                at = max(range(len(logs)), key=lambda place: abs(logs[place]))
                self._add(UNLIKELY_RATE, currency, *found[at][1:], about)
            else:
                plausible += far <= _NEAR_ONE
        if inverse and (self._has_base or len(inverse) > plausible):
            currency, first, rate = max(inverse, key=lambda one: abs(math.log(float(one[2]))))
            self._add(INVERSE_RATES, currency, first, rate, usual[currency] or 0)

    def _check_jumps(self, known: Mapping[str, list[tuple[str, str]]]) -> None:
        """Ask about two rates of one currency, one after the other, that differ more than currencies do."""
        asked = any(one.type in (INVERSE_RATES, UNLIKELY_RATE) for one in self._job.findings)
        for currency, found in self._rates.items():
            own = {day for day, _, _ in found}
            before = [(day, 0, rate) for day, rate in known.get(currency, ()) if day not in own]
            for (_, _, one), (day, line, other) in pairwise(sorted([*found, *before])):
                if abs(math.log(float(other) / float(one))) >= _JUMP and line and not asked:
                    self._job.findings.add(
                        RATE_JUMP, currency=currency, before=one, rate=other, line=line, day=day
                    )
                    break

    def _add(self, asked: FindingType, currency: str, line: int, rate: str, about: float) -> None:
        self._job.findings.add(
            asked, currency=currency, line=line, rate=rate, usual=f"{about:.3g}", firm=self._firm
        )


def _codes(cell: str) -> tuple[str, ...]:
    return currencies.possible(cell.strip())


def _is_several(cell: str) -> bool:
    """Whether a cell is a number of units above one, such as 100."""
    number: Any = number_in(cell, "point")
    return number is not None and number in (10, 100, 1_000, 10_000)
