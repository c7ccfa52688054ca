"""Words that were written in one encoding and read in another before they came into the file: MÃ¼ller is Müller."""

import codecs
import re
from collections.abc import Iterator

from bot.services.imports.read.code_pages.interpretation import ASCII, CHANCE, meaning

# Read as these, UTF-8 becomes other words.
_MISREAD_UTF8 = ("cp1252", "gb18030", "cp1251", "mac_roman", "cp437", "cp850")
_MISREAD_AS_WESTERN = ("gb18030", "cp1251", "big5", "cp949", "cp932")
# How much more likely the repaired words must be, as a power of e; few words are valid UTF-8 by chance.
_CLEARLY, _SOMEWHAT = 8.0, 3.0
_LONGEST = 200
_WESTERN_RUN = re.compile(r"[\x80-\xff€‚ƒ„…†‡ˆ‰Š‹Œ-Ÿ]{4}")
_CP1252 = {bytes((code,)).decode("latin-1"): code for code in range(256)} | {
    bytes((code,)).decode("cp1252", "ignore"): code for code in range(0x80, 0xA0)
}


def repair(cell: str) -> str | None:
    """The words that a cell held before they were read wrongly; None when it is as it should be."""
    cell = cell[:_LONGEST]
    repaired = _once(cell)
    again = None if repaired is None else _once(repaired)
    return again or repaired


def _once(cell: str) -> str | None:
    candidates = {one: ahead for one, ahead in _candidates(cell) if not one.isascii() and one != cell}
    if cell.isascii() or not candidates:
        return None
    as_it_is = meaning([cell])
    if as_it_is > _chance(cell):
        return None
    best = max(candidates, key=lambda one: meaning([one]) - candidates[one])
    return best if meaning([best]) - candidates[best] > as_it_is else None


def _chance(cell: str) -> float:
    """The likelihood of characters without meaning; a little more, as a few signs among plain letters prove little."""
    size = sum(1 if char.isascii() else 2 if char > "\u2fff" else 1 for char in cell)
    plain = sum(map(str.isascii, cell))
    return (size - plain) * CHANCE + plain * ASCII + 2.0


def _candidates(cell: str) -> Iterator[tuple[str, float]]:
    """What a cell may have been, and how much more likely it must be."""
    for codec in _MISREAD_UTF8:
        raw = _encode(cell.rstrip("?\ufffd") if codec == "gb18030" else cell, codec)
        if raw is None:
            continue
        # In two-byte characters, the last one may have lost its second byte.
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            yield decoder.decode(raw, final=codec != "gb18030"), _SOMEWHAT
        except UnicodeDecodeError:
            continue
    if (run := _WESTERN_RUN.search(cell)) and len(set(run.group())) > 2 and (raw := _encode(cell, "cp1252")):
        for codec in _MISREAD_AS_WESTERN:
            try:
                yield raw.decode(codec), _CLEARLY
            except UnicodeDecodeError:
                continue


def _encode(cell: str, codec: str) -> bytes | None:
    """The bytes that were read wrongly; None when the encoding cannot have made these characters."""
    try:
        if codec == "cp1252":
            return bytes(_CP1252[char] for char in cell)
        if codec == "gb18030":
            return b"\x80".join(part.encode(codec) for part in cell.split("€"))
        return cell.encode(codec)
    except (KeyError, UnicodeEncodeError):
        return None
