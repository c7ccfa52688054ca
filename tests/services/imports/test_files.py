"""Encodings, separators, headers and broken rows: nothing shifts and nothing is lost."""

from pathlib import Path

import pytest

from bot.errors import BadInput, Conflict, NotFound
from tests import factories
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

CHINESE = (
    "客户编号,客户名称,行业,地区\nC1,上海安可贸易有限公司,贸易,上海\nC2,北京绿叶科技有限公司,科技,北京\n"
)
CHINESE_NAMES = [("C1", "上海安可贸易有限公司"), ("C2", "北京绿叶科技有限公司")]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
    ],
)
def test_chinese_files_are_read_in_every_usual_encoding(book: Book, encoding: str, shown: str) -> None:
    report = book.bring("customers", CHINESE.encode(encoding))
    assert report.encoding == shown
    assert book.rows("SELECT code, name FROM customer ORDER BY id") == CHINESE_NAMES


def test_utf16_with_a_big_endian_mark_is_read(book: Book) -> None:
    book.bring("customers", b"\xfe\xff" + CHINESE.encode("utf-16-be"))
    assert book.rows("SELECT code, name FROM customer ORDER BY id") == CHINESE_NAMES


def test_utf16_without_a_mark_asks_for_the_encoding_and_takes_it(book: Book) -> None:
    content = "code,name\nC1,Acme\n".encode("utf-16-le")
    with pytest.raises(BadInput, match="--encoding utf-16-le"):
        book.bring("customers", content)
    assert book.bring("customers", content, encoding="utf-16-le").accepted == 1


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("code,name\nC1,Müller Größe Söhne\n", "cp1252"),
        ("code,name\nC1,Завод Красный Октябрь\n", "cp1251"),
        ("code,name\nC1,東京電力株式会社ひらがな\n", "shift_jis"),
        ("code,name\nC1,臺灣積體電路製造股份有限公司\n", "big5"),
        ("code,name\nC1,한국전자주식회사 서울특별시 강남구 테헤란로 지하철 사거리 대표이사\n", "euc_kr"),
    ],
)
def test_an_encoding_that_only_looks_like_gb18030_is_asked_about(
    book: Book, text: str, encoding: str
) -> None:
    with pytest.raises(BadInput, match="--encoding"):
        book.bring("customers", text.encode(encoding))
    assert book.rows("SELECT * FROM customer") == []
    book.bring("customers", text.encode(encoding), encoding=encoding)
    assert book.rows("SELECT name FROM customer") == [(text.splitlines()[1].removeprefix("C1,"),)]


def test_a_wrong_encoding_is_refused_and_so_is_an_unknown_one(book: Book) -> None:
    with pytest.raises(BadInput, match="is not utf-8"):
        book.bring("customers", CHINESE.encode("gbk"), encoding="utf-8")
    with pytest.raises(BadInput, match="klingon is not an encoding"):
        book.bring("customers", CHINESE, encoding="klingon")


