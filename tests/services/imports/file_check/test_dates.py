"""Dates in every shape people write them in: each cell gives its day, a question or a reason."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

ORDERS = "order_no,customer,date,amount\n"
INVOICES = "invoice_no,customer,date,due,paid,amount,currency\n"


def orders(*dates: str) -> str:
    return ORDERS + "".join(f'N{number},C1,"{date}",1\n' for number, date in enumerate(dates))


def read(book: Book, *dates: str, **options: Any) -> list[str]:
    """What becomes of a column of order dates: the days, or the reasons of those that were rejected."""
    report = book.bring("orders", orders(*dates), **options)
    stored = dict(book.rows("SELECT external_id, ordered_on FROM customer_order"))
    refused = {reject.line: reject.reason for reject in report.first_rejects}
    return [stored.get(f"N{number}") or refused[number + 2] for number in range(len(dates))]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("5-Jan-2026", "2026-01-05"),
        ("Jan 5, 2026", "2026-01-05"),
        ("January 5th, 2026", "2026-01-05"),
        ("5 January 2026", "2026-01-05"),
        ("Monday, January 5, 2026", "2026-01-05"),
        ("Mon, 05 Jan 2026 08:30:00 +0000", "2026-01-05"),
        ("Mon Jan 05 2026 08:30:00 GMT+0000 (Coordinated Universal Time)", "2026-01-05"),
        ("Mon Jan  5 08:30:00 2026", "2026-01-05"),
        ("05JAN2026", "2026-01-05"),
        ("2026-Jan-05", "2026-01-05"),
        ("5. Januar 2026", "2026-01-05"),
        ("Mo, 5. Jan. 2026", "2026-01-05"),
        ("5. März 2026", "2026-03-05"),
        ("5. Maerz 2026", "2026-03-05"),
        ("05-MAI-2026", "2026-05-05"),
        ("15. Okt. 2025", "2025-10-15"),
        ("5 janv. 2026", "2026-01-05"),
        ("1er août 2025", "2025-08-01"),
        ("lundi 5 janvier 2026", "2026-01-05"),
        ("mar. 5 mai 2026", "2026-05-05"),
        ("5 de enero de 2026", "2026-01-05"),
        ("05-ENE-2026", "2026-01-05"),
        ("5 gennaio 2026", "2026-01-05"),
        ("5 de março de 2026", "2026-03-05"),
        ("5 maart 2026", "2026-03-05"),
        ("5 mrt. 2026", "2026-03-05"),
        ("5 maj 2026", "2026-05-05"),
        ("5. května 2026", "2026-05-05"),
        ("5 maja 2026", "2026-05-05"),
        ("5 января 2026 г.", "2026-01-05"),
        ("5 Ocak 2026", "2026-01-05"),
        ("2026. március 5.", "2026-03-05"),
        ("2026. 3. 5.", "2026-03-05"),
        ("2026년 3월 5일", "2026-03-05"),
        ("二〇二六年三月五日", "2026-03-05"),
        ("二〇二五年十一月二十五日", "2025-11-25"),
        ("2026年3月5日 星期四", "2026-03-05"),
        ("2026/3/5(木)", "2026-03-05"),
        ("2026年3月5日 下午3:05", "2026-03-05"),
        ("2026-03-05 12:05:00 AM", "2026-03-05"),
        ("5. 3. 2026", "2026-03-05"),
        ("05.03.2026 14:30 Uhr", "2026-03-05"),
        ("20260305T083000Z", "2026-03-05"),
    ],
)
def test_a_date_is_read_in_every_usual_language_and_shape(filled: Book, written: str, day: str) -> None:
    assert read(filled, written) == [day]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("113/05/06", "counts years of the Republic of China (113 is 2024)"),
        ("民國113年5月6日", "counts years of the Republic of China (113 is 2024)"),
        ("1130506", "counts years of the Republic of China (113 is 2024)"),
        ("06/05/113", "counts years of the Republic of China (113 is 2024)"),
        ("2568-12-31", "counts years of the Buddhist calendar (2568 is 2025)"),
        ("25/01/2569", "counts years of the Buddhist calendar (2569 is 2026)"),
        ("12 พ.ค. 2569", "counts years of the Buddhist calendar (2569 is 2026)"),
        ("๑๒/๐๕/๒๕๖๘", "counts years of the Buddhist calendar (2568 is 2025)"),
        ("1404/02/03", "counts years of the Persian or the Islamic calendar (1404 is 2025)"),
        ("۱۴۰۴/۰۲/۰۳", "counts years of the Persian or the Islamic calendar (1404 is 2025)"),
        ("1447-03-05", "counts years of the Islamic calendar (1447 is 2025)"),
        ("14/05/1446", "counts years of the Islamic calendar (1446 is 2025)"),
        ("令和7年5月3日", "counts years of the era 令和 (7 is 2025)"),
        ("令和元年5月1日", "counts years of the era 令和 (元 is 2019)"),
        ("R7.5.3", "counts years of the era R (7 is 2025)"),
        ("昭和64年1月7日", "counts years of the era 昭和 (64 is 1989)"),
        ("5786-01-02", "counts years of the Hebrew calendar (5786 is 2026)"),
        ("农历正月初五", "is a day of the Chinese lunar calendar"),
    ],
)
def test_a_year_of_another_calendar_is_refused_by_its_name(filled: Book, written: str, reason: str) -> None:
    (refused,) = read(filled, written)
    assert refused.startswith(f"{written!r} {reason}")
    assert "write the Gregorian date" in refused


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-03", "has no day, or no year; write the whole date, as 2026-03-05"),
        ("2026", "has no day, or no year; write the whole date, as 2026-03-05"),
        ("Jan-26", "has no day, or no year; write the whole date, as 2026-03-05"),
        ("5-Jan", "has no day, or no year; write the whole date, as 2026-03-05"),
        ("3月5日", "has no day, or no year; write the whole date, as 2026-03-05"),
        ("1767225600", "looks like seconds or milliseconds since 1970; export it as a date"),
        ("1767225600000", "looks like seconds or milliseconds since 1970; export it as a date"),
        ("46082", "looks like an Excel day number; format the column as a date and export it again"),
        ("5 lis 2025", "names a month that is another one in another language; write it as 2026-03-05"),
        ("5 Foo 2026", "is not a date; write it as 2026-03-05"),
        ("31/04/2026", "is not a day of the calendar"),
        ("30. Februar 2026", "is not a day of the calendar"),
        ("2026-03-05 12:00 PST", "is not a date; write it as 2026-03-05"),
    ],
)
def test_what_is_no_whole_date_is_refused_with_its_reason(filled: Book, written: str, reason: str) -> None:
    assert read(filled, written) == [f"{written!r} {reason}"]


FOUR_TIMES = (
    "order,customer,date,amount\n1,C1,2025-12-31T17:30:00Z,10\n2,C1,2025-12-31T16:00:00.000+00:00,10\n"
    "3,C1,2026-01-01 01:30:00 +0800,10\n4,C1,2026-01-01T01:30:00+08:00,10\n"
)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Asia/Shanghai", ["2026-01-01"] * 4),
        ("UTC", ["2025-12-31"] * 4),
        ("America/New_York", ["2025-12-31"] * 4),
        ("Pacific/Auckland", ["2026-01-01"] * 4),
    ],
)
def test_a_time_with_an_offset_belongs_to_the_firms_day(filled: Book, zone: str, days: list[str]) -> None:
    filled.bring("orders", FOUR_TIMES, timezone=zone)
    assert filled.rows("SELECT ordered_on FROM customer_order ORDER BY external_id") == [
        (day,) for day in days
    ]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-05 23:30:00", "2026-03-05"),
        ("2026-03-05T23:30:00", "2026-03-05"),
        ("3/5/2026 11:30 PM", "2026-03-05"),
        ("2026-03-05 23:30 UTC", "2026-03-06"),
        ("2026-03-05 23:30 GMT", "2026-03-06"),
        ("2026-03-05T15:59:59Z", "2026-03-05"),
        ("2026-03-05T16:00:00Z", "2026-03-06"),
        ("2026-03-06T00:30:00+09:00", "2026-03-05"),
        ("2026-03-05T24:00:00+08:00", "2026-03-06"),
        ("2026-03-05T22:00:00+05:30", "2026-03-06"),
        ("Thu, 05 Mar 2026 23:30:00 +0000", "2026-03-06"),
        ("2026-03-05T23:30+08:00[Asia/Shanghai]", "2026-03-05"),
        ("20260305T233000Z", "2026-03-06"),
    ],
)
def test_only_a_time_with_an_offset_changes_the_day(filled: Book, written: str, day: str) -> None:
    assert read(filled, written, timezone="Asia/Shanghai", date_order="mdy") == [day]


def test_a_day_that_was_read_before_is_not_taken_for_the_day_of_a_later_time(filled: Book) -> None:
    written = [
        "2026-03-05",
        "2026-03-05 10:00",
        "2026-03-05T16:00:00Z",
        "2026-03-05T15:00:00Z",
        "2026-03-06T01:00:00Z",
    ]
    days = ["2026-03-05", "2026-03-05", "2026-03-06", "2026-03-05", "2026-03-06"]
    assert read(filled, *written, timezone="Asia/Shanghai") == days


TWO_DIGITS = (
    "The column 'date' has years of two digits (line 2: {example}), read as 1947 to 2046. Give the first of the hundred"
    " years that are meant (--century 2000 for 2000 to 2099), or accept these with --yes two-digit-years."
)
ORDER = (
    "The column 'date' does not show in which order day, month and year stand ({example}). Give --date-order dmy or"
    " --date-order mdy; where years of two digits come first, --date-order ymd."
)


@pytest.mark.parametrize(
    ("dates", "asked"),
    [
        (("2/24/03", "3/5/03"), {"two-digit-years": TWO_DIGITS.format(example="2/24/03")}),
        (("5-Jan-26",), {"two-digit-years": TWO_DIGITS.format(example="5-Jan-26")}),
        (("Jan 5, '26",), {"two-digit-years": TWO_DIGITS.format(example="Jan 5, '26")}),
        (("25/12/99",), {"two-digit-years": TWO_DIGITS.format(example="25/12/99")}),
        (
            ("05.03.26",),
            {
                "date-order": ORDER.format(example="for example 05.03.26"),
                "two-digit-years": TWO_DIGITS.format(example="05.03.26"),
            },
        ),
        (
            ("25/12/03",),  # or 2025-12-03
            {
                "date-order": ORDER.format(example="for example 25/12/03"),
                "two-digit-years": TWO_DIGITS.format(example="25/12/03"),
            },
        ),
        (
            ("2/24/03", "24/2/03"),
            {
                "date-order": ORDER.format(example="line 2: 2/24/03, line 3: 24/2/03"),
                "two-digit-years": TWO_DIGITS.format(example="2/24/03"),
            },
        ),
    ],
)
def test_years_of_two_digits_are_asked_about(
    filled: Book, dates: tuple[str, ...], asked: dict[str, str]
) -> None:
    assert filled.ask("orders", orders(*dates)) == asked


@pytest.mark.parametrize(
    ("dates", "options", "days"),
    [
        (("2/24/03", "3/5/03"), {"century": 2000}, ["2003-02-24", "2003-03-05"]),
        (("2/24/03", "3/5/99"), {"century": 1950}, ["2003-02-24", "1999-03-05"]),
        (("2/24/03", "3/5/99"), {"accepted": ("two-digit-years",)}, ["2003-02-24", "1999-03-05"]),
        (("2/24/03", "3/5/99"), {"century": 1900}, ["1903-02-24", "1999-03-05"]),
        (("05.03.26",), {"century": 2000, "date_order": "dmy"}, ["2026-03-05"]),
        (("26.03.05",), {"century": 2000, "date_order": "ymd"}, ["2026-03-05"]),
        (("26-03-05", "99-12-31"), {"century": 1950}, ["2026-03-05", "1999-12-31"]),
        (("5-Jan-26", "6-JAN-2026"), {"century": 2000}, ["2026-01-05", "2026-01-06"]),
        (("12/1/10 8:26", "12/13/10 18:05"), {"century": 2000}, ["2010-12-01", "2010-12-13"]),
        (("3/5/99",), {"century": 2000, "date_order": "mdy"}, ["'3/5/99' is in the future"]),
        (
            ("3/5/2026",),
            {"date_order": "ymd"},
            ["'3/5/2026' does not fit --date-order ymd"],
        ),
    ],
)
def test_the_century_and_the_order_are_as_the_options_say(
    filled: Book, dates: tuple[str, ...], options: dict[str, Any], days: list[str]
) -> None:
    assert read(filled, *dates, **options) == days


def test_the_century_is_remembered_for_the_source(filled: Book) -> None:
    filled.bring("orders", orders("2/24/03"), century=2000)
    report = filled.bring("orders", ORDERS + "X,C1,2/25/03,1\n")
    assert report.remembered == {"century": 2000, "currency": "EUR"}
    assert filled.rows("SELECT ordered_on FROM customer_order WHERE external_id = 'X'") == [("2003-02-25",)]


@pytest.mark.parametrize("century", [20, 1799, 2101])
def test_a_century_that_is_none_is_refused(filled: Book, century: int) -> None:
    with pytest.raises(
        BadInput, match=f"--century {century} is not a year; give the first of the hundred years"
    ):
        filled.bring("orders", orders("2/24/03"), century=century)


PLACEHOLDERS = [
    *("1900-01-01", "1899-12-30", "1970-01-01", "0000-00-00", "0001-01-01", "9999-12-31", "1753-01-01"),
    *("01/01/1900", "00/00/0000", "31.12.9999", "1/0/1900", "0000-00-00 00:00:00", "1970-01-01T00:00:00Z"),
    *("1969-12-31T19:00:00-05:00", "00.00.00", "1-Jan-1900", "1900年1月1日", "19000101"),
]


@pytest.mark.parametrize("written", PLACEHOLDERS)
def test_a_placeholder_is_no_date_where_one_is_needed(filled: Book, written: str) -> None:
    assert read(filled, written, timezone="Asia/Shanghai") == [
        f"{written!r} is a placeholder for no value, and one is needed"
    ]


@pytest.mark.parametrize("written", PLACEHOLDERS)
def test_a_placeholder_counts_as_empty_where_a_date_may_be_missing(filled: Book, written: str) -> None:
    content = (
        INVOICES
        + f"1,C1,2026-01-01,2026-02-01,{written},5,EUR\n2,C1,2026-01-01,2026-02-01,2026-02-03,5,EUR\n"
    )
    report = filled.bring("invoices", content)
    assert filled.rows("SELECT paid_on FROM invoice ORDER BY external_id") == [(None,), ("2026-02-03",)]
    assert [(one.type.name, one.text()) for one in report.findings] == [
        (
            "placeholder-dates",
            f"Cells of the column 'paid' that stand for no date count as empty: 1 (line 2: {written}).",
        )
    ]


def test_a_customer_whose_end_is_a_placeholder_goes_on(filled: Book) -> None:
    content = "code,name,ended\nC1,Acme,9999-12-31\nC2,Birch,2026-01-31\n"
    notes = filled.bring("customers", content).findings
    assert filled.rows("SELECT code, archived FROM customer ORDER BY code") == [("C1", False), ("C2", True)]
    assert "placeholder-dates" in [note.type.name for note in notes]


def test_placeholders_are_counted_in_every_row_and_shape(filled: Book) -> None:
    rows = "".join(
        f"{n},C1,2026-01-01,2026-02-01,{'1900-01-01' if n % 2 else ' 0000-00-00'},5,EUR\n" for n in range(7)
    )
    (note,) = filled.bring("invoices", INVOICES + rows).findings
    assert note.text() == (
        "Cells of the column 'paid' that stand for no date count as empty: 7 (line 2: 0000-00-00)."
    )


@pytest.mark.parametrize("written", ["1970-01-02", "1900-01-02", "01/01/01"])
def test_a_day_beside_a_placeholder_is_a_day(filled: Book, written: str) -> None:
    day = {"01/01/01": "2001-01-01"}.get(written, written)
    assert read(filled, written, century=2000, date_order="dmy") == [day]


@pytest.mark.parametrize(
    ("kind", "content", "field", "reason"),
    [
        (
            "customers",
            "code,name,since\nT1,Siam,12/05/2560\n",
            "since",
            "years of the Buddhist calendar (2560 is 2017)",
        ),
        (
            "customers",
            "code,name,since\nT1,Siam,25/06/2545\n",
            "since",
            "years of the Buddhist calendar (2545 is 2002)",
        ),
        ("customers", "code,name,since\nT1,Siam,2027-01-01\n", "since", "'2027-01-01' is in the future"),
        ("customers", "code,name,since\nT1,Siam,1799-12-31\n", "since", "'1799-12-31' is before 1800"),
        (
            "customers",
            "code,name,ended\nT1,Siam,31/12/2569\n",
            "ended",
            "years of the Buddhist calendar (2569 is 2026)",
        ),
        ("orders", ORDERS + "1,C1,2026-06-17,5\n", "date", "'2026-06-17' is in the future"),
        ("orders", ORDERS + "1,C1,1899-01-02,5\n", "date", "'1899-01-02' is before 1900"),
        (
            "invoices",
            INVOICES + "1,C1,25/12/2025,25/01/2569,,5,THB\n",
            "due",
            "years of the Buddhist calendar (2569 is 2026)",
        ),
        (
            "invoices",
            INVOICES + "1,C1,2025-12-01,2568-12-31,,5,THB\n",
            "due",
            "years of the Buddhist calendar (2568 is 2025)",
        ),
        (
            "invoices",
            INVOICES + "1,C1,2025-12-01,2036-01-01,,5,EUR\n",
            "due",
            "2036-01-01 is over 10 years after the invoice's date, 2025-12-01",
        ),
        (
            "invoices",
            INVOICES + "1,C1,2025-12-01,2025-11-30,,5,EUR\n",
            "due",
            "2025-11-30 is before the invoice's date, 2025-12-01",
        ),
        (
            "invoices",
            INVOICES + "1,C1,2025-12-01,9999-12-31,,5,EUR\n",
            "due",
            "'9999-12-31' is a placeholder for no value, and one is needed",
        ),
        (
            "invoices",
            INVOICES + "1,C1,2026-12-01,2026-12-31,,5,EUR\n",
            "date",
            "'2026-12-01' is in the future",
        ),
        ("invoices", INVOICES + "1,C1,2025-12-01,2026-01-01,2026-12-01,5,EUR\n", "paid", "is in the future"),
        ("activities", "customer,date,kind\nC1,2027-01-01,call\n", "date", "'2027-01-01' is in the future"),
        ("activities", "customer,date,kind\nC1,1447-01-01,call\n", "date", "years of the Islamic calendar"),
        (
            "facts",
            "customer,field,value,date\nC1,aum,5,2027-01-01\n",
            "date",
            "'2027-01-01' is in the future",
        ),
    ],
)
def test_every_date_column_has_its_bounds(
    filled: Book, kind: str, content: str, field: str, reason: str
) -> None:
    report = filled.bring(kind, content)
    assert (report.accepted, report.rejected) == (0, 1)
    assert report.first_rejects[0].column == field
    assert reason in report.first_rejects[0].reason


def test_rates_have_bounds_too(filled: Book) -> None:
    report = filled.bring(
        "rates", "date,currency,rate\n2027-01-01,USD,7\n113/01/02,USD,7\n", firm_currency="CNY"
    )
    assert [reject.reason.split(";")[0] for reject in report.first_rejects] == [
        "'2027-01-01' is in the future",
        "'113/01/02' counts years of the Republic of China (113 is 2024)",
    ]


def test_a_due_day_up_to_ten_years_ahead_is_kept(filled: Book) -> None:
    filled.bring("invoices", INVOICES + "1,C1,2026-01-05,2036-12-31,,5,EUR\n")
    assert filled.rows("SELECT due_on FROM invoice") == [("2036-12-31",)]


SWAPPED = (
    "In the column 'date' every date such as {low} has a day up to 12, and every date such as {high} has a later one: a"
    " spreadsheet seems to have swapped day and month where it could read them. Export the file again without opening it"
    " in a spreadsheet, or take the dates as they are: --yes swapped-dates."
)


@pytest.mark.parametrize(
    ("dates", "low", "high"),
    [
        (("2026-05-03", "13/05/2026", "2026-04-02", "25/12/2025"), "2026-05-03", "13/05/2026"),
        (("2026-05-03 00:00:00", "2026-05-04 00:00:00", "13/05/2026"), "2026-05-03 00:00:00", "13/05/2026"),
        (("5/3/2026", "6/4/2026", "13/05/2026", "25/12/2025", "10/11/2025"), "5/3/2026", "13/05/2026"),
        (("05.03.2026", "04.03.2026", "05/13/2026"), "05.03.2026", "05/13/2026"),
        (("2026-05-03", "2026-06-03", "13-05-2026"), "2026-05-03", "13-05-2026"),
        (("20260503", "20260603", "13.05.2026"), "20260503", "13.05.2026"),
    ],
)
def test_days_and_months_that_a_spreadsheet_swapped_are_asked_about(
    filled: Book, dates: tuple[str, ...], low: str, high: str
) -> None:
    asked = filled.ask("orders", orders(*dates))
    assert asked == {"swapped-dates": SWAPPED.format(low=low, high=high)}
    assert filled.bring("orders", orders(*dates), accepted=("swapped-dates",)).accepted == len(dates)


@pytest.mark.parametrize(
    "dates",
    [
        ("2026-05-03", "2026-05-13", "13/05/2026"),
        ("2025-12-01", "25/12/2025"),
        ("2026-05-03", "13/05/2026", "03/05/2026"),
        ("03/05/2026", "13/05/2026", "25/12/2025"),
        ("3/5/2026", "13/5/2026", "25/12/2025"),
        ("2026-05-03", "5 May 2026", "13 May 2026"),
        ("2026-05-13", "13/05/2026"),
        ("2026-05-03", "03.05.2026"),
    ],
)
def test_two_shapes_in_a_column_are_no_question_where_each_has_all_days(
    filled: Book, dates: tuple[str, ...]
) -> None:
    report = filled.bring("orders", orders(*dates))
    assert (report.accepted, report.findings) == (len(dates), ())


@pytest.mark.parametrize(
    ("dates", "example"),
    [
        (("2025-31-01", "2025-05-02"), "2025-31-01"),
        (("2025-05-02", "2025/13/02", "2025/28/02"), "2025/13/02"),
        (("20252501", "20250502"), "20252501"),
        (("2025-31-01 10:30:00", "2025-05-02 11:00:00"), "2025-31-01 10:30:00"),
    ],
)
def test_a_column_with_the_day_before_the_month_is_refused_as_a_whole(
    filled: Book, dates: tuple[str, ...], example: str
) -> None:
    assert filled.ask("orders", orders(*dates)) == {
        "year-day-month": f"In the column 'date' the day stands before the month after the year ({example}), and no other"
        " date shows that the month comes first. Write the dates of the column 'date' as 2026-03-05, with the month before"
        " the day."
    }


@pytest.mark.parametrize("wrong", ["2025-31-01", "2025-13-45", "2025-00-05"])
def test_a_wrong_date_among_others_with_the_month_first_is_rejected_alone(filled: Book, wrong: str) -> None:
    assert read(filled, wrong, "2025-05-31") == [f"'{wrong}' is not a day of the calendar", "2025-05-31"]


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        (
            "code,name,since,region\nC7,Seven,10/15/2025\nC8,Eight,03/05/2026,North\n",
            ["2025-10-15", "2026-03-05"],
        ),
        ("code,name,since,region\nC7,Seven,10/15/2025\nC8,Eight,,North\n", ["2025-10-15", None]),
        (
            "code;name;since;region\nC7;Seven;15/10/2025\nC8;Eight;03/05/2026;North\n",
            ["2025-10-15", "2026-05-03"],
        ),
    ],
)
def test_a_row_that_ends_early_shows_the_order_of_day_and_month_too(
    book: Book, content: str, stored: list[str | None]
) -> None:
    assert book.bring("customers", content).first_rejects == ()
    assert [day for (day,) in book.rows("SELECT since FROM customer ORDER BY code")] == stored
