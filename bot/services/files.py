"""Files that people name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from bot.errors import N_, BadInput


def write_whole(path: Path, text: str) -> None:
    """Write a file in its final place only when it is complete. Raises BadInput when it cannot be written."""
    with written_whole(path) as file:
        file.write(text)


def write_bytes(path: Path, content: bytes) -> None:
    """The same for bytes."""
    with _final(path) as partial:
        partial.write_bytes(content)


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """The same for a text that is written piece by piece."""
    with _final(path) as partial, partial.open("w", encoding="utf-8") as file:
        yield file


@contextmanager
def _final(path: Path) -> Iterator[Path]:
    """A file beside, which takes the place of another one once it is written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise BadInput(
            N_("%(file)s cannot be written: %(reason)s."), file=path, reason=error.strerror
        ) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
