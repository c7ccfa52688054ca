"""Activities of which one row stands for several, and those that the book has already."""

from sqlalchemy import Table, and_, exists, func, or_, select

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.known.other_numbers import bare
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain
from db.book.facts import Activity
from db.book.imports import table

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
KNOWN_ACTIVITIES = FindingType(
    name="known-activities",
    level=Level.QUESTION,
    sentence=N_(
        "Activities that seem to be new are in the book already, with the same customer, day and kind, but"
        " %(difference)s: %(count)s (the first is on line %(line)d). They would count twice."
    ),
    answer=N_("Import them as before: %(remedy)s; --yes known-activities: both count."),
    accept=True,
)
_OF_IDS = {
    True: (Phrase(N_("without an id")), Phrase(N_("--map id=- leaves out the ids"))),
    False: (
        Phrase(N_("with an id")),
        Phrase(N_("export the file with the ids, or name their column with --map id=COLUMN")),
    ),
}
_OF_TIMES = Phrase(N_("with a time of day")), Phrase(N_("export the file with the times"))
_OF_NOTES = (
    Phrase(
        N_(
            "with another person or note, where one of the two has none, or a note with another point at its end"
        )
    ),
    Phrase(N_("export the file with the same columns")),
)
DERIVED = "row-"  # begins the id of an activity that came without one
_REQUIRED, _OPTIONAL = ("customer_id", "happened_on", "kind"), ("person_id", "note")
_activity = table(Activity)


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


def ask_about_known_activities(job: ImportJob, stage: Table) -> None:
    """Ask about staged activities that the book has by another source or style of id, or without what now tells them apart.

    A person or a note that only one of the two has is no difference; neither is a time of day that only the book has.
    """
    own, known = _activity.alias(), _activity.c
    is_known = exists(select(1).where(own.c.source == job.source, own.c.external_id == stage.c.key))
    had_none, has_none = (key.startswith(DERIVED) for key in (known.external_id, stage.c.key))
    had_time, has_time = (key.contains("@") for key in (known.external_id, stage.c.key))
    optional = [(known[name], stage.c[name]) for name in _OPTIONAL]
    alike = [(known.person_id, stage.c.person_id), (bare(known.note), bare(stage.c.note))]
    differs_in_part = or_(*(old.is_distinct_from(new) for old, new in optional))
    same = and_(
        *(known[name] == stage.c[name] for name in _REQUIRED),  # found by their index
        *(or_(old.is_(None), new.is_(None), old == new) for old, new in alike),
        or_(
            and_(or_(known.source != job.source, had_none != has_none), ~differs_in_part),
            and_(
                known.source == job.source,
                had_none,
                has_none,
                or_(differs_in_part, and_(had_time, ~has_time)),
            ),
        ),
    )
    matched = stage.join(_activity, same)
    columns = stage.c.line, known.source, had_none, has_none, had_time
    found = select(*columns).select_from(matched).where(~is_known).order_by(stage.c.line, known.id).limit(1)
    first = job.connection.execute(found).first()
    if first is None:
        return
    count = select(func.count(stage.c.line.distinct())).select_from(matched).where(~is_known)
    line, source, came_without, comes_without, came_with_time = first
    if source != job.source:
        difference = Phrase(N_("from the source %(source)s"), source=source)
        remedy = Phrase(N_("--source %(source)s if the file comes from there"), source=source)
    elif came_without != comes_without:
        difference, remedy = _OF_IDS[bool(came_without)]
    elif came_with_time:
        difference, remedy = _OF_TIMES
    else:
        difference, remedy = _OF_NOTES
    job.findings.add(
        KNOWN_ACTIVITIES,
        about=source if source != job.source else "",
        difference=difference,
        count=f"{job.connection.execute(count).scalar_one():,}",
        line=line,
        remedy=remedy,
    )
