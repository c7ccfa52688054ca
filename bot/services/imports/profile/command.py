"""An import's options as words of its command."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from bot.services.imports.report import ImportOptions

# Said by a run, not about the file.
_NOT_TYPED = {
    *("columns", "kind_options", "forget", "forget_only", "dry_run"),
    *("expected_sha256", "firm_currency", "timezone"),
}
_FLAGS = {"accepted": "yes"}
_BARE = re.compile(r"[\w@%+=:,./\\-]+").fullmatch
_SPECIAL = re.compile(r"[\"$`\\!\n\r]").search


def words(kind: str, path: Path, options: ImportOptions) -> tuple[str, ...]:
    """The words of the command that imports a file."""
    return ("tierbot", "import", kind, str(path), *option_words(options))


def option_words(options: ImportOptions) -> tuple[str, ...]:
    """The words of the options that differ from their defaults."""
    default = ImportOptions()
    found = [f"--map={field}={column}" for field, column in options.columns.items()]
    for one in fields(ImportOptions):
        value = getattr(options, one.name)
        if one.name not in _NOT_TYPED and value != getattr(default, one.name):
            found += _flags(one.name, value)
    for name, value in options.kind_options.items():
        found += _flags(name, value)
    return tuple(part for word in found for part in word.split("=", 1))


def typed(parts: tuple[str, ...]) -> str:
    """Words as they are typed in a shell."""
    return " ".join(map(_quoted, parts))


def _flags(name: str, value: Any) -> Iterator[str]:
    flag = "--" + _FLAGS.get(name, name).replace("_", "-")
    if value is True:
        yield flag
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield f"{flag}={key}={one}"
    elif isinstance(value, list | tuple):
        for one in value:
            yield f"{flag}={one}"
    elif value not in (None, False):
        yield f"{flag}={value}"


def _quoted(word: str) -> str:
    """A word, in quotation marks where a shell needs them: double ones, which Windows knows, too, where they suffice."""
    if _BARE(word):
        return word
    return shlex.quote(word) if _SPECIAL(word) else f'"{word}"'
