"""The rejects file: every row that was not accepted, with its reason, safe to open in a spreadsheet."""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.errors import N_, NotReady, Phrase
from bot.services.imports.read.cells.guards import harmless
from bot.services.imports.read.records import REJECTS
from bot.services.imports.report import FIRST_REJECTS, Rejected
from bot.services.tombstones import Tombstones

NAMES_ERASED = Phrase(N_("the row names a customer or person who was erased, and is not kept"))


class Rejects:
    """Counts rejected rows, keeps the first ones, and writes all of them to a file if there is a folder."""

    def __init__(
        self, folder: Path | None, header: Sequence[str], tombstones: Tombstones | None = None
    ) -> None:
        self.count = 0
        self.first: list[Rejected] = []
        self._folder = folder
        self._header = header
        self._tombstones = tombstones
        self._handle: Any = None

    def add(self, *, line: int, column: str, value: str, reason: str, cells: Sequence[str]) -> None:
        """Reject one row. Raises NotReady when the file cannot be written.

        Of a row that names somebody who was erased, only the line is kept.
        """
        if self._tombstones and any(self._tombstones.of_anybody(cell) for cell in cells):
            column, value, reason, cells = "", "", NAMES_ERASED, [""] * len(cells)
        self.count += 1
        if len(self.first) < FIRST_REJECTS:
            self.first.append(Rejected(line=line, column=column, value=value, reason=reason))
        if self._folder is not None:
            with self._writing():
                if self._handle is None:
                    self._open(self._folder)
                self._writer.writerow([line, *map(harmless, (column, value, reason, *cells))])

    def finish(self) -> None:
        """Write what is still in memory: before anything is stored, because after it a full disk would be too late."""
        if self._handle is not None:
            with self._writing():
                self._handle.close()

    def keep(self, name: str) -> Path | None:
        """Give the finished file its final name; None when nothing was rejected."""
        if self._handle is None or self._folder is None:
            return None
        final = Path(self._handle.name).replace(self._folder / name)
        self._handle = None
        return final

    def drop(self) -> None:
        """Delete an unfinished file."""
        if self._handle is not None:
            with suppress(OSError):  # the disk is full
                self._handle.close()
            Path(self._handle.name).unlink(missing_ok=True)
            self._handle = None

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed by finish() or drop()
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

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotReady(
                N_(
                    "Nothing was stored, because the rejected rows cannot be written to %(folder)s: %(reason)s."
                    " Make room there, or let Tierbot write there, and import again."
                ),
                folder=self._folder,
                reason=error.strerror,
            ) from None
