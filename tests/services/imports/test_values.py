"""Names, numbers, dates and words: read exactly as meant, or refused."""

import pytest

from bot.errors import BadInput
from tests.services.imports.conftest import Book


def amounts(book: Book, *written: str, **options: str) -> list[float | str]:
    """What becomes of a column of amounts: units of currency, or the reason it was refused."""
    rows = "".join(f'N{number},C1,2026-01-02,"{text}"\n' for number, text in enumerate(written))
    report = book.bring("orders", "order_no,customer,date,amount\n" + rows, progress=None, **options)
    stored = dict(book.rows("SELECT external_id, amount FROM customer_order"))
    refused = {reject.line: reject.reason for reject in report.first_rejects}
    assert report.accepted + report.rejected == report.rows == len(written)
    return [
        stored[f"N{number}"] / 10_000 if f"N{number}" in stored else refused[number + 2]
        for number in range(len(written))
    ]


def days(book: Book, *written: str, **options: str) -> list[str]:
    rows = "".join(f'N{number},C1,"{text}",1\n' for number, text in enumerate(written))
    report = book.bring("orders", "order_no,customer,date,amount\n" + rows, progress=None, **options)
    stored = dict(book.rows("SELECT external_id, ordered_on FROM customer_order"))
    refused = {reject.line: reject.reason for reject in report.first_rejects}
    return [stored.get(f"N{number}") or refused[number + 2] for number in range(len(written))]


@pytest.mark.parametrize("name", ["NA", "None", "null", "NaN", "N/A", "nan", "true", "-"])
def test_a_customer_with_a_name_that_looks_like_nothing_keeps_it(book: Book, name: str) -> None:
    book.bring("customers", f"code,name\nC1,{name}\n")
    assert book.rows("SELECT code, name FROM customer") == [("C1", name)]


def test_leading_zeros_and_long_numbers_stay_as_they_are(book: Book) -> None:
    book.bring("customers", "code,name\n000123,Acme\n123456789012345678,Birch\n,Cedar\n")
    assert book.rows("SELECT code FROM customer ORDER BY id") == [("000123",), ("123456789012345678",)]


def test_amounts_are_read_as_people_write_them(filled: Book) -> None:
    written = [
        "12",
        "-3.5",
        "1,234.56",
        "￥１２３．４０",
        "$ 99.90",
        "(1,000.25)",
        "250.00-",
        "1 234.50",
        "1'234.5",
        "+7",
    ]
    assert amounts(filled, *written, currency="CNY")[3] == 123.4
    got = amounts(filled, *[text for text in written if "￥" not in text and "$" not in text])
    assert got == [12, -3.5, 1234.56, -1000.25, -250, 1234.5, 1234.5, 7]


def test_a_sign_of_another_currency_is_refused(filled: Book) -> None:
    got = amounts(filled, "€5.00", "£5.00", "5.00 EUR", "人民币5.00")
    assert got == [5, "'£5.00' is not in EUR", 5, "'人民币5.00' is not in EUR"]


@pytest.mark.parametrize(
    "text",
    [
        "inf",
        "-Infinity",
        "NaN",
        "nan",
        "1e400",
        "1.2E+05",
        "abc",
        "1,2,3",
        "#REF!",
        "5%",
        "-(5)",
    ],
)
def test_what_is_no_finite_amount_is_refused(filled: Book, text: str) -> None:
    (reason,) = amounts(filled, text)
    assert isinstance(reason, str)
    assert repr(text) in reason


def test_amounts_over_a_million_millions_are_refused(filled: Book) -> None:
    at_most, over = amounts(filled, "1000000000000", "1000000000000.01")
    assert at_most == 10**12
    assert "too large" in str(over)


def test_decimal_commas_are_read_where_the_column_proves_them(filled: Book) -> None:
    assert amounts(filled, "1.234", "1.234,56", "99,5") == [1234, 1234.56, 99.5]


