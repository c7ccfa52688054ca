"""Files that Tierbot writes beside the database: rejected rows, in which somebody may be named, and copies of the database."""

import csv
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from bot.errors import N_, NotReady
from bot.services.imports.read.cells.guards import unguarded
from bot.services.privacy.texts import Names
from db.engine import Database

REJECTS = "rejects"  # the folder of the rejected rows of imports, in the data folder
_OWN = 4  # columns before those of the file: line, column, value, reason


def find_rows(data_dir: Path, names: Names, codes: Sequence[str]) -> dict[Path, list[list[str]]]:
    """File of rejected rows -> its rows in which somebody is named, or one of the codes stands in a cell."""
    found = {}
    for path in _rejects(data_dir):
        rows = [row for row in list(_rows(path))[1:] if _is_about(row, names, codes)]
        if rows:
            found[path] = rows
    return found


def remove_rows(data_dir: Path, names: Names, codes: Sequence[str]) -> int:
    """Remove these rows; a file without other rows is deleted. How many. Raises NotReady when a file cannot be written."""
    removed = 0
    for path, rows in find_rows(data_dir, names, codes).items():
        header, *every = _rows(path)
        rest = [row for row in every if not _is_about(row, names, codes)]
        try:
            _write(path, [header, *rest]) if rest else path.unlink()
        except OSError as error:
            raise NotReady(
                N_("%(file)s holds rows about them and cannot be changed: %(reason)s."),
                file=path,
                reason=error.strerror,
            ) from None
        removed += len(rows)
    return removed


def delete_old(data_dir: Path, before: datetime) -> int:
    """Delete the files of rejected rows that were last written before a moment; how many."""
    old = [path for path in _rejects(data_dir) if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def copies(database: Database) -> list[Path]:
    """Copies of the database that upgrades and restores left beside it."""
    if not database.is_sqlite or not database.file.name:
        return []
    return sorted(database.file.parent.glob(f"{database.file.name}.before-*"))


def _rejects(data_dir: Path) -> list[Path]:
    folder = data_dir / REJECTS
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        yield from csv.reader(file)


def _is_about(row: Sequence[str], names: Names, codes: Sequence[str]) -> bool:
    cells = [unguarded(cell).strip() if cell[:1] in "='" and cell else cell.strip() for cell in row]
    return (
        not set(cells).isdisjoint(codes)
        or any(names.pattern.search(cell) or cell.casefold() in names.exact for cell in cells)
        or any(map(names.pattern.fullmatch, _in_two_cells(cells)))
    )


def _in_two_cells(cells: Sequence[str]) -> Iterator[str]:
    """What stands in neighbouring cells as one name: files have first and last names apart."""
    for one, other in pairwise(cells):
        if one and other:
            yield from (f"{one} {other}", f"{other} {one}", f"{one}{other}", f"{other}{one}")


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
