"""Rows that --only and --skip leave out although the book has them: an order that was cancelled since, for example."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Table, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import AT_ONCE, ImportJob
from bot.services.imports.read.refusal import clip
from db.types import units

LEFT_OUT_KNOWN = FindingType(
    name="left-out-known",
    level=Level.QUESTION,
    sentence=N_(
        "Rows that --only or --skip leave out are in the book with an amount, and go on counting there: %(count)s"
        " (the first is %(key)s on line %(line)d)."
    ),
    answer=N_(
        "If they no longer count, first import a file of these rows with amount 0, without the column by which rows are"
        " chosen; --yes left-out-known leaves them in the book as they are."
    ),
    accept=True,
)


class LeftOut:
    """Collects the numbers of left-out rows that the book has with an amount."""

    def __init__(self, job: ImportJob, key_field: str, known: Table | None, stage: Table) -> None:
        """`known` is the table of the numbers of a kind; nothing is collected without one that has amounts."""
        self._job = job
        self._place = job.layout.places.get(key_field)
        self._known = known if known is not None and "amount" in known.c else None
        self._stage = stage
        self._read = job.codes(key_field)
        self._found: dict[str, int] = {}  # number -> its first line

    def note(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Note those of some left-out rows that the book has."""
        known, place = self._known, self._place
        if known is None or place is None:
            return
        numbers: dict[str, int] = {}
        for line, cells in zip(lines, rows, strict=True):
            number = self._read(cells[place].strip())
            if isinstance(number, str):
                numbers.setdefault(number, line)
        counting = units(known.c.amount) != 0
        there = select(known.c.external_id).where(known.c.source == self._job.source, counting)
        with self._job.connection.begin():
            for some in _parts(numbers):
                for number in self._job.connection.scalars(there.where(known.c.external_id.in_(some))):
                    self._found.setdefault(number, numbers[number])

    def check(self) -> None:
        """Ask about the numbers that no other row of the file has: such a row says what is left of an order."""
        staged = select(self._stage.c.key)
        with self._job.connection.begin():
            for some in _parts(self._found):
                for number in self._job.connection.scalars(staged.where(self._stage.c.key.in_(some))):
                    del self._found[number]
        if self._found:
            key, line = min(self._found.items(), key=lambda item: item[1])
            self._job.findings.add(
                LEFT_OUT_KNOWN, count=f"{len(self._found):,}", key=repr(clip(key)), line=line
            )


def _parts(numbers: dict[str, int]) -> Iterator[list[str]]:
    wanted = sorted(numbers)
    for start in range(0, len(wanted), AT_ONCE):
        yield wanted[start : start + AT_ONCE]
