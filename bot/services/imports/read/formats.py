"""Recognises files that are no CSV by their beginning, and says for each how to make a CSV of it.

A CSV may begin with almost anything (`ID;PO;Name`, `[Code],[Name]`, `<none>,1`), so a format in text is recognised only
by what no header and first row can be.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.errors import N_, BadInput, Phrase

HEAD = 4096  # bytes
_TAIL = 1 << 16

_SHEET = N_("open it in a spreadsheet, save the sheet as CSV (UTF-8), and import that")
_EXPORT = N_("export it again as CSV (UTF-8) from the program it comes from, and import that")
_UNPACK = N_("unpack it and import the CSV in it")
_DATABASE = N_("export the table as CSV (UTF-8) and import that")
_LIST = N_("export the same list as CSV (UTF-8): one header, then one line for each record")
_FONT = N_("export the data behind it as CSV (UTF-8) and import that")


@dataclass(frozen=True, kw_only=True)
class OtherFormat:
    """A format that is no CSV."""

    called: str  # a msgid: "PATH is ..."
    remedy: str  # a msgid


def refuse_other_formats(path: Path, head: bytes) -> None:
    """Refuse a file that is no CSV, by the name of its format."""
    found = recognise_format(head, lambda: _tail(path))
    if found is None:
        return
    called = Phrase(found.called)
    suffix = path.suffix.lower()
    if found.called in _IN_DISGUISE and suffix in (".xls", ".xlsx"):
        called = Phrase(N_("%(format)s saved as %(suffix)s"), format=called, suffix=suffix)
    raise BadInput(
        N_("%(file)s is %(what)s, not CSV; %(remedy)s."),
        file=path.name,
        what=called,
        remedy=Phrase(found.remedy),
    )


def recognise_format(head: bytes, tail: Callable[[], bytes] = bytes) -> OtherFormat | None:
    """The format that a file begins with; None when it may be CSV."""
    found = next((other for magic, other in _MAGIC if head.startswith(magic)), None)
    if found is not None:
        return _look_inside(found, head, tail)
    for is_one, other in _BINARY:
        if is_one(head):
            return other
    text = _as_text(head)
    return next((other for is_one, other in _TEXT if is_one(text)), None)


def _other(called: str, remedy: str) -> OtherFormat:
    return OtherFormat(called=called, remedy=remedy)


_ZIP = _other(N_("an Excel workbook or a zip archive"), _SHEET)
_OLD_OFFICE = _other(N_("an old Excel workbook, or one with a password"), _SHEET)
_COMPRESSED = _other(N_("a compressed file"), _UNPACK)
_PICTURE = _other(N_("a picture"), _FONT)
_ACCESS = _other(N_("an Access database"), _DATABASE)
_DATA_FILE = N_("convert it, for example with pandas: DataFrame.to_csv(..., index=False)")
_MAGIC: tuple[tuple[bytes, OtherFormat], ...] = (
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _other(N_("an empty zip archive"), _EXPORT)),
    (b"\xd0\xcf\x11\xe0", _OLD_OFFICE),
    (b"\x09\x08\x10\x00", _OLD_OFFICE),
    (b"\x09\x08\x08\x00", _OLD_OFFICE),
    (b"\x09\x04\x06\x00", _OLD_OFFICE),
    (b"\x09\x02\x06\x00", _OLD_OFFICE),
    (b"\x09\x00\x04\x00", _OLD_OFFICE),
    (b"%PDF-", _other(N_("a PDF document"), _FONT)),
    (b"%!PS", _other(N_("a PostScript document"), _FONT)),
    (b"\x89PNG\r\n\x1a\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF87a", _PICTURE),
    (b"GIF89a", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"\x1f\x8b", _COMPRESSED),
    (b"7z\xbc\xaf", _COMPRESSED),
    (b"Rar!\x1a\x07", _COMPRESSED),
    (b"\xfd7zXZ\0", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", _COMPRESSED),
    (b"\x04\x22\x4d\x18", _COMPRESSED),
    (b"SQLite format 3\0", _other(N_("an SQLite database"), _DATABASE)),
    (b"\0\x01\0\0Standard Jet DB", _ACCESS),
    (b"\0\x01\0\0Standard ACE DB", _ACCESS),
    (b"{\\rtf", _other(N_("a text document (RTF)"), _FONT)),
    (b"ARROW1\0", _other(N_("an Arrow (Feather) file"), _DATA_FILE)),
    (b"Obj\x01", _other(N_("an Avro file"), _DATA_FILE)),
    (b"\x89HDF\r\n", _other(N_("an HDF5 file"), _DATA_FILE)),
    (b"<stata_dta>", _other(N_("a Stata file"), _DATA_FILE)),
    (b"$FL2@(#)", _other(N_("an SPSS file"), _DATA_FILE)),
)


def _is_dbase(head: bytes) -> bool:
    """A version, a day, and a header of 32-byte blocks that ends with a mark."""
    if len(head) < 33 or head[0] not in b"\x02\x03\x04\x05\x30\x31\x32\x43\x63\x83\x8b\x8c\xcb\xf5\xfb":
        return False
    size = int.from_bytes(head[8:10], "little")
    month, day = head[2], head[3]
    return (
        1 <= month <= 12
        and 1 <= day <= 31
        and head[12:14] == b"\0\0"
        and size >= 33
        and (size > len(head) or b"\r" in head[size - 2 : size])
    )


_BINARY: tuple[tuple[Callable[[bytes], object], OtherFormat], ...] = (
    (lambda head: head.startswith(b"PAR1") and b"\0" in head, _other(N_("a Parquet file"), _DATA_FILE)),
    (
        lambda head: head.startswith(b"ORC") and re.search(rb"[\0-\x08]", head),
        _other(N_("an ORC file"), _DATA_FILE),
    ),
    (lambda head: re.match(rb"BZh[1-9]1AY&SY", head), _COMPRESSED),
    (lambda head: re.match(rb"BM.{4}\0\0\0\0", head, re.DOTALL), _PICTURE),
    (lambda head: re.match(rb"RIFF.{4}WEBP", head, re.DOTALL), _PICTURE),
    (_is_dbase, _other(N_("a dBase table (.dbf)"), _SHEET)),
)
_JSON_LINES = _other(N_("JSON, one object on each line"), _LIST)
_JSON = _other(N_("JSON"), _LIST)
_WEB_PAGE = _other(N_("a web page (HTML)"), _SHEET)
_XML_SHEET = _other(N_("an XML Spreadsheet (Excel 2003)"), _SHEET)
_XML = _other(N_("XML"), _LIST)
_IN_DISGUISE = frozenset(one.called for one in (_WEB_PAGE, _XML_SHEET, _XML))
_OBJECT = r'\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\}\s*(?:\Z|[\r\n,\]]))'
_TAG = r"<[A-Za-z_][\w.-]*(?::[\w.-]+)?(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>"
_SQL = (
    r"(?:(?:INSERT\s+(?:IGNORE\s+)?INTO|REPLACE\s+INTO)\s+\S+\s*(?:\(|VALUES|SELECT)|"
    r"CREATE\s+(?:TEMPORARY\s+|UNLOGGED\s+)?TABLE\s[^,;]*\(|CREATE\s+(?:DATABASE|SCHEMA|EXTENSION)\s[^,\n]*;|"
    r"DROP\s+(?:TABLE|DATABASE|VIEW)\s[^,\n]*;|ALTER\s+TABLE\s+\S.*?\s(?:ADD|DROP|OWNER|ALTER|DISABLE)\s|"
    r"LOCK\s+TABLES\s+\S+\s+(?:READ|WRITE)|DELETE\s+FROM\s+[^\s,]+\s*(?:;|WHERE\s)|"
    r"UPDATE\s+[^\s,]+\s+SET\s+[^\s,]+\s*=|COPY\s+\S+\s*\([^)]*\)\s+FROM\s)"
)
_SQL_PREFACE = (
    r"(?:\s*(?:--[^\n]*|/\*.*?\*/;?|#[^\n]*|BEGIN(?:\s+TRANSACTION)?;|START\s+TRANSACTION;|PRAGMA\s[^\n]*;|USE\s[^\n;]*;?|"
    r"SET\s[^\n]*;|GO|SELECT\s+pg_catalog[^\n]*;)[ \t]*(?:\r?\n|$))*\s*"
)
_SQL_PREFIX = r"(?:--|/\*|BEGIN|START|PRAGMA|USE |SET |" + _SQL + ")"
_MAIL_FIELD = (
    r"(?:From|To|Cc|Subject|Date|Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Content-Type|Reply-To|X-[\w-]+|"
    r"Content-Transfer-Encoding|Content-Location|Thread-Topic|Sender|DKIM-Signature|Snapshot-Content-Location)"
)
_MAIL = rf"(?:From \S+@\S+ .*\r?\n)?(?:{_MAIL_FIELD}:[ \t].*\r?\n(?:[ \t].*\r?\n)*){{2}}"
_MOMENT = r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?"
_LEVEL = r"[\[(]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b"
_LOG_LINES = (
    rf"{_MOMENT}\s+(?:\[[^\]]*\]\s+|\S+\s+){{0,2}}{_LEVEL}.*",
    rf"{_LEVEL}[\])]?:?\s+{_MOMENT}.*",
    r"\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \".*",
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: .*",
)


def _starts(pattern: str, flags: int = 0) -> Callable[[str], object]:
    return re.compile(pattern, flags).match


def _is_xml(text: str) -> object:
    """A tag and the end of its line or another tag after it, and somewhere an end tag; a header has a separator there."""
    return re.match(r"<\?xml[\s?]|<!DOCTYPE\s", text) or (
        re.match(_TAG + r"(?:[ \t]*\r?\n|<|[^,;\t|<>]+</)", text) and re.search(r"</[A-Za-z_]|/>", text)
    )


def _is_sylk(text: str) -> object:
    """`ID;P` and the program's name, then only records of SYLK, a cell among them."""
    first, *rest = text.splitlines()[:8] or [""]
    if len(text) >= HEAD // 2 and rest:
        rest.pop()  # it may be cut
    return (
        re.fullmatch(r"ID;P\w*(?:;[NE])*", first.strip())
        and any(re.match(r'C;(?:.*;)?[XYK]["\d]', line) for line in rest)
        and all(re.fullmatch(r"(?:[BCFPOW]|NN|NU|NE|NL|ID)(?:;[A-Z].*)+|E", line.strip()) for line in rest)
    )


