"""What verifying finds: values that nothing explains, and values that later imports explain."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from db.book.trade import order_totals
from db.graded.runs import GradingRun

MOST_LISTED = 100  # differences of one table
ASSESSMENT, DATA = "assessment", "data"


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One stored value that differs from what follows from everything else that is stored."""

    customer: str = ""  # its code; empty when it is not about one
    as_of: date | None = None
    run_id: int | None = None
    # A column of the assessment, `scheme`, `data.FIELD` (what the book says of a stored input), or TABLE.COLUMN.
    what: str
    row: str = ""  # of another table, as `override 3`
    stored: Any
    computed: Any


@dataclass(frozen=True, kw_only=True)
class DataChange:
    """Stored inputs that the book no longer gives, and why: `by` as `import 12`."""

    customer: str
    as_of: date
    run_id: int
    fields: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(kw_only=True)
class Verified:
    """What was verified. Counts are of everything found; of each table the first hundred values are listed."""

    assessments: int = 0
    without_state: int = (
        0  # of them, those whose earlier runs are gone: only columns that follow from the inputs
    )
    differing: int = 0  # assessments that grading their inputs again does not give
    data_compared: int = 0  # assessments whose inputs were compared with the book
    data_differing: int = 0  # of them, those whose data was changed by no import
    data_changed: int = 0  # of them, those whose data was changed since, by imports and the like
    data_unknown: Counter[str] = field(
        default_factory=Counter
    )  # why inputs could not be compared -> assessments
    others_differing: int = 0  # runs, tier changes, overrides, schemes and imports
    differences: list[Mismatch] = field(default_factory=list)
    changes: list[DataChange] = field(default_factory=list)  # of data, the first hundred
    totals: list[order_totals.Discrepancy] = field(default_factory=list)
    unfinished: list[int] = field(default_factory=list)  # runs that were started and not published
    bytes_each: float | None = None  # of a stored assessment, indexes included

    def __post_init__(self) -> None:
        self._listed: Counter[str] = Counter()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that nothing explains."""
        return not (self.differing or self.data_differing or self.others_differing or self.totals)

    @property
    def is_cut(self) -> bool:
        """Whether more values differ than are listed."""
        return any(count > MOST_LISTED for count in self._listed.values())

    def show(self, table: str, found: Mismatch) -> None:
        """List a mismatch, unless a hundred of its table are listed already."""
        self._listed[table] += 1
        if self._listed[table] <= MOST_LISTED:
            self.differences.append(found)

    def add_other(
        self,
        what: str,
        *,
        stored: Any,
        computed: Any,
        run: GradingRun | None = None,
        row: str = "",
        customer: str = "",
    ) -> None:
        """Count and list a mismatch of another table than the assessments; `what` is TABLE.COLUMN."""
        self.others_differing += 1
        found = Mismatch(
            customer=customer,
            as_of=run.as_of if run else None,
            run_id=run.id if run else None,
            what=what,
            row=row,
            stored=stored,
            computed=computed,
        )
        self.show(what.partition(".")[0], found)
