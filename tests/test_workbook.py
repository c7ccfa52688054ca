"""Workbooks: what a cell holds is shown as it is, and Excel takes every name and text."""

import io
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from bot.workbooks.sheets import Sheet, SheetColumn, csv_file, workbook

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@x",
    "https://evil.example",
    "mailto:a@b.c",
    "{=1}",
    "\ud800",
    "\x00\x1b",
    "名" * 40_000,
)


def made(*sheets: Sheet) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(workbook(sheets, created=AT)))


def cells(book: zipfile.ZipFile, number: int = 1) -> list[tuple[str | None, str | None]]:
    """(type, value) of each cell; a text as it is written."""
    texts = [
        "".join(part.text or "" for part in one.iter(f"{SPACE}t"))
        for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    ]
    sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    assert sheet.find(f".//{SPACE}f") is None
    assert sheet.find(f".//{SPACE}hyperlink") is None
    found = []
    for cell in sheet.iter(f"{SPACE}c"):
        value = cell.find(f"{SPACE}v")
        text = None if value is None else value.text
        kind = cell.get("t")
        found.append((kind, texts[int(text or 0)] if kind == "s" else text))
    return found


def test_a_text_is_text_whatever_it_begins_with() -> None:
    book = made(Sheet(name="x", columns=[SheetColumn(title="=title")], rows=[[text] for text in HOSTILE]))
    found = cells(book)
    assert {kind for kind, _ in found} == {"s"}
    assert [text for _, text in found][:7] == ["=title", *HOSTILE[:6]]
    assert len(found[-1][1] or "") == 32_000


def test_numbers_and_days_are_such() -> None:
    columns = [SheetColumn(title="n", kind="number"), SheetColumn(title="d", kind="date")]
    book = made(Sheet(name="x", columns=columns, rows=[[1.5, date(2026, 5, 4)], [None, date(1850, 1, 1)]]))
    assert cells(book)[2:5] == [(None, "1.5"), (None, "46146"), ("s", "1850-01-01")]


@pytest.mark.parametrize("name", ["a/b:c*?[x]", "History", "", "x" * 60, "'quoted'"])
def test_any_name_makes_a_sheet_and_the_same_one_twice_another(name: str) -> None:
    sheet = Sheet(name=name, columns=[SheetColumn(title="a")], rows=[["b"]], notes=["note"])
    book = made(sheet, sheet)
    names = [
        one.get("name") or ""
        for one in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{SPACE}sheet")
    ]
    assert len({one.casefold() for one in names}) == 2
    assert all(0 < len(one) <= 31 and not set(one) & set("[]:*?/\\") for one in names)


def test_the_same_sheets_make_the_same_bytes() -> None:
    sheet = Sheet(name="x", columns=[SheetColumn(title="a")], rows=[["b"], [None]])
    assert workbook([sheet], created=AT) == workbook([sheet], created=AT)


def test_a_csv_file_has_the_mark_that_excel_knows_and_guarded_cells() -> None:
    found = csv_file(
        [SheetColumn(title="a"), SheetColumn(title="b")],
        [["=1", 2.5], [None, "x,y"]],
        lambda text: f"'{text}",
    )
    assert found == "\ufeff'a,'b\r\n'=1,2.5\r\n,\"'x,y\"\r\n".encode()
