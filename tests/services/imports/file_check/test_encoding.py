"""The encoding of a file is read where its words prove it, and asked about with its words where they do not."""

from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.services.imports.read.code_pages.mojibake import repair
from bot.services.imports.read.encoding import inspect_file
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book


def inspected(folder: Path, content: bytes, encoding: str | None = None) -> str:
    """The encoding that is found, or the sentence that refuses the file."""
    path = folder / "file.csv"
    path.write_bytes(content)
    try:
        return inspect_file(path, encoding).encoding
    except BadInput as refused:
        return refused.text()


def rows(*names: str) -> str:
    return "code,name\n" + "".join(f"C{number},{name}\n" for number, name in enumerate(names))


NAMES = (
    "上海安可贸易有限公司",
    "北京绿叶科技",
    "五堃餐饮",
    "杭州云栖网络",
    "陈伟",
    "王芳",
    "深圳市腾讯计算机系统",
)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (NAMES, "gbk"),
        (NAMES, "gb18030"),
        (("上海安可贸易有限公司", "北京绿叶科技有限公司"), "gbk"),
        (("醴陵瓷厂", "衢州巨化", "亳州药业", "儋州农垦", "泸州老窖"), "gbk"),
        (("张三", "李四", "王五", "赵六", "钱七", "孙八", "联通"), "gbk"),
        (("台灣積體電路製造股份有限公司", "國泰金控", "長榮海運"), "gb18030"),
    ],
)
def test_chinese_is_read_without_asking_when_enough_words_show_it(
    tmp_path: Path, names: tuple[str, ...], encoding: str
) -> None:
    assert inspected(tmp_path, rows(*names).encode(encoding)) == "gb18030"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("rates", "日期,币种,汇率\n2026-01-02,USD,7\n"),
        ("customers", "客户编号,名称\nC1,Acme\n"),
        ("customers", "code,客户\nC1,五堃\n"),
    ],
)
@on_sqlite
def test_a_known_header_shows_that_a_file_is_chinese(book: Book, kind: str, content: str) -> None:
    report = book.bring(kind, content.encode("gbk"), firm_currency="CNY")
    assert (report.encoding, report.accepted) == ("gb18030", 1)


ASKED = [
    # The words of a file, its encoding, and all readings that are offered, the right one first.
    (("鑫淼堃贸易",), "gbk", ["--encoding gb18030 reads '鑫淼堃贸易'"]),
    (
        ("张三", "李四", "王五"),
        "gbk",
        ["--encoding gb18030 reads '张三', '李四'", "--encoding cp1251 reads 'ХЕИэ', 'АоЛД'"],
    ),
    (("РОМАШКА", "ЗАО ТОРГОВЫЙ ДОМ"), "cp1251", ["--encoding cp1251 reads 'РОМАШКА', 'ЗАО ТОРГОВЫЙ ДОМ'"]),
    (("Завод Красный Октябрь",), "cp1251", ["--encoding cp1251 reads 'Завод Красный Октябрь'"]),
    (("Завод Красный Октябрь",), "koi8-r", ["--encoding koi8-r reads 'Завод Красный Октябрь'"]),
    (("Завод Красный Октябрь",), "cp866", ["--encoding cp866 reads 'Завод Красный Октябрь'"]),
    (("臺灣積體電路",), "big5", ["--encoding big5 reads '臺灣積體電路'"]),
    (("한국전자",), "euc_kr", ["--encoding cp949 reads '한국전자'"]),
    (("株式会社さくら",), "shift_jis", ["--encoding cp932 reads '株式会社さくら'"]),
    (("株式会社さくら", "田中太郎"), "euc_jp", ["--encoding euc-jp reads '株式会社さくら', '田中太郎'"]),
    (
        ("ｶﾌﾞｼｷｶﾞｲｼﾔ ﾔﾏﾀﾞ",),
        "shift_jis",
        ["--encoding cp932 reads 'ｶﾌﾞｼｷｶﾞｲｼﾔ ﾔﾏﾀﾞ'", "--encoding gb18030 reads '短藜范薏荚 韵擂'"],
    ),
    (("Εθνική Τράπεζα της Ελλάδος",), "cp1253", ["--encoding cp1253 reads 'Εθνική Τράπεζα της Ελλάδος'"]),
    (("บริษัท สยาม การค้า จำกัด",), "cp874", ["--encoding cp874 reads 'บริษัท สยาม การค้า จำกัด'"]),
    (
        ("Société Générale", "Genève"),
        "cp1252",
        [
            "--encoding cp1252 reads 'Société Générale', 'Genève'",
            "--encoding cp1250 reads 'Société Générale', 'Genčve'",
        ],
    ),
    (("Müller", "Größe", "Österreich"), "cp1252", ["--encoding cp1252 reads 'Müller', 'Österreich'"]),
    (
        ("Müller", "Größe", "Österreich"),
        "cp850",
        [
            "--encoding cp850 reads 'Müller', 'Österreich'",
            "--encoding mac-roman reads 'MÅller', 'ôsterreich'",
        ],
    ),
    (
        ("Müller", "Größe", "Österreich"),
        "mac_roman",
        [
            "--encoding mac-roman reads 'Müller', 'Österreich'",
            "--encoding cp852 reads 'Mčller', 'ůsterreich'",
        ],
    ),
]


