"""What a profile says about a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.services.imports.check.findings import FileFinding
from bot.services.imports.profile.choices import OpenChoice
from bot.services.imports.profile.guess import How
from bot.services.imports.profile.totals import Totals
from bot.services.imports.report import ImportReport


@dataclass(frozen=True, kw_only=True)
class UsedColumn:
    """The column of a field, with example values."""

    field: str
    header: str
    how: How
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FileProfile:
    """What a file is, and the command that imports it."""

    path: Path
    kind: str
    others: tuple[str, ...]  # kinds that it may be as well
    grain: str
    encoding: str
    delimiter: str
    header_line: int
    columns: tuple[UsedColumn, ...]
    ignored: Mapping[str, tuple[str, ...]]  # header -> example values
    missing: tuple[str, ...]  # required fields that no column seems to hold
    currency: str
    totals: Totals
    report: ImportReport | None  # of the dry run; None when a required field is missing
    problem: str | None  # why there was no dry run
    choices: tuple[OpenChoice, ...]
    first: tuple[str, ...]  # what must be imported or set before
    command: tuple[str, ...]

    @property
    def open_findings(self) -> tuple[FileFinding, ...]:
        """Questions and refusals that no option of the command alternatives."""
        return self.report.open_findings if self.report else ()