def test_decimal_points_are_kept_where_the_column_proves_them(filled: Book) -> None:
    assert amounts(filled, "1,234", "1,234.56") == [1234, 1234.56]


def test_a_column_of_lone_groups_is_a_question(filled: Book) -> None:
    with pytest.raises(BadInput, match=r"'amount' does not show .* --decimal point or --decimal comma"):
        amounts(filled, "1,234", "950")
    assert amounts(filled, "1,234", "950", decimal="point") == [1234, 950]
    assert amounts(filled, "1,234", "951", decimal="comma") == [1.234, 951]


@pytest.mark.parametrize("separator", ",;\t")
def test_a_point_before_three_digits_is_a_question_whatever_the_separator(
    filled: Book, separator: str
) -> None:
    content = "order_no,customer,date,amount\nX,C1,2026-01-02,1.234\n".replace(",", separator)
    assert filled.ask("orders", content).keys() == {"decimal-sign"}


def test_the_answer_to_a_question_is_remembered_for_the_source_until_it_is_forgotten(filled: Book) -> None:
    content = "order_no,customer,date,amount\nX{n},C1,2026-01-02,950.000\n"
    assert filled.ask("orders", content.format(n=1)).keys() == {"decimal-sign"}
    filled.bring("orders", content.format(n=1), decimal="comma")
    assert filled.bring("orders", content.format(n=2)).remembered == {"currency": "EUR", "decimal": "comma"}
    assert filled.ask("orders", content.format(n=3), source="another").keys() == {"decimal-sign"}
    assert filled.bring("orders", content.format(n=3), decimal="point").remembered["decimal"] == "comma"
    assert filled.bring("orders", content.format(n=4)).remembered["decimal"] == "point"
    assert filled.ask("orders", content.format(n=5), forget=True).keys() == {"decimal-sign"}
    amounts = filled.rows("SELECT amount / 10000 FROM customer_order ORDER BY external_id")
    assert [int(amount) for (amount,) in amounts] == [950_000, 950_000, 950, 950]


def test_what_was_accepted_for_a_column_is_asked_again_for_another(filled: Book) -> None:
    first = "order_no,customer,date,amount,refunded\nA1,C1,2026-01-02,100,30\n"
    assert filled.ask("orders", first).keys() == {"refund-column"}
    filled.bring("orders", first, accepted=("refund-column",))
    assert filled.bring("orders", first.replace("A1", "A2")).created == 1
    other = first.replace("A1", "A3").replace("refunded", "credit amount")
    assert filled.ask("orders", other).keys() == {"refund-column"}


def test_what_was_accepted_for_a_field_is_asked_again_for_another(filled: Book) -> None:
    content = "customer,field,value,date\nC1,{0},0.55,2026-01-02\nC2,{0},60,2026-01-02\n"
    filled.bring("facts", content.format("debt_ratio"), accepted=("percent-among-ratios",))
    assert filled.ask("facts", content.format("net_margin")).keys() == {"percent-among-ratios"}


def test_a_column_with_both_decimal_signs_is_a_question(filled: Book) -> None:
    with pytest.raises(BadInput, match=r"line 3: 1\.5, line 4: 2,5"):
        amounts(filled, "1,234", "1.5", "2,5")


def test_dates_are_read_as_people_write_them(filled: Book) -> None:
    written = [
        "2026-03-05",
        "2026/3/5",
        "2026.3.5",
        "2026年3月5日",
        "05.03.2026",
        "20260305",
        "2026-03-05 23:59:59",
    ]
    written += [
        "2026-03-05T08:30:00Z",
        "２０２６-０３-０５",
        "2026/3/5 8:05",
        "2026-03-04T23:30:00.123-08:00",
    ]
    assert days(filled, *written) == ["2026-03-05"] * len(written)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("45000", "Excel day number"),
        ("45000.25", "Excel day number"),
        ("2026-02-30", "not a day of the calendar"),
        ("29.02.2025", "not a day of the calendar"),
        ("05.03.0026", "before 1900"),
        ("0001-01-01", "is a placeholder for no value"),
        ("2026-03", "has no day, or no year"),
        ("1767225600", "seconds or milliseconds since 1970"),
        ("2026-06-17", "in the future"),
        ("yesterday", "not a date"),
        ("2026-03-05 25:00", "not a date"),
        ("", "is empty"),
    ],
)
def test_what_is_no_day_is_refused(filled: Book, text: str, why: str) -> None:
    assert why in days(filled, text)[0]