@pytest.mark.parametrize(("names", "encoding", "readings"), ASKED)
def test_a_file_with_few_words_is_asked_about_with_each_plausible_reading(
    tmp_path: Path, names: tuple[str, ...], encoding: str, readings: list[str]
) -> None:
    asked = inspected(tmp_path, rows(*names).encode(encoding))
    assert asked == (
        "file.csv is not UTF-8, and it holds too few words to be sure what it is. Give the encoding that reads it right: "
        + "; ".join(readings)
        + "."
    )


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        *(
            ((name,), "euc_kr")
            for name in ("한국전자", "김민수", "서울특별시", "주식회사 대한통운", "제주도청")
        ),
        (("서울", "부산", "대구"), "euc_kr"),
        *(((name,), code) for code in ("cp1251", "koi8-r", "cp866") for name in ("РОМАШКА", "ООО", "Москва")),
        (("臺北", "高雄"), "big5"),
        (("さくら", "東京"), "euc_jp"),
        (("トヨタ自動車",), "shift_jis"),
        (("ΕΛΛΑΔΑ",), "cp1253"),
        (("МОСКВА", "РОССИЯ", "ТОРГОВЫЙ ДОМ", "ЗАВОД"), "cp1251"),
    ],
)
def test_what_is_not_chinese_is_never_read_as_chinese(
    tmp_path: Path, names: tuple[str, ...], encoding: str
) -> None:
    assert inspected(tmp_path, rows(*names).encode(encoding)) != "gb18030"


@pytest.mark.parametrize("content", [bytes(range(0x80, 0x100)) * 3, bytes(range(0xFF, 0x7F, -1))])
def test_bytes_that_make_no_words_lead_to_no_advice(tmp_path: Path, content: bytes) -> None:
    refused = inspected(tmp_path, b"code,name\nC1," + content + b"\n")
    assert "its bytes make words in no usual code page (line 2 (0x" in refused
    assert "or say what it is: --encoding NAME." in refused


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            rows("Müller", "Größe").encode() + b"C2,Caf\xe9\nC3,plain\nC4,\xc3\x84\n",
            "file.csv is UTF-8 but for bytes that do not fit: line 4 (0xE9 in 'C2,Caf�'). Correct them, or say what the"
            " whole file is: --encoding NAME.",
        ),
        (
            rows("北京", "上海").encode()[:-2],
            "file.csv is UTF-8 but for bytes that do not fit: line 3 (0xE6B5 in 'C1,上�'). Correct them, or say what the"
            " whole file is: --encoding NAME.",
        ),
        (
            rows("上海", "北京").encode() + "C2,广州贸易\nC3,深圳\n".encode("gbk"),
            "file.csv is UTF-8 up to line 3 and gb18030 (it reads '广州贸易', '深圳') from line 4 on, as if two files were"
            " joined. Import them one by one, each with its --encoding.",
        ),
        (
            rows("广州贸易", "深圳").encode("gbk") + rows("上海").encode(),
            "file.csv is gb18030 (it reads '广州贸易', '深圳') up to line 3 and UTF-8 from line 5 on, as if two files were"
            " joined. Import them one by one, each with its --encoding.",
        ),
        (
            rows(*NAMES).encode("gbk") + b"C9,\xb1\xb1\xff\n",
            "file.csv is gb18030 but for bytes that do not fit: line 9 (0xFF in 'C9,北�'). Correct them, or say what the"
            " whole file is: --encoding NAME.",
        ),
    ],
)
def test_a_file_of_two_encodings_or_with_broken_bytes_names_the_lines(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    assert inspected(tmp_path, content) == sentence


def test_a_given_encoding_that_does_not_fit_names_the_first_bytes(tmp_path: Path) -> None:
    assert inspected(tmp_path, rows("上海").encode("gbk"), "utf-8") == (
        "file.csv is not utf-8: some of its bytes do not fit (line 2 (0xC9 in 'C0,�Ϻ�')). Give the right --encoding, or"
        " leave it out."
    )


@pytest.mark.parametrize("given", ["utf-16", "utf-32"])
def test_utf_16_that_is_given_for_another_file_is_refused(tmp_path: Path, given: str) -> None:
    assert inspected(tmp_path, rows("Müller").encode(), given) == (
        f"file.csv is not {given}: some of its bytes do not fit. Give the right --encoding, or leave it out."
    )


@pytest.mark.parametrize(
    ("text", "encoding", "given", "better", "words", "meant"),
    [
        (
            "上海安可贸易有限公司",
            "utf-8",
            "gb18030",
            "utf-8",
            "涓婃捣瀹夊彲璐告槗鏈夐檺鍏\ue100徃",
            "上海安可贸易有限公司",
        ),
        ("Müller", "utf-8", "cp1252", "utf-8", "MÃ¼ller", "Müller"),
        ("臺灣積體電路製造", "big5", "gb18030", "big5", "籓芖縩砰筿隔籹硑", "臺灣積體電路製造"),
        (
            "Завод Красный Октябрь",
            "cp1251",
            "cp1252",
            "cp1251",
            "Çàâîä Êðàñíûé Îêòÿáðü",
            "Завод Красный Октябрь",
        ),
        ("上海安可贸易有限公司", "gbk", "latin-1", "gb18030", "ÉÏº£°²¿ÉÃ³Ò×ÓÐÏÞ¹«Ë¾", "上海安可贸易有限公司"),
    ],
)
@on_sqlite
def test_a_given_encoding_that_makes_other_words_is_asked_about(
    book: Book, text: str, encoding: str, given: str, better: str, words: str, meant: str
) -> None:
    content = f"code,name\nC1,{text}\n".encode(encoding)
    asked = book.ask("customers", content, encoding=given)
    codec = given.replace("latin-1", "iso8859-1")
    assert asked == {
        "encoding-misfit": f"In {codec} the file reads {words!r}, but in {better} it reads {meant!r}. Give --encoding"
        f" {better}, or accept the words in {codec} with --yes encoding-misfit."
    }
    book.bring("customers", content, encoding=better)
    assert book.rows("SELECT name FROM customer") == [(text,)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MÃ¼ller", "Müller"),
        ("Ãœber", "Über"),
        ("SociÃ©tÃ© GÃ©nÃ©rale", "Société Générale"),
        ("MÃƒÂ¼ller", "Müller"),
        ("é”€å”®", "销售"),
        ("ä¸Šæµ·", "上海"),
        ("涓婃捣", "上海"),
        ("РњСѓР»Р»РµСЂ", "Муллер"),
        ("Ðåêëàìà Ìîñêâà", "Реклама Москва"),
        ("ÉÏº£Ã³Ò×", "上海贸易"),
        ("â€œAcmeâ€\x9d", "“Acme”"),
        ("M√ºller", "Müller"),
        ("M├╝ller", "Müller"),
    ],
)
def test_words_that_were_read_wrongly_before_are_recognised(written: str, meant: str) -> None:
    assert repair(written) == meant


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Müller",
            "ÄÖÜ",
            "SÃO PAULO",
            "Genève",
            "L’Oréal",
            "Ærø",
            "5 °C",
            "±5 %",
            "Łódź",
            "Ţiţecam",
            "İstanbul",
            "Þór",
        ),
        *(
            "Ромашка",
            "ЗАО",
            "Αθήνα",
            "销售",
            "联通",
            "鑫鑫",
            "臺北",
            "小",
            "大",
            "小明",
            "한국",
            "さくら",
            "ｶﾌﾞ",
            "บริษัท",
            "חברה",
            "شركة",
        ),
        *("“quoted”", "Café № 5", "€ 5", "A™ & B®", "👍", "naïve", "Ñuñoa"),
    ],
)
def test_words_as_they_should_be_are_left_alone(name: str) -> None:
    assert repair(name) is None


