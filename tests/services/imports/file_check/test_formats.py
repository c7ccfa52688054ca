"""Files that are no CSV are refused by the name of their format; a CSV that begins like one is read."""

import io
import zipfile

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

SHEET = "open it in a spreadsheet, save the sheet as CSV (UTF-8), and import that"
EXPORT = "export it again as CSV (UTF-8) from the program it comes from, and import that"
LIST = "export the same list as CSV (UTF-8): one header, then one line for each record"
DATA = "convert it, for example with pandas: DataFrame.to_csv(..., index=False)"
TABLE = "export the table as CSV (UTF-8) and import that"
BEHIND = "export the data behind it as CSV (UTF-8) and import that"
ATTACHED = "save its attachment and import that"
UNPACK = "unpack it and import the CSV in it"
DUMP = "run it in its database and export the table as CSV (UTF-8)"


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name in names:
            file.writestr(name, name)
    return written.getvalue()


def compound_file(*streams: str) -> bytes:
    """The mark of old Office files, and the names of streams as their directory has them."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + b"".join(name.encode("utf-16-le") for name in streams)
    )


def dbase() -> bytes:
    """Two fields, CODE and NAME, and one record, written on 2026-06-15."""
    header = (
        b"\x03" + bytes((126, 6, 15)) + (1).to_bytes(4, "little") + (97).to_bytes(2, "little") + bytes(22)
    )
    fields = b"CODE".ljust(32, b"\0") + b"NAME".ljust(32, b"\0")
    return header + fields + b"\r" + b" A1Ash"


NOT_CSV = [
    ("c.json", b'[\n {"code":"A1","name":"Ash"},\n {"code":"A2","name":"Oak"}\n]\n', "JSON", LIST),
    ("c.csv", b'{"code": "C3", "name": "Cedar"}', "JSON", LIST),
    ("c.csv", b'{\n  "customers": [\n    {"code": "A1"}\n  ]\n}\n', "JSON", LIST),
    ("c.csv", b'[["code","name"],["A1","Ash"]]', "JSON", LIST),
    ("c.csv", b"[]", "JSON", LIST),
    ("c.jsonl", b'{"code":"A1"}\n{"code":"A2"}\n', "JSON, one object on each line", LIST),
    ("c.csv", b"\xff\xfe" + '{"code":"A1"}'.encode("utf-16-le"), "JSON", LIST),
    ("p.parquet", b"PAR1\x15\0\x15\x10" + bytes(100) + b"PAR1", "a Parquet file", DATA),
    ("f.feather", b"ARROW1\0\0" + bytes(100), "an Arrow (Feather) file", DATA),
    ("d.dbf", dbase(), "a dBase table (.dbf)", SHEET),
    ("s.slk", b'ID;PWXL;N;E\nB;Y3;X2\nC;Y1;X1;K"code"\nC;Y1;X2;K"name"\nE\n', "a SYLK sheet", SHEET),
    ("d.dif", b'TABLE\n0,1\n"EXCEL"\nVECTORS\n0,2\n""\n', "a DIF sheet", SHEET),
    ("h.xls", b"<html><body><table><tr><td>code", "a web page (HTML) saved as .xls", SHEET),
    ("h.csv", b"\xef\xbb\xbf\r\n<table><tr><td>code</td></tr></table>", "a web page (HTML)", SHEET),
    ("h.csv", b"<!DOCTYPE html>\n<html>", "a web page (HTML)", SHEET),
    (
        "x.xls",
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "an XML Spreadsheet (Excel 2003) saved as .xls",
        SHEET,
    ),
    ("x.xml", b'<?xml version="1.0"?>\n<customers><customer code="A1"/></customers>', "XML", LIST),
    ("x.csv", b"<customers>\n  <customer><code>A1</code></customer>\n</customers>", "XML", LIST),
    (
        "m.mht",
        b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\n',
        "a web archive (MHT)",
        SHEET,
    ),
    (
        "m.eml",
        b"Received: from a by b\nFrom: a@b.co\nTo: c@d.co\nSubject: list\n\nHello\n",
        "an e-mail",
        ATTACHED,
    ),
    ("m.msg", compound_file("Root Entry", "__substg1.0_0037001F"), "an Outlook message", ATTACHED),
    ("v.vcf", b"BEGIN:VCARD\nVERSION:3.0\nN:Field;Anna\nEND:VCARD\n", "a vCard", LIST),
    ("c.ics", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "a calendar (iCalendar)", LIST),
    ("q.sql", b"-- dump\nINSERT INTO customers (code,name) VALUES ('A1','Ash');\n", "an SQL dump", DUMP),
    (
        "q.sql",
        b"/* x */;\nSET NAMES utf8;\nDROP TABLE IF EXISTS `c`;\nCREATE TABLE `c` (\n",
        "an SQL dump",
        DUMP,
    ),
    ("q.sql", b"BEGIN TRANSACTION;\nCREATE TABLE c (code text);\n", "an SQL dump", DUMP),
    ("w.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", SHEET),
    ("w.csv", archive("[Content_Types].xml", "word/document.xml"), "a Word document", SHEET),
    ("w.numbers", archive("Index/Document.iwa", "Metadata/x"), "a Numbers spreadsheet", SHEET),
    ("w.zip", archive("customers.csv"), "a zip archive", UNPACK),
    ("o.xls", compound_file("Root Entry", "Workbook"), "an old Excel workbook", SHEET),
    ("o.xlsx", compound_file("EncryptedPackage"), "an Excel workbook with a password", SHEET),
    ("z.gz", b"\x1f\x8b\x08" + bytes(20), "a compressed file", UNPACK),
    ("z.zst", b"\x28\xb5\x2f\xfd" + bytes(20), "a compressed file", UNPACK),
    ("d.db", b"SQLite format 3\0" + bytes(84), "an SQLite database", TABLE),
    ("d.mdb", b"\0\x01\0\0Standard Jet DB\0", "an Access database", TABLE),
    ("d.accdb", b"\0\x01\0\0Standard ACE DB\0", "an Access database", TABLE),
    ("r.pdf", b"%PDF-1.7\n", "a PDF document", BEHIND),
    ("r.rtf", rb"{\rtf1\ansi code}", "a text document (RTF)", BEHIND),
    ("p.png", b"\x89PNG\r\n\x1a\n" + bytes(20), "a picture", BEHIND),
    ("p.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "a picture", BEHIND),
    ("y.yaml", b"---\n- code: A1\n  name: Ash\n", "YAML", LIST),
    ("y.yaml", b"customers:\n  - code: A1\n", "YAML", LIST),
    (
        "l.log",
        b"2026-01-02 10:00:00,123 INFO start\n2026-01-02 10:00:01,456 ERROR stop\n",
        "a log file",
        EXPORT,
    ),
    ("l.log", b'1.2.3.4 - - [02/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n', "a log file", EXPORT),
    ("t.md", b"| code | name |\n|------|------|\n| A1 | Ash |\n", "a table drawn in text", EXPORT),
    ("t.txt", b"+------+------+\n| code | name |\n+------+------+\n", "a table drawn in text", EXPORT),
    ("t.txt", b" code | name \n------+------\n A1 | Ash\n", "a table drawn in text", EXPORT),
    ("b.ofx", b"OFXHEADER:100\nDATA:OFXSGML\n", "a bank statement (OFX or QIF)", EXPORT),
]


@pytest.mark.parametrize(("name", "content", "called", "remedy"), NOT_CSV)
@on_sqlite
def test_a_file_that_is_no_csv_is_refused_by_the_name_of_its_format(
    filled: Book, name: str, content: bytes, called: str, remedy: str
) -> None:
    with pytest.raises(BadInput) as refused:
        filled.bring("customers", content, name=name)
    assert refused.value.text() == f"{name} is {called}, not CSV; {remedy}."


@pytest.mark.parametrize(
    ("header", "rows", "columns"),
    [
        ("ID;PO;Name", "A1;7;Ash", ("ID", "Name")),
        ("ID;P;N;E", "A1;B;C;Ash", ("ID", "E")),
        ("ID;PWXL", "C;Ash", ("ID", "PWXL")),
        ("[Code],[Name]", "A1,Ash", ("[Code]", "[Name]")),
        ("[1],[2]", "A1,Ash", ("[1]", "[2]")),
        ("{code},{name}", "A1,Ash", ("{code}", "{name}")),
        ("{{code}};{{name}}", "A1;Ash", ("{{code}}", "{{name}}")),
        ("<Code>,<Name>", "A1,Ash", ("<Code>", "<Name>")),
        ("<Code>\t<Name>", "A1\tAsh", ("<Code>", "<Name>")),
        ("<none>;name;note", "A1;Ash;<br/> </b>", ("<none>", "name")),
        ("BEGIN,END", "A1,Ash", ("BEGIN", "END")),
        ("BEGIN;Name", "A1;Ash", ("BEGIN", "Name")),
        ("SET,Name", "A1,Ash", ("SET", "Name")),
        ("Select ID,Ship From Name,Code", "1,Ash,A1", ("Code", "Ship From Name")),
        ("Update Data Set ID,Name", "A1,Ash", ("Update Data Set ID", "Name")),
        ("Insert into,Name", "A1,Ash", ("Insert into", "Name")),
        ("From: code,Subject: name", "A1,Ash", ("From: code", "Subject: name")),
        ("PAR1,PAR2", "A1,Ash", ("PAR1", "PAR2")),
        ("ORC,Name", "A1,Ash", ("ORC", "Name")),
        ("BM,Name", "A1,Ash", ("BM", "Name")),
        ("GIF8,Name", "A1,Ash", ("GIF8", "Name")),
        ("TABLE,Name", "0,Ash", ("TABLE", "Name")),
        ("- code,name", "A1,Ash", ("- code", "name")),
        ("code:,name", "- A1,Ash", ("code:", "name")),
        ("2026-01-02 10:00:00,INFO", "A1,Ash", ("2026-01-02 10:00:00", "INFO")),
        ("code|name", "A1|Ash", ("code", "name")),
        ("0123,1,43", "A1,Ash,x", ("0123", "1")),
    ],
)
@on_sqlite
def test_a_csv_that_begins_like_another_format_is_read(
    book: Book, header: str, rows: str, columns: tuple[str, str]
) -> None:
    delimiter = next(sign for sign in "\t;|," if sign in header)
    report = book.bring(
        "customers",
        f"{header}\n{rows}\n",
        columns={"code": columns[0], "name": columns[1]},
        delimiter=delimiter,
    )
    assert (report.accepted, report.rejected) == (1, 0)
    assert book.rows("SELECT name FROM customer") == [("Ash",)]