def test_tomorrow_is_taken_because_it_may_have_begun_elsewhere(filled: Book) -> None:
    assert days(filled, "2026-06-16") == ["2026-06-16"]


def test_day_and_month_are_decided_once_for_the_whole_column(filled: Book) -> None:
    assert days(filled, "03/05/2026", "25/12/2025") == ["2026-05-03", "2025-12-25"]
    assert days(filled, "03/05/2026", "12/25/2025") == ["2026-03-05", "2025-12-25"]


def test_a_column_of_dates_that_read_both_ways_is_a_question(filled: Book) -> None:
    with pytest.raises(BadInput, match=r"'date' does not show .* --date-order dmy or --date-order mdy"):
        days(filled, "03/05/2026", "04/05/2026")
    assert days(filled, "03/05/2026", date_order="dmy") == ["2026-05-03"]
    assert days(filled, "03/05/2026", date_order="mdy") == ["2026-03-05"]
    with pytest.raises(BadInput, match="--date-order ydm is not known; use dmy or mdy or ymd"):
        days(filled, "03/05/2026", date_order="ydm")


def test_a_column_with_both_orders_is_a_question_and_the_flag_rejects_what_does_not_fit(filled: Book) -> None:
    with pytest.raises(BadInput, match=r"line 3: 25/12/2025, line 4: 12/25/2025"):
        days(filled, "03/05/2026", "25/12/2025", "12/25/2025")
    got = days(filled, "03/05/2026", "25/12/2025", "12/25/2025", date_order="dmy")
    assert got == ["2026-05-03", "2025-12-25", "'12/25/2025' is not a day of the calendar"]


def test_orders_without_a_currency_name_the_flag(filled: Book) -> None:
    content = "order_no,customer,date,amount,币种\n1,C1,2026-01-02,5,人民币\n2,C1,2026-01-02,5,\n3,C1,2026-01-02,5,XXQ\n"
    report = filled.bring("orders", content, currency=None)
    assert filled.rows("SELECT currency FROM customer_order") == [("CNY",)]
    assert [reject.reason for reject in report.first_rejects] == [
        "is empty, and no --currency was given",
        "'XXQ' is not a currency; use a code such as CNY, USD or EUR",
    ]
    with pytest.raises(BadInput, match="--currency CNY"):
        filled.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n", currency=None)
    with pytest.raises(BadInput, match="--currency: 'EURX'"):
        filled.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n", currency="EURX")


def test_words_are_taken_in_english_and_chinese(filled: Book) -> None:
    people = "邮箱,姓名,角色,语言,时区,在职\nMIA@Example.com,Mia,客户经理,中文,Asia/Shanghai,是\n"
    filled.bring("people", people + "lee@example.com,Lee,Team Lead,English,Europe/Berlin,否\n")
    assert filled.rows("SELECT email, role, language, timezone, active FROM person ORDER BY id") == [
        ("mia@example.com", "account_manager", "zh", "Asia/Shanghai", 1),
        ("lee@example.com", "team_lead", "en", "Europe/Berlin", 0),
    ]
    times = "邮箱,姓名,国家,工作日,上班时间,下班时间\nmia@example.com,Mia,沙特阿拉伯,周日至周四,9:00,18:00\n"
    filled.bring("people", times + "lee@example.com,Lee,DEU,Mo-Fr,,\n")
    assert filled.rows("SELECT country, working_days, works_from, works_until FROM person ORDER BY id") == [
        ("SA", "Sun-Thu", "09:00", "18:00"),
        ("DE", "Mon-Fri", None, None),
    ]
    activities = (
        "客户编号,日期,类型,人员,备注\nC1,2026-01-02,拜访,mia@example.com,好\nC1,2026-01-03,Phone call,,\n"
    )
    filled.bring("activities", activities)
    assert filled.rows("SELECT kind, person_id, note FROM activity ORDER BY id") == [
        ("visit", 1, "好"),
        ("call", None, None),
    ]


