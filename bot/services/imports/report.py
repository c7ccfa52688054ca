"""The options of an import, and the reports of an import and an undo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.errors import N_, BadInput, one_of
from bot.services.imports.check.findings import FileFinding, Level

FIRST_REJECTS = 50
PREVIEW_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How to read a file, where the file itself does not show it, and what to do with it."""

    source: str = "file"
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column header
    currency: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    decimal: Literal["point", "comma"] | None = None
    century: int | None = None  # the first of the hundred years that years of two digits are from
    accepted: tuple[str, ...] = ()  # names of findings
    only: tuple[str, ...] = ()  # COLUMN=WORD,…: of this column, only rows with these words count
    skip: tuple[str, ...] = ()  # COLUMN=WORD,…: rows with these words do not count
    negative: tuple[str, ...] = ()  # COLUMN=WORD,…: amounts of rows with these words are negative
    forget: bool = False  # the answers and columns that earlier imports of the source gave
    forget_only: tuple[str, ...] = ()  # of these, options, findings and fields
    again: tuple[str, ...] = ()  # codes, names and addresses of who was erased and is to come back
    expected_sha256: str | None = None  # of the preview; a file that differs is refused
    dry_run: bool = False
    timezone: str = "UTC"  # the firm's: a time with an offset belongs to the day that it is there
    firm_currency: str | None = None  # amounts in other currencies are converted to it
    admins: tuple[str, ...] = ()  # addresses of people who are admins by the settings
    complaint_kinds: Path | None = None  # the firm's own; None: the shipped ones
    gift_rules: Path | None = None  # the same
    survey_scales: Path | None = None  # the same
    profile_fields: Path | None = None  # of customer profiles, in the same way
    kind_options: Mapping[str, Any] = field(default_factory=dict)  # name of a KindOption -> its value

    def refuse_unknown(self) -> None:
        """Refuse a style that does not exist."""
        for flag, given, allowed in (
            ("--date-order", self.date_order, ("dmy", "mdy", "ymd")),
            ("--decimal", self.decimal, ("point", "comma")),
        ):
            if given is not None and given not in allowed:
                raise BadInput(
                    N_("%(flag)s %(given)s is not known; use %(allowed)s."),
                    flag=flag,
                    given=given,
                    allowed=one_of(allowed),
                )
        if self.century is not None and not 1800 <= self.century <= 2100:
            raise BadInput(
                N_("--century %(given)d is not a year; give the first of the hundred years, such as 2000."),
                given=self.century,
            )


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """One row that was not accepted: its line, the column and value at fault, and the reason."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The outcome of every row: accepted + rejected + skipped == rows.

    created + changed + unchanged == accepted, less the rows that were added to others.
    """

    batch_id: int | None
    kind: str
    rows: int
    accepted: int
    rejected: int
    skipped: int  # lines that are no rows of the list, and rows that a person left out
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
    findings: tuple[FileFinding, ...]
    remembered: Mapping[str, Any]  # option -> value, from earlier imports of the source
    dry_run: bool

    @property
    def open_findings(self) -> tuple[FileFinding, ...]:
        """What would refuse the file; none after an import that was not a dry run."""
        return tuple(one for one in self.findings if one.level is not Level.NOTE)


@dataclass(frozen=True, kw_only=True)
class UndoReport:
    """How many rows an undo removed and restored."""

    batch_id: int
    kind: str
    removed: int
    restored: int