@pytest.mark.parametrize(("separator", "shown"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_the_separator_is_found_and_shown(book: Book, separator: str, shown: str) -> None:
    content = f'code{separator}name{separator}region\nC1{separator}"Acme, Sons; Co"{separator}West\n'
    report = book.bring("customers", content)
    assert (report.delimiter, report.accepted) == (shown, 1)
    assert book.rows("SELECT name, region FROM customer") == [("Acme, Sons; Co", "West")]


def test_a_separator_can_be_given_and_excels_sep_line_is_understood(book: Book) -> None:
    assert book.bring("customers", "code|name\nC1|Acme\n", delimiter="|").delimiter == "|"
    assert book.bring("customers", "sep=;\ncode;name\nC2;Birch\n").accepted == 1
    with pytest.raises(BadInput, match="not a separator"):
        book.bring("customers", "code|name\n", delimiter="||")


def test_headers_are_known_by_many_names_whatever_their_case_and_spaces(book: Book) -> None:
    report = book.bring("customers", "Customer_ID, COMPANY NAME ,客户类型,Colour\nC1,Acme,Retail,red\n")
    assert report.columns == {"code": "Customer_ID", "name": "COMPANY NAME", "customer_type": "客户类型"}
    assert report.ignored_columns == ("Colour",)


def test_a_column_that_was_mapped_once_is_remembered_for_its_source(book: Book) -> None:
    content = "debtor,firm\nC1,Acme\n"
    book.bring("customers", content, source="erp", columns={"code": "debtor", "name": "Firm"})
    assert book.bring("customers", content, source="erp").columns == {"code": "debtor", "name": "firm"}
    with pytest.raises(BadInput, match=r"no column for code, name.*debtor, firm.*--map code="):
        book.bring("customers", content, source="crm")


def test_a_mapping_to_nothing_is_refused_with_a_hint(book: Book) -> None:
    with pytest.raises(BadInput, match=r"no field nmae .did you mean name"):
        book.bring("customers", "code,x\n1,2\n", columns={"nmae": "x"})
    with pytest.raises(BadInput, match=r"no column 'debitor' .did you mean debtor"):
        book.bring("customers", "debtor,name\n1,2\n", columns={"code": "debitor"})


def test_two_columns_for_one_field_are_a_question(book: Book) -> None:
    with pytest.raises(BadInput, match=r"'客户编号', 'Account Code' could both be code"):
        book.bring("customers", "客户编号,Account Code,name\n1,2,3\n")


def test_the_fields_own_name_wins_over_its_other_names(book: Book) -> None:
    assert book.bring("customers", "customer_id,code,name\n1,C1,Acme\n").columns["code"] == "code"


def test_duplicate_headers_are_refused(book: Book) -> None:
    with pytest.raises(BadInput, match=r"two columns named 'name'.*line 2: '2' and '3'"):
        book.bring("customers", "code,name,Name\n1,2,3\n")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_says_so(book: Book, content: bytes) -> None:
    with pytest.raises(BadInput, match=r"file\.csv is empty"):
        book.bring("customers", content)


def test_a_file_with_only_a_header_says_so(book: Book) -> None:
    with pytest.raises(BadInput, match="has a header but no rows"):
        book.bring("customers", "code,name\n,\n\n")


def test_a_missing_file_and_an_unknown_kind_say_so(book: Book) -> None:
    with pytest.raises(BadInput, match="contracts is not something to import"):
        book.bring("contracts", "a\n")
    from bot.services.imports import ImportOptions, import_file

    with pytest.raises(NotFound, match=r"There is no file .*gone\.csv"):
        import_file(
            book.database,
            kind="orders",
            path=Path("gone.csv"),
            clock=book.clock,
            actor=factories.operator("x"),
            options=ImportOptions(),
            rejects_dir=book.folder,
        )


def test_a_workbook_with_the_wrong_ending_is_refused(book: Book) -> None:
    with pytest.raises(BadInput, match="Excel workbook"):
        book.bring("customers", b"PK\x03\x04" + b"\0" * 100)


def test_rows_with_too_few_or_too_many_cells_are_rejected_not_shifted(book: Book) -> None:
    report = book.bring("customers", "code,name,region\nC1,Acme,West\nC2\nC3,Cedar, Inc,East\n")
    assert (report.rows, report.accepted, report.rejected) == (3, 1, 2)
    assert [(reject.line, reject.reason) for reject in report.first_rejects] == [
        (3, "has 1 cells where the header has 3"),
        (4, "has 4 cells where the header has 3; a separator inside a cell needs quotation marks around it"),
    ]
    assert book.rows("SELECT code, region FROM customer") == [("C1", "West")]


def test_an_unclosed_quotation_mark_costs_its_own_line_only(book: Book) -> None:
    report = book.bring("customers", 'code,name\nC1,Acme\nC2,"Birch\nC3,Cedar\nC4,"Dew & Co"\nC5,Elm\n')
    assert (report.rows, report.accepted, report.rejected) == (5, 4, 1)
    assert (report.first_rejects[0].line, report.first_rejects[0].reason) == (
        3,
        "a quotation mark is not closed",
    )
    assert book.rows("SELECT code FROM customer ORDER BY id") == [("C1",), ("C3",), ("C4",), ("C5",)]


def test_a_quotation_that_swallows_whole_rows_is_not_taken_for_a_note(filled: Book) -> None:
    content = (
        'customer,date,kind,note\nC1,2026-01-02,call,"open\nC2,2026-01-03,visit,fine\nC1,2026-01-04,call,"\n'
    )
    report = filled.bring("activities", content)
    assert (report.accepted, report.rejected) == (0, 1)
    assert "quotation mark missing" in report.first_rejects[0].reason


def test_a_note_may_run_over_several_lines_and_lines_are_counted_through_it(filled: Book) -> None:
    content = 'customer,date,kind,note\nC1,2026-01-02,call,"one\ntwo"\nC9,2026-01-03,visit,fine\n'
    report = filled.bring("activities", content)
    assert filled.rows("SELECT note FROM activity") == [("one\ntwo",)]
    assert report.first_rejects[0].line == 4


def test_nul_bytes_are_rejected(book: Book) -> None:
    report = book.bring("customers", b"code,name\nC1,Ac\0me\nC\x002,Birch\nC3,Cedar\n")
    assert (report.accepted, report.rejected) == (1, 2)
    assert {reject.reason for reject in report.first_rejects} == {"holds a NUL byte"}


def wide(columns: int) -> str:
    many = [f"x{number}" for number in range(columns)]
    return ",".join(["code", "name", *many]) + "\n" + ",".join(["C1", "Acme", *many]) + "\n"


@on_sqlite
def test_more_columns_than_a_worksheet_has_are_bearable_and_more_than_a_table_has_are_refused(
    book: Book,
) -> None:
    assert book.bring("customers", wide(17_000)).accepted == 1
    with pytest.raises(BadInput, match="it has more than 20,000 columns; is this a table"):
        book.bring("customers", wide(100_000))


def test_a_file_that_changed_since_its_preview_is_refused(book: Book) -> None:
    seen = book.bring("customers", "code,name\nC1,Acme\n", dry_run=True)
    with pytest.raises(Conflict, match="changed since its preview"):
        book.bring("customers", "code,name\nC1,Other\n", expected_sha256=seen.file_sha256)


def test_a_file_that_changes_while_it_is_read_is_refused(book: Book) -> None:
    path = book.folder / "file.csv"

    def meddle(done: int, total: int) -> None:
        path.write_bytes(path.read_bytes().replace(b"Acme", b"Evil"))

    with pytest.raises(Conflict, match="changed while it was being read"):
        book.bring("customers", "code,name\nC1,Acme\n", progress=meddle)
    assert book.rows("SELECT * FROM customer") == []
