"""The rejects file: every row that was not accepted, with its reason, safe to open in a spreadsheet."""

import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.services.imports.read.cells.guards import harmless
from bot.services.imports.read.records import REJECTS
from bot.services.imports.report import FIRST_REJECTS, Rejected


class Rejects:
    """Counts rejected rows, keeps the first ones, and writes all of them to a file if there is a folder."""

    def __init__(self, folder: Path | None, header: Sequence[str]) -> None:
        self.count = 0
        self.first: list[Rejected] = []
        self._folder = folder
        self._header = header
        self._handle: Any = None

    def add(self, *, line: int, column: str, value: str, reason: str, cells: Sequence[str]) -> None:
        """Reject one row."""
        self.count += 1
        if len(self.first) < FIRST_REJECTS:
            self.first.append(Rejected(line=line, column=column, value=value, reason=reason))
        if self._folder is not None:
            if self._handle is None:
                self._open(self._folder)
            self._writer.writerow([line, *map(harmless, (column, value, reason, *cells))])

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed by keep() or drop()
            "w",
            encoding="utf-8-sig",
            newline="",
            dir=folder,
            prefix=".rejects-",
            suffix=".partial",
            delete=False,
        )
        self._writer = csv.writer(self._handle)
        self._writer.writerow([*REJECTS, *map(harmless, self._header)])

    def keep(self, name: str) -> Path | None:
        """Close the file under its final name; None when nothing was rejected."""
        if self._handle is None or self._folder is None:
            return None
        self._handle.close()
        final = Path(self._handle.name).replace(self._folder / name)
        self._handle = None
        return final

    def drop(self) -> None:
        """Delete an unfinished file."""
        if self._handle is not None:
            self._handle.close()
            Path(self._handle.name).unlink(missing_ok=True)
            self._handle = None
