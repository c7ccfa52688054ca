"""Files that people name."""

import os
from contextlib import suppress
from pathlib import Path

from bot.errors import N_, BadInput


def write_whole(path: Path, text: str) -> None:
    """Write a file in its final place only when it is complete. Raises BadInput when it cannot be written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise BadInput(
            N_("%(file)s cannot be written: %(reason)s."), file=path, reason=error.strerror
        ) from None
