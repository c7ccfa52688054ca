"""Whether the words of a file are those that were meant: its encoding, and what earlier programs did to them."""

import re
from collections.abc import Iterator

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read.code_pages.interpretation import (
    CLOSE,
    distinct_cells,
    meaning,
    plausible,
    ranked,
)
from bot.services.imports.read.code_pages.mojibake import repair
from bot.services.imports.read.encoding import InspectedFile, non_ascii_sample
from bot.services.imports.read.records import open_text
from bot.services.imports.read.refusal import clip

ENCODING_MISFIT = FindingType(
    name="encoding-misfit",
    level=Level.QUESTION,
    sentence=N_("In %(given)s the file reads %(words)s, but in %(better)s it reads %(better_words)s."),
    answer=N_("Give --encoding %(better)s, or accept the words in %(given)s with --yes encoding-misfit."),
    accept=True,
)
MOJIBAKE = FindingType(
    name="mojibake",
    level=Level.QUESTION,
    sentence=N_(
        "Line %(line)d has %(cell)s, which seems to be %(meant)s, read in a wrong encoding before it was written to this"
        " file (such cells: %(count)d)."
    ),
    answer=N_("Export the file again in UTF-8, or take the words as they are: --yes mojibake."),
    accept=True,
)
LOST_LETTERS = FindingType(
    name="lost-letters",
    level=Level.QUESTION,
    sentence=N_(
        "Line %(line)d has %(cell)s: letters were lost before this file was written (such cells: %(count)d)."
    ),
    answer=N_("Export the file again in UTF-8, or take the words as they are: --yes lost-letters."),
    accept=True,
)
_SEPARATORS = re.compile(r"[,;\t\r\n\"|]+")
_MOST_CELLS = 400  # different ones in which mojibake is looked for
# What becomes of UTF-8 when it is read as Western or Cyrillic: looked for in every line.
_TYPICAL = re.compile(
    r"[Â-ô][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[РС][\u0400-\u040f\u0450-\u045f‚„…†‡€‰‹‘’“”•–—™›°±µ¶·№»]"
)
_LOST = re.compile(r"\?[? ]*\?|[A-Za-z .&'-]{0,40}[A-Za-z]\?[a-z][A-Za-z .&'?-]{0,40}").fullmatch


def check_encoding(file: InspectedFile, findings: FileFindings, *, given: str | None) -> None:
    """Add what the words of a file show to the findings; `given` is the encoding that a person gave."""
    if given is not None and not file.is_ascii and _add_misfit(file, findings):
        return
    if file.is_plain:
        return
    damaged: dict[FindingType, list[tuple[int, str, str]]] = {MOJIBAKE: [], LOST_LETTERS: []}
    seen: set[str] = set()
    for line, cell in _suspicious_cells(file):
        if "\ufffd" in cell or _LOST(cell):
            damaged[LOST_LETTERS].append((line, cell, ""))
        elif cell not in seen and not cell.isascii():
            if len(seen) >= _MOST_CELLS and not _TYPICAL.search(cell):
                continue
            seen.add(cell)
            meant = repair(cell)
            if meant is not None:
                damaged[MOJIBAKE].append((line, cell, meant))
    for found, cells in damaged.items():
        if cells:
            line, cell, meant = cells[0]
            findings.add(found, line=line, cell=repr(clip(cell)), meant=repr(clip(meant)), count=len(cells))


def _suspicious_cells(file: InspectedFile) -> Iterator[tuple[int, str]]:
    """The cells that are not ASCII or have a question mark, with their lines."""
    with open_text(file) as handle:
        for number, line in enumerate(handle, 1):
            if line.isascii() and "?" not in line:
                continue
            for cell in _SEPARATORS.split(line):
                if not cell.isascii() or "?" in cell:
                    yield number, cell.strip()


def _add_misfit(file: InspectedFile, findings: FileFindings) -> bool:
    """Whether the words make more sense in another encoding than in the given one."""
    if file.encoding.startswith(("utf", "UTF")):
        return False
    cells = distinct_cells(non_ascii_sample(file.path))
    words = [cell.decode(file.encoding, "replace") for cell in cells]
    likelihood = meaning(words)
    better, better_words = "", [""]
    if file.is_utf8 and meaning(cell.decode() for cell in cells) > likelihood + CLOSE / 2:
        better, better_words = "utf-8", [cell.decode() for cell in cells]
    elif (found := plausible(ranked(cells))) and found[0].likelihood > likelihood + CLOSE:
        better, better_words = found[0].page.name, list(found[0].cells)
    if not better:
        return False
    place = min(
        (place for place, word in enumerate(words) if word != better_words[place]),
        key=lambda place: abs(len(better_words[place]) - 12),
    )
    findings.add(
        ENCODING_MISFIT,
        given=file.encoding,
        words=repr(clip(words[place])),
        better=better,
        better_words=repr(clip(better_words[place])),
    )
    return True
