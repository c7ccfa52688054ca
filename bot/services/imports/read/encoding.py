"""Finds the encoding of a file from its bytes: a mark, strict UTF-8, certainly Chinese, or a question."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import N_, BadInput, NotFound, Phrase, joined
from bot.services.imports.read.code_pages.interpretation import (
    Interpretation,
    distinct_cells,
    examples,
    meaning,
    plausible,
    ranked,
)
from bot.services.imports.read.formats import HEAD, refuse_other_formats
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_LINE = 16 * _BLOCK
# How much less likely every other reading must be, as a power of e, before Chinese is read without asking.
_CERTAIN = 25.0
_HAN, _KANA = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[\u3040-\u30ff]")
# As much for UTF-8, where other lines of the file are UTF-8.
_IN_PART = 15.0


@dataclass(frozen=True, kw_only=True)
class InspectedFile:
    """A file as its bytes were when it was inspected, and where its header is."""

    path: Path
    size: int
    sha256: str
    encoding: str
    is_ascii: bool
    is_utf8: bool
    is_plain: bool  # ASCII without question marks: no letters can have been lost or misread
    header_line: int = 1
    header_names: tuple[str, ...] = ()  # where two lines make up the header


def inspect_file(
    path: Path, encoding: str | None, known_headers: frozenset[str] = frozenset()
) -> InspectedFile:
    """Read the whole file once, as bytes, in small blocks; refuse what is no CSV.

    A header that is known, as `plain` compares it, shows the encoding better than any name.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BadInput(N_("%(file)s is not a file."), file=path)
        head = _head(path)
        refuse_other_formats(path, head)
        digest = hashlib.sha256()
        line_length = 0  # at least: of the blocks that hold no line end
        utf8 = codecs.getincrementaldecoder("utf-8")()
        is_utf8 = is_ascii = is_plain = True
        for block in _blocks(path):
            digest.update(block)
            line_length = 0 if b"\n" in block or b"\r" in block else line_length + len(block)
            if line_length > _LONGEST_LINE:
                raise BadInput(
                    N_("%(file)s has a line of more than 16 MB, so it is not CSV; export it again as CSV."),
                    file=path.name,
                )
            is_ascii = is_ascii and block.isascii()
            is_plain = is_plain and is_ascii and b"?" not in block and b"\0" not in block
            is_utf8 = is_utf8 and _decodes(utf8, block)
        is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
        marked = (name for mark, name in _MARKS if head.startswith(mark))
        found = _named(encoding) if encoding else next(marked, None)
        if found is None:
            _refuse_unmarked_utf16(path, head)
            found = "utf-8" if is_utf8 else _legacy(path, known_headers)
        elif not _reads_as(path, found):
            raise _misfit(path, found)
    except FileNotFoundError:
        raise NotFound(N_("There is no file %(file)s."), file=path) from None
    except OSError as error:
        raise BadInput(
            N_("%(file)s cannot be read: %(problem)s."), file=path, problem=error.strerror
        ) from None
    return InspectedFile(
        path=path,
        size=size,
        sha256=digest.hexdigest(),
        encoding=found,
        is_ascii=is_ascii,
        is_plain=is_plain,
        is_utf8=is_utf8,
    )


