"""Files that are no CSV at all: one sentence that says how to make one, at once and in little memory."""

import os
import time
import tracemalloc

import pytest

from bot.errors import BadInput
from bot.services.imports.read.encoding import inspect_file
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("book.xlsx", b"PK\x03\x04" + bytes(1_000), "an Excel workbook"),
        ("book.csv", b"PK\x03\x04" + bytes(1_000), "an Excel workbook"),
        ("macros.xlsm", b"PK\x03\x04" + bytes(1_000), "an Excel workbook"),
        ("bomb.csv", b"PK\x03\x04" + b"A" * 50_000_000, "an Excel workbook"),
        ("empty.zip", b"PK\x05\x06" + bytes(18), "an empty zip archive"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000), "an old Excel workbook"),
        ("locked.csv", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "with a password"),
        ("report.csv", b"%PDF-1.7\n1 0 obj\n", "a PDF document"),
        ("scan.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        ("photo.csv", b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
        ("orders.csv.gz", b"\x1f\x8b\x08" + bytes(100), "a compressed file"),
        (
            "page.xls",
            b"\xef\xbb\xbf\r\n<table><tr><td>code</td></tr></table>",
            "a web page (HTML) saved as .xls",
        ),
        ("sheet.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "XML"),
        ("export.json", b'{"code": "C3", "name": "Cedar"}', "JSON"),
    ],
)
@on_sqlite
def test_what_is_no_csv_is_refused_with_the_way_to_make_one(
    filled: Book, name: str, content: bytes, what: str
) -> None:
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(BadInput) as refused:
        filled.bring("customers", content, name=name)
    seconds, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.text().startswith(f"{name} is ")
    assert what in refused.value.text()
    assert ", not CSV; " in refused.value.text()
    assert (seconds < 1, peak < 2_000_000) == (True, True)


@on_sqlite
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(filled: Book) -> None:
    path = filled.folder / "endless.csv"
    with path.open("wb") as handle:
        handle.write(b"code,name\n")
        for _ in range(40):
            handle.write(b"x" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"endless.csv has a line of more than 16 MB"):
        inspect_file(path, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@on_sqlite
def test_what_is_no_file_at_all_is_refused(filled: Book) -> None:
    (filled.folder / "folder.csv").mkdir()
    os.mkfifo(filled.folder / "pipe.csv")
    for name in ("folder.csv", "pipe.csv"):
        with pytest.raises(BadInput, match=f"{name} is not a file"):
            inspect_file(filled.folder / name, None)
