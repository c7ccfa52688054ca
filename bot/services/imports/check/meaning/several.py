"""Activities of which one row stands for several."""

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

SEVERAL_IN_A_ROW = FindingType(
    name="several-in-a-row",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s says how many activities a row stands for. Rows that do not stand for one: %(count)d (line"
        " %(line)d: %(cell)s)."
    ),
    answer=N_("Export a row for each activity with its day; --yes several-in-a-row counts each row once."),
    accept=True,
)


class RowCounts:
    """Looks for rows that stand for several activities, or for none."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._places = [
            place for place, name in job.layout.unused.items() if plain(name) in vocabulary.SEVERAL_HEADERS
        ]
        self._found: dict[int, tuple[int, int, str]] = {}  # place -> how many, the first line and cell

    def take(self, chunk: Chunk, rows: list[int]) -> None:
        """Note the accepted rows of a chunk that do not stand for one."""
        for place in self._places:
            cells = chunk.columns[place]
            odd = {cell for cell in set(cells) if _is_not_one(cell)}
            found = [row for row in rows if cells[row] in odd] if odd else []
            if found:
                many, line, cell = self._found.get(place, (0, chunk.lines[found[0]], cells[found[0]]))
                self._found[place] = many + len(found), line, cell

    def check(self) -> None:
        """Add what was noted to the findings."""
        for place, (many, line, cell) in self._found.items():
            header = self._job.layout.header[place]
            self._job.findings.add(
                SEVERAL_IN_A_ROW, column=repr(header), count=many, line=line, cell=clip(cell.strip())
            )


def _is_not_one(cell: str) -> bool:
    """Whether a cell is a number other than 1."""
    return read_decimal(dissect(cell)[0], lambda: "point") not in (None, 1)
