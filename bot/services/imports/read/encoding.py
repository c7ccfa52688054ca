"""Finds the encoding of a file from its bytes: a mark, strict UTF-8, plausible Chinese, or a question."""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import N_, BadInput, NotFound

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTAINERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook, or one with a password"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"SQLite format 3\0", "a database"),
    (b"{\\rtf", "a text document"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
)
_LONGEST_LINE = 16 * _BLOCK


@dataclass(frozen=True, kw_only=True)
class InspectedFile:
    """A file as its bytes were when it was inspected, and where its header is."""

    path: Path
    size: int
    sha256: str
    encoding: str
    header_line: int = 1
    header_names: tuple[str, ...] = ()  # where two lines make up the header


def inspect_file(path: Path, encoding: str | None) -> InspectedFile:
    """Read the whole file once, as bytes, in small blocks; refuse what is no CSV."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BadInput(N_("%(file)s is not a file."), file=path)
        head = _head(path)
        _refuse_other_formats(path, head)
        digest = hashlib.sha256()
        line_length = 0  # at least: of the blocks that hold no line end
        utf8 = codecs.getincrementaldecoder("utf-8")()
        is_utf8 = True
        for block in _blocks(path):
            digest.update(block)
            line_length = 0 if b"\n" in block or b"\r" in block else line_length + len(block)
            if line_length > _LONGEST_LINE:
                raise BadInput(
                    N_("%(file)s has a line of more than 16 MB, so it is not CSV; export it again as CSV."),
                    file=path.name,
                )
            is_utf8 = is_utf8 and _decodes(utf8, block)
        is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
        marked = (name for mark, name in _MARKS if head.startswith(mark))
        found = _named(encoding) if encoding else next(marked, None)
        if found is None:
            _refuse_unmarked_utf16(path, head)
            found = "utf-8" if is_utf8 else _legacy(path)
        elif not _reads_as(path, found):
            raise BadInput(
                N_("%(file)s is not %(encoding)s: some of its bytes do not fit; give the right --encoding."),
                file=path.name,
                encoding=found.removesuffix("-sig"),
            )
    except FileNotFoundError:
        raise NotFound(N_("There is no file %(file)s."), file=path) from None
    except OSError as error:
        raise BadInput(
            N_("%(file)s cannot be read: %(problem)s."), file=path, problem=error.strerror
        ) from None
    return InspectedFile(path=path, size=size, sha256=digest.hexdigest(), encoding=found)


def sha256_of(path: Path) -> str:
    """The digest of a file as it is now."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            yield block


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        head = handle.read(4096)
    if not head.strip(b"\r\n\t \xef\xbb\xbf\xff\xfe\0"):
        raise BadInput(N_("%(file)s is empty."), file=path.name)
    return head


def _refuse_other_formats(path: Path, head: bytes) -> None:
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, what in _CONTAINERS:
        if bare.startswith(magic):
            raise BadInput(
                N_(
                    "%(file)s is %(what)s, not CSV; open it in a spreadsheet, save the sheet as CSV (UTF-8),"
                    " and import that."
                ),
                file=path.name,
                what=what,
            )


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
    except UnicodeDecodeError:
        return False
    return True


def _reads_as(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_decodes(decoder, block) for block in _blocks(path)) and _decodes(decoder, b"", final=True)


def _legacy(path: Path) -> str:
    """gb18030 when the text is Chinese; most other encodings decode as gb18030 too, to rare characters."""
    sample = _non_ascii_sample(path)
    if _reads_as(path, "gb18030") and _is_chinese(sample):
        return "gb18030"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    raise BadInput(
        N_(
            "%(file)s is neither UTF-8 nor clearly Chinese GB18030; say what it is, for example --encoding %(guess)s."
        ),
        file=path.name,
        guess=best.encoding if best is not None else "cp1252",
    )


def _non_ascii_sample(path: Path, limit: int = 1 << 18) -> bytes:
    """The first lines that hold more than ASCII."""
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as handle:
        while size < limit and (line := handle.readline(_BLOCK)):
            if not line.isascii():
                lines.append(line)
                size += len(line)
    return b"".join(lines)


def _is_chinese(sample: bytes) -> bool:
    """Whether most two-byte characters are everyday ones (GB2312 level 1), from all over that range.

    Level 1 is sorted by pinyin, and real text uses all of it. Korean in EUC-KR uses only its first two thirds, kana and
    Western accents lie outside it, and so does about half of Big5.
    """
    common = late = pairs = 0
    index = 0
    while index < len(sample):
        lead = sample[index]
        if lead < 0x80:
            index += 1
            continue
        trail = sample[index + 1] if index + 1 < len(sample) else 0
        if 0x30 <= trail <= 0x39:
            index += 4  # four-byte characters prove nothing
            continue
        index += 2
        if lead in (0xA1, 0xA3) and trail >= 0xA1:
            continue  # punctuation and full-width forms prove nothing either
        pairs += 1
        if 0xB0 <= lead <= 0xD7 and trail >= 0xA1:
            common += 1
            late += lead > 0xC8
    return pairs > 0 and common / pairs >= 0.7 and (pairs < 20 or late / pairs >= 0.15)