@on_sqlite
def test_words_that_were_read_wrongly_are_asked_about_with_what_they_were(book: Book) -> None:
    content = "code,name\nC1,Acme\nC2,MÃ¼ller\nC3,KÃ¶hler\n"
    assert book.ask("customers", content) == {
        "mojibake": "Line 3 has 'MÃ¼ller', which seems to be 'Müller', read in a wrong encoding before it was written to"
        " this file (such cells: 2). Export the file again in UTF-8, or take the words as they are: --yes mojibake."
    }
    book.bring("customers", content, accepted=("mojibake",))
    assert book.rows("SELECT name FROM customer ORDER BY code") == [("Acme",), ("MÃ¼ller",), ("KÃ¶hler",)]


@pytest.mark.parametrize("name", ["M�ller", "????", "?? ??", "M?ller", "Soci?t? G?n?rale", "���"])
@on_sqlite
def test_names_that_lost_letters_are_asked_about(book: Book, name: str) -> None:
    content = f"code,name\nC1,Acme\nC2,{name}\n"
    assert book.ask("customers", content) == {
        "lost-letters": f"Line 3 has {name!r}: letters were lost before this file was written (such cells: 1). Export the"
        " file again in UTF-8, or take the words as they are: --yes lost-letters."
    }


@pytest.mark.parametrize("name", ["What?", "Who? Me", "?", "a.php?x=1", "Really??", "2?3"])
@on_sqlite
def test_a_question_mark_is_no_lost_letter(book: Book, name: str) -> None:
    assert book.bring("customers", f"code,name\nC2,{name}\n").findings == ()


@on_sqlite
def test_a_preview_begins_with_the_rows_that_show_the_encoding(book: Book) -> None:
    plain = "".join(f"P{number},Plain {number}\n" for number in range(20))
    content = "code,name\n" + plain + "".join(f"C{number},{name}\n" for number, name in enumerate(NAMES))
    report = book.bring("customers", content.encode("gbk"), dry_run=True)
    assert [row["name"] for row in report.preview] == [*NAMES, "Plain 0", "Plain 1", "Plain 2"]
    assert [row["line"] for row in report.preview] == [
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "28",
        "2",
        "3",
        "4",
    ]