def sha256_of(path: Path) -> str:
    """The digest of a file as it is now."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def non_ascii_sample(path: Path) -> bytes:
    """The first lines that hold more than ASCII."""
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as handle:
        while size < _SAMPLE and (line := handle.readline(_BLOCK)):
            if not line.isascii():
                lines.append(line)
                size += len(line)
    return b"".join(lines)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            yield block


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if not head.strip(b"\r\n\t \xef\xbb\xbf\xff\xfe\0"):
        raise BadInput(N_("%(file)s is empty."), file=path.name)
    return head


def _named(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        b"".decode(name)
    except (LookupError, ValueError):
        raise BadInput(
            N_("%(encoding)s is not an encoding; use for example --encoding utf-8, gb18030 or utf-16."),
            encoding=encoding,
        ) from None
    # Otherwise a mark at the start would become part of the first header.
    return "utf-8-sig" if name == "utf-8" else name


def _refuse_unmarked_utf16(path: Path, head: bytes) -> None:
    """Chinese text has few zero bytes in UTF-16, but its line ends and separators have them."""
    for order in ("utf-16-le", "utf-16-be"):
        text = head.decode(order, errors="replace") if b"\0" in head else ""
        if ("\n" in text or "\r" in text) and any(separator in text for separator in ",;\t"):
            raise BadInput(
                N_("%(file)s looks like UTF-16 without a mark at its start; give --encoding %(order)s."),
                file=path.name,
                order=order,
            )


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeError:  # without a mark, UTF-16 raises no UnicodeDecodeError
        return False
    return True


def _reads_as(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_decodes(decoder, block) for block in _blocks(path)) and _decodes(decoder, b"", final=True)


def _legacy(path: Path, known_headers: frozenset[str]) -> str:
    """The code page of a file that is not UTF-8, when its words prove that it is Chinese; otherwise a question."""
    lines = _Lines.of(path, "utf-8")
    broken = distinct_cells(lines.broken)
    found = plausible(ranked(broken))
    in_part = bool(lines.fitting) and _is_text(lines.fitting)
    if _is_damaged_utf8(broken, found, _IN_PART if in_part else 0.0):
        raise _broken(path, "UTF-8", lines)
    if in_part:
        raise _joined(path, lines, found) or _broken(path, "UTF-8", lines)
    cells = distinct_cells(lines.broken + lines.fitting)
    every = ranked(cells)
    found = plausible(every)
    if not found:
        raise BadInput(
            N_(
                "%(file)s is not UTF-8, and its bytes make words in no usual code page (%(lines)s). Export it again as"
                " CSV (UTF-8), or say what it is: --encoding NAME."
            ),
            file=path.name,
            lines=lines.shown,
        )
    if _is_certainly_chinese(every, known_headers):
        if not _reads_as(path, "gb18030"):
            raise _broken(path, "gb18030", _Lines.of(path, "gb18030"))
        return "gb18030"
    whole = [one for one in found if _reads_as(path, one.page.codec)] or found[:1]
    raise BadInput(
        N_(
            "%(file)s is not UTF-8, and it holds too few words to be sure what it is. Give the encoding that reads it"
            " right: %(readings)s."
        ),
        file=path.name,
        readings=joined(
            [
                Phrase(N_("--encoding %(name)s reads %(words)s"), name=one.page.name, words=words)
                for one, words in zip(whole[:4], examples(whole[:4]), strict=True)
            ],
            "; ",
        ),
    )


def _is_certainly_chinese(found: list[Interpretation], known_headers: frozenset[str]) -> bool:
    best = found[0]
    text = "".join(best.cells)
    known = any(len(cell) > 1 and plain(cell) in known_headers for cell in best.cells)
    ahead = 0.0 if known else _CERTAIN
    return (
        best.page.name == "gb18030"
        and best.likelihood > best.chance
        and len(_HAN.findall(text)) > len(_KANA.findall(text))  # which EUC-JP writes with the same bytes
        and all(one.likelihood < best.likelihood - ahead for one in found[1:])
    )


def _is_text(lines: bytearray) -> bool:
    """Whether lines that are valid UTF-8 are meant so, and not by chance."""
    cells = distinct_cells(lines)
    other = plausible(ranked(cells))
    return not other or meaning(cell.decode() for cell in cells) > other[0].likelihood


def _is_damaged_utf8(cells: list[bytes], found: list[Interpretation], ahead: float) -> bool:
    """Whether lines with broken bytes make most sense as UTF-8, which is `ahead` for another reason."""
    texts = [cell.decode("utf-8", "replace") for cell in cells]
    if all("\ufffd" in text and text.replace("\ufffd", "").isascii() for text in texts):
        return False
    return not found or meaning(texts) + ahead > found[0].likelihood


@dataclass(kw_only=True)
class _Lines:
    """The lines of a file that are not ASCII: which ones fit an encoding."""

    fitting: bytearray = field(default_factory=bytearray)  # a sample
    broken: bytearray = field(default_factory=bytearray)  # a sample
    last_fitting: int = 0
    first_fitting: int = 0
    first_broken: int = 0
    last_broken: int = 0
    count: int = 0  # of the broken ones
    first: list[tuple[int, str]]  # line and bytes of the first broken ones

    @property
    def shown(self) -> str:
        """The first broken lines in a sentence."""
        shown = [Phrase(N_("line %(line)s (%(what)s)"), line=line, what=what) for line, what in self.first]
        if self.count > len(self.first):
            shown.append(Phrase(N_("%(count)s more"), count=self.count - len(self.first)))
        return joined(shown, ", ")

    @classmethod
    def of(cls, path: Path, encoding: str) -> "_Lines":
        found = cls(first=[])
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.isascii():
                    found._add(number, line, encoding)
        return found

    def _add(self, number: int, line: bytes, encoding: str) -> None:
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            self.count += 1
            self.first_broken = self.first_broken or number
            self.last_broken = number
            if len(self.first) < 3:
                bad = line[error.start : max(error.end, error.start + 1)]
                shown = clip(line.decode(encoding, "replace").strip())
                what = Phrase(N_("0x%(bytes)s in %(shown)s"), bytes=bad.hex().upper(), shown=repr(shown))
                self.first.append((number, what))
            if len(self.broken) < _SAMPLE:
                self.broken += line
        else:
            self.first_fitting = self.first_fitting or number
            self.last_fitting = number
            if len(self.fitting) < _SAMPLE:
                self.fitting += line


def _joined(path: Path, lines: _Lines, found: list[Interpretation]) -> BadInput | None:
    """The error for a file of two parts, of which one is UTF-8; None when the lines alternate."""
    other: str = (
        Phrase(
            N_("%(encoding)s (it reads %(example)s)"),
            encoding=found[0].page.name,
            example=examples(found[:1])[0],
        )
        if found
        else Phrase(N_("another encoding"))
    )
    if 0 < lines.last_fitting < lines.first_broken:
        parts = "UTF-8", lines.last_fitting, other, lines.first_broken
    elif 0 < lines.last_broken < lines.first_fitting:
        parts = other, lines.last_broken, "UTF-8", lines.first_fitting
    else:
        return None
    if lines.count == 1 and not found:
        return None
    return BadInput(
        N_(
            "%(file)s is %(first)s up to line %(before)d and %(second)s from line %(line)d on, as if two files were"
            " joined. Import them one by one, each with its --encoding."
        ),
        file=path.name,
        first=parts[0],
        before=parts[1],
        second=parts[2],
        line=parts[3],
    )


def _broken(path: Path, encoding: str, lines: _Lines) -> BadInput:
    """The error for a file that is in an encoding but for some bytes: which ones."""
    return BadInput(
        N_(
            "%(file)s is %(encoding)s but for bytes that do not fit: %(lines)s. Correct them, or say what the whole"
            " file is: --encoding NAME."
        ),
        file=path.name,
        encoding=encoding,
        lines=lines.shown,
    )


def _misfit(path: Path, encoding: str) -> BadInput:
    """The error for a file that the given encoding does not read: the bytes that do not fit."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    return BadInput(
        N_(
            "%(file)s is not %(encoding)s: some of its bytes do not fit%(lines)s. Give the right --encoding, or leave it"
            " out."
        ),
        file=path.name,
        encoding=encoding.removesuffix("-sig"),
        lines="" if wide else Phrase(" (%(lines)s)", lines=_Lines.of(path, encoding).shown),
    )
