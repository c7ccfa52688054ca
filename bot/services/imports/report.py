"""What an import is asked to do and what it tells afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FIRST_REJECTS = 50
PREVIEW_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What the importer says about the file where the file itself does not."""

    source: str = "file"
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column header
    currency: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    decimal: Literal["point", "comma"] | None = None
    expected_sha256: str | None = None  # of the preview; a file that differs is refused
    dry_run: bool = False
    create_customers: bool = False
    firm_currency: str | None = None  # what amounts in other currencies are converted to
    covers: tuple[str, ...] = ()  # activities: KIND=FROM..TO, periods for which the source has them all


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """One row that was not taken: where, what stands there, and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What became of every row: accepted + rejected == rows, created + changed + unchanged == accepted."""

    batch_id: int | None
    kind: str
    source: str
    rows: int
    accepted: int
    rejected: int
    created: int
    changed: int
    unchanged: int
    customers_created: int
    blank_rows: int
    rejects_file: Path | None
    first_rejects: tuple[Rejected, ...]
    columns: Mapping[str, str]  # field -> header
    ignored_columns: tuple[str, ...]
    encoding: str
    delimiter: str
    file_sha256: str
    preview: tuple[Mapping[str, str], ...]
    same_file_as: int | None
    dry_run: bool


@dataclass(frozen=True, kw_only=True)
class UndoReport:
    """What taking an import back removed and put back."""

    batch_id: int
    kind: str
    removed: int
    restored: int