@pytest.mark.parametrize(
    ("column", "is_stored"), [("works from,18:00", False), ("works from,10:00", True), ("name,Mia L", True)]
)
def test_hours_of_which_a_file_has_one_end_do_not_end_when_they_begin(
    filled: Book, column: str, is_stored: bool
) -> None:
    head, value = column.split(",")
    filled.bring("people", "email,name,works from,working hours until\nmia@example.com,Mia,9:00,18:00\n")
    name = "" if head == "name" else "name,"
    report = filled.bring("people", f"email,{name}{head}\nmia@example.com,{'Mia,' if name else ''}{value}\n")
    assert report.accepted == is_stored
    hours = filled.rows("SELECT works_from, works_until FROM person")
    assert hours == [("10:00" if value == "10:00" else "09:00", "18:00")]


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        (
            "people",
            "email,name,role\na@b.co,A,admn\n",
            "'admn' is not one of viewer, account_manager, team_lead, sales_ops, finance, admin; did you mean admin?",
        ),
        ("people", "email,name,timezone\na@b.co,A,Asia/Shanghia\n", "did you mean Asia/Shanghai?"),
        ("people", "email,name,country\na@b.co,A,Westeros\n", "'Westeros' is not a country; use an ISO code"),
        ("people", "email,name,working days\na@b.co,A,5\n", "'5' are not days of the week; write them as"),
        (
            "people",
            "email,name,works from\na@b.co,A,9 am\n",
            "'9 am' is not a time of day; write it as 09:00",
        ),
        (
            "people",
            "email,name,works from,working hours until\na@b.co,A,9:00,09:00\n",
            "makes the working hours end when they begin; give another time",
        ),
        ("people", "email,name\nnobody,A\n", "'nobody' is not an e-mail address"),
        ("teams", "name,lead\nEast,x@b.co\n", "there is no person with the e-mail 'x@b.co'"),
        ("activities", "customer,date,kind\nC1,2026-01-02,dance\n", "'dance' is not one of visit, call"),
        ("orders", "order_no,customer,date,amount\n1,,2026-01-02,5\n", "is empty"),
        (
            "orders",
            "order_no,customer,date,amount\n1,C11,2026-01-02,5\n",
            "there is no customer 'C11'; did you mean C1?",
        ),
        (
            "orders",
            "order_no,customer,date,amount\n1,ACME,2026-01-02,5\n",
            "there is no customer 'ACME'; Acme has the code C1",
        ),
        ("customers", "code,name\nC3," + "x" * 201 + "\n", "has 201 characters; at most 200 are taken"),
        ("customers", 'code,name\nC3,"two\nlines"\n', "holds a line break"),
        ("customers", "code,name,parent\nC3,Cedar,C3\n", "a customer cannot be its own parent"),
        ("customers", "code,name,parent\nC3,Cedar,C22\n", "there is no customer 'C22'; did you mean C2?"),
        ("customers", "code,name,owner\nC3,Cedar,x@b.co\n", "there is no person with the e-mail 'x@b.co'"),
    ],
)
def test_a_row_that_makes_no_sense_is_rejected_with_its_reason(
    filled: Book, kind: str, content: str, reason: str
) -> None:
    report = filled.bring(kind, content)
    assert (report.rows, report.accepted, report.rejected) == (1, 0, 1)
    assert reason in report.first_rejects[0].reason
