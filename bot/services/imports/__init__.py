"""CSV files into the book, and out again: `import_file`, `undo`, `history`."""

from bot.services.imports.joins.command import JoinReport, join_customers
from bot.services.imports.joins.duplicates import LikelyPair, find_duplicates
from bot.services.imports.kind import KindOption
from bot.services.imports.kinds import KINDS
from bot.services.imports.report import ImportOptions, ImportReport, UndoReport
from bot.services.imports.reversal import history, undo
from bot.services.imports.run import import_file

__all__ = [
    "KINDS",
    "ImportOptions",
    "ImportReport",
    "JoinReport",
    "KindOption",
    "LikelyPair",
    "UndoReport",
    "find_duplicates",
    "history",
    "import_file",
    "join_customers",
    "undo",
]
