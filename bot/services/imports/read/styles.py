"""How a column writes its dates and amounts, decided once, from the whole column, when a value first leaves it open."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from bot.errors import N_, BadInput
from bot.services.imports.read import amounts, dates
from bot.services.imports.read.encoding import FileFacts
from bot.services.imports.read.records import Broken, Records, header_of, open_text


class Styles:
    """Decides per column; reads the file a second time only for a column that needs it."""

    def __init__(
        self,
        facts: FileFacts,
        delimiter: str,
        *,
        date_order: Literal["dmy", "mdy"] | None,
        decimal: Literal["point", "comma"] | None,
    ) -> None:
        self._facts = facts
        self._delimiter = delimiter
        self._date_order = date_order
        self._decimal = decimal
        self._orders: dict[int, dates.Order] = {}
        self._decimals: dict[int, amounts.Style] = {}

    def date_order(self, place: int, header: str) -> Callable[[str], dates.Order]:
        return partial(self._order, place, header)

    def decimal(self, place: int, header: str) -> Callable[[str], amounts.Style]:
        return partial(self._style, place, header)

    def _order(self, place: int, header: str, text: str) -> dates.Order:
        if self._date_order is not None:
            return self._date_order
        if place not in self._orders:
            found = self._evidence(place, lambda cell: dates.proves(cell))
            if len(found) != 1:
                raise BadInput(
                    N_(
                        "%(file)s: the column %(column)s does not show whether the day or the month comes first "
                        "(%(example)s); give --date-order dmy or --date-order mdy."
                    ),
                    file=self._facts.path.name,
                    column=repr(header),
                    example=_example(found, text),
                )
            self._orders[place] = "dmy" if "dmy" in found else "mdy"
        return self._orders[place]

    def _style(self, place: int, header: str, text: str) -> amounts.Style:
        if self._decimal is not None:
            return self._decimal
        if place not in self._decimals:
            found = self._evidence(place, _proves_decimal)
            if not found and "." in text and self._delimiter == ",":
                # A comma-separated file comes from where the decimal sign is a point.
                found = {"point": (0, text)}
            if len(found) != 1:
                raise BadInput(
                    N_(
                        "%(file)s: the column %(column)s does not show whether a comma or a point marks the decimals "
                        "(%(example)s); give --decimal point or --decimal comma."
                    ),
                    file=self._facts.path.name,
                    column=repr(header),
                    example=_example(found, text),
                )
            self._decimals[place] = "comma" if "comma" in found else "point"
        return self._decimals[place]

    def _evidence(self, place: int, proves: Callable[[str], str | None]) -> dict[str, tuple[int, str]]:
        """Style -> the first line and cell that prove it."""
        found: dict[str, tuple[int, str]] = {}
        for line, cell in self._column(place):
            style = proves(cell)
            if style is not None and style not in found:
                found[style] = (line, cell)
                if len(found) > 1:
                    break
        return found

    def _column(self, place: int) -> Iterator[tuple[int, str]]:
        with open_text(self._facts) as handle:
            records = iter(Records(handle, self._delimiter))
            _, header = header_of(records, self._facts.path.name)
            for record in records:
                if not isinstance(record, Broken) and len(record[1]) == len(header):
                    yield record[0], record[1][place]


def _proves_decimal(cell: str) -> str | None:
    text = cell.strip()
    if "." not in text and "," not in text:
        return None
    return amounts.shape(amounts.dissect(text)[0]) or None


def _example(found: dict[str, tuple[int, str]], text: str) -> str:
    if found:
        return ", ".join(f"line {line}: {cell.strip()}" for line, cell in found.values())
    return f"for example {text}"