def _is_log(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()][:3]
    return any(lines and all(re.fullmatch(form, line) for line in lines) for form in _LOG_LINES)


def _is_sql(text: str) -> object:
    return re.match(_SQL_PREFIX, text, re.IGNORECASE) and re.match(
        _SQL_PREFACE + _SQL, text, re.IGNORECASE | re.DOTALL
    )


_TEXT: tuple[tuple[Callable[[str], object], OtherFormat], ...] = (
    (_starts(_OBJECT + r"[^\r\n]*\}\s*?\r?\n\s*\{"), _JSON_LINES),
    (_starts(_OBJECT), _JSON),
    (
        _starts(
            rf"\[\s*(?:{_OBJECT}|\]\s*\Z|\[\s*(?:\"|-?\d|null|true|false)|\"(?:[^\"\\]|\\.)*\"\s*(?:,\s*\"|\]\s*\Z))"
        ),
        _JSON,
    ),
    (
        _starts(r"MIME-Version:[^\n]*\n(?:.*\n)*?Content-Type:\s*multipart/related", re.IGNORECASE),
        _other(N_("a web archive (MHT)"), _SHEET),
    ),
    (_starts(r"From: <Saved by ", re.IGNORECASE), _other(N_("a web archive (MHT)"), _SHEET)),
    (_starts(_MAIL, re.IGNORECASE), _other(N_("an e-mail"), N_("save its attachment and import that"))),
    (_starts(r"BEGIN:VCARD\s", re.IGNORECASE), _other(N_("a vCard"), _LIST)),
    (_starts(r"BEGIN:VCALENDAR\s", re.IGNORECASE), _other(N_("a calendar (iCalendar)"), _LIST)),
    (
        lambda text: text.startswith("<") and "urn:schemas-microsoft-com:office:spreadsheet" in text,
        _XML_SHEET,
    ),
    (
        _starts(
            r"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|meta|style|script|div|center)[\s>]",
            re.IGNORECASE | re.DOTALL,
        ),
        _WEB_PAGE,
    ),
    (
        _starts(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?svg[\s>]", re.DOTALL),
        _PICTURE,
    ),
    (_starts(r"(?:<\?xml[^>]*>\s*)(?:<!DOCTYPE\s+html|<html)", re.IGNORECASE), _WEB_PAGE),
    (_is_xml, _XML),
    (_is_sylk, _other(N_("a SYLK sheet"), _SHEET)),
    (_starts(r"TABLE\r?\n0,1\r?\n\""), _other(N_("a DIF sheet"), _SHEET)),
    (_is_sql, _other(N_("an SQL dump"), N_("run it in its database and export the table as CSV (UTF-8)"))),
    (
        _starts(
            r"(?:%YAML|---[ \t]*\r?\n\s*(?:-\s|[\w\"' -]+:(?:\s|$))|-\s+[\w\"' -]+:\s|\w+:[ \t]*\r?\n\s*-\s)"
        ),
        _other(N_("YAML"), _LIST),
    ),
    (_is_log, _other(N_("a log file"), _EXPORT)),
    (
        _starts(r"[^\n]*\|[^\n]*\r?\n\s*\|?\s*:?-{3,}:?\s*(?:[|+]\s*:?-{2,}:?\s*)*\|?\s*(?:\r?\n|\Z)"),
        _other(N_("a table drawn in text"), _EXPORT),
    ),
    (
        _starts(r"(?:\+[-=]{2,}(?:\+[-=]{2,})*\+|[┌╔╭][─═┬╦]+[┐╗╮])\s"),
        _other(N_("a table drawn in text"), _EXPORT),
    ),
    (_starts(r"UNA.{6}\s*UNB|UNB\+UNO[A-Z]|ISA[*|~]\d\d[*|~]"), _other(N_("an EDI message"), _EXPORT)),
    (
        _starts(r"OFXHEADER:|<OFX>|!Type:\w+\s*\n|!Account\s*\n"),
        _other(N_("a bank statement (OFX or QIF)"), _EXPORT),
    ),
    (_starts(r"\{1:F\d\d|:20:[^\n]*\n:25:"), _other(N_("a bank statement (MT940)"), _EXPORT)),
)


def _as_text(head: bytes) -> str:
    """The beginning as text; of a file in UTF-16, too."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) & ~1].decode("utf-16", "replace").lstrip()
    return head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip()


def _look_inside(found: OtherFormat, head: bytes, tail: Callable[[], bytes]) -> OtherFormat:
    """Which file it is, of the formats that share a container."""
    if found is _ZIP:
        names = head + tail()
        for mark, other in (
            (b"xl/", _other(N_("an Excel workbook"), _SHEET)),
            (
                b"application/vnd.oasis.opendocument.spreadsheet",
                _other(N_("an OpenDocument spreadsheet"), _SHEET),
            ),
            (b"Index/Document.iwa", _other(N_("a Numbers spreadsheet"), _SHEET)),
            (b"word/", _other(N_("a Word document"), _SHEET)),
            (b"[Content_Types].xml", _other(N_("an Office document"), _SHEET)),
            (b"PK\x01\x02", _other(N_("a zip archive"), _UNPACK)),
        ):
            if mark in names:
                return other
    elif found is _OLD_OFFICE and head.startswith(b"\xd0\xcf\x11\xe0"):
        names = head + tail()
        for word, other in (
            ("EncryptedPackage", _other(N_("an Excel workbook with a password"), _SHEET)),
            ("__substg1.0_", _other(N_("an Outlook message"), N_("save its attachment and import that"))),
            ("WordDocument", _other(N_("an old Word document"), _SHEET)),
            ("Workbook", _other(N_("an old Excel workbook"), _SHEET)),
        ):
            if word.encode("utf-16-le") in names:
                return other
    return found


def _tail(path: Path) -> bytes:
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - _TAIL))
        return handle.read()
