"""What a file is, before anything is stored: kind, columns, totals, and the command that imports it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli.output.profile import profile_lines
from bot.errors import BadInput
from bot.services.imports import KINDS, ImportOptions
from bot.services.imports.profile import FileProfile, profile_file
from bot.services.imports.profile.totals import YearTotal
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book
from tests.services.imports.test_vendors import EXPORTS, Export

pytestmark = on_sqlite
SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*/*.csv"))

FILES = {
    "customers": (
        "code,name,industry,country\nC1,Acme,Retail,DE\nC2,Birch,Chemistry,FR\n",
        "客户编号,客户名称,行业\nC1,安可贸易,零售\nC2,白桦化工,化工\n",
    ),
    "joins": (
        "customer,into\nC1,C2\n",
        "重复客户,保留客户\nC1,C2\n",
    ),
    "rates": (
        "date,currency,rate\n2026-01-01,USD,7.12\n2026-02-01,USD,7.1\n",
        "日期,币种,汇率\n2026-01-01,USD,7.12\n2026-02-01,USD,7.1\n",
    ),
    "orders": (
        "Order No,Customer,Order Date,Amount\n1,C1,2026-01-02,10\n2,C2,2026-01-03,20.5\n",
        "订单号,客户编号,下单日期,金额\n1,C1,2026-01-02,10\n2,C2,2026-01-03,20.5\n",
    ),
    "order-lines": (
        "order no,line,product,category,line amount\n1,1,P1,Bikes,10\n1,2,P2,Parts,5\n",
        "订单号,行号,产品编号,产品类别,行金额\n1,1,P1,自行车,10\n1,2,P2,配件,5\n",
    ),
    "invoices": (
        "invoice no,customer,invoice date,due date,paid date,amount\nI1,C1,2026-01-05,2026-02-04,2026-02-01,100\n",
        "发票号,客户编号,开票日期,到期日,付款日期,发票金额\nI1,C1,2026-01-05,2026-02-04,2026-02-01,100\n",
    ),
    "activities": (
        "customer,date,activity type,note\nC1,2026-01-05,visit,Talked\nC1,2026-02-05,call,Again\n",
        "客户编号,拜访日期,活动类型,备注\nC1,2026-01-05,拜访,谈了\nC1,2026-02-05,电话,再谈\n",
    ),
    "surveys": (
        "customer,survey date,satisfaction score,scale\nC1,2026-01-05,4,1-5\nC2,2026-02-05,9,nps\n",
        "客户编号,调查日期,满意度评分,量表\nC1,2026-01-05,4,五分制\nC2,2026-02-05,9,净推荐值\n",
    ),
    "complaints": (
        "customer,complaint date,complaint type,description\nC1,2026-01-05,quality,Leaks\nC2,2026-02-05,delivery,Late\n",
        "客户编号,投诉日期,投诉类别,投诉内容\nC1,2026-01-05,产品质量,漏水\nC2,2026-02-05,交货,迟到\n",
    ),
    "gifts": (
        "customer,gift date,gift,gift value,currency\nC1,2026-01-05,Tea,80,CNY\nC2,2026-02-05,Cake,60,CNY\n",
        "客户编号,赠送日期,礼品名称,礼品价值,币种\nC1,2026-01-05,茶叶,80,CNY\nC2,2026-02-05,蛋糕,60,CNY\n",
    ),
    "contact-persons": (
        "customer,contact name,title,birthday\nC1,Li Ming,Buyer,1980-01-05\nC2,Eva Low,Engineer,1981-02-05\n",
        "客户编号,联系人,职务,生日\nC1,李明,采购,1980-01-05\nC2,周敏,厂长,1981-02-05\n",
    ),
    "customer-profiles": (
        "customer,as of,needs,brand loyalty\nC1,2026-01-05,seals,high\nC2,2026-02-05,pumps,low\n",
        "客户编号,调查日期,需求,品牌忠诚度\nC1,2026-01-05,密封件,高\nC2,2026-02-05,水泵,低\n",
    ),
    "facts": (
        "customer,field,value,date\nC1,market_share,0.2,2026-01-05\nC2,market_share,0.3,2026-01-05\n",
        "客户编号,指标,数值,评估日期\nC1,market_share,0.2,2026-01-05\nC2,market_share,0.3,2026-01-05\n",
    ),
    "people": (
        "email,name,role\nmia@example.com,Mia,account_manager\n",
        "邮箱,姓名,角色\nmia@example.com,米娅,客户经理\n",
    ),
    "teams": (
        "team name,lead email,channel\nNorth,mia@example.com,#north\n",
        "团队名称,主管邮箱,频道\n北区,mia@example.com,#north\n",
    ),
}


def look(book: Book, content: str, *, kind: str | None = None, **options: Any) -> FileProfile:
    path = book.folder / "file.csv"
    path.write_text(content, encoding="utf-8")
    given = ImportOptions(**options)
    return profile_file(book.database, path=path, clock=book.clock, options=given, kind=kind)


def mapping(profile: FileProfile) -> dict[str, str]:
    return {one.field: one.header for one in profile.columns}


def options_of(profile: FileProfile) -> tuple[str, ...]:
    """The words of the command after the file."""
    return profile.command[4:]


@pytest.mark.parametrize("language", [0, 1], ids=["English", "Chinese"])
@pytest.mark.parametrize("kind", FILES)
def test_the_kind_of_a_file_is_guessed_by_its_columns(book: Book, kind: str, language: int) -> None:
    profile = look(book, FILES[kind][language])
    assert profile.kind == kind
    assert profile.missing == ()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_kind_of_each_sample_file_is_guessed(book: Book, sample: Path) -> None:
    options = ImportOptions(encoding="cp1252" if sample.parent.name == "de" else None)
    profile = profile_file(book.database, path=sample, clock=book.clock, options=options)
    assert profile.kind == sample.stem
    assert profile.missing == ()


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.vendor)
def test_the_kind_of_a_vendors_export_is_guessed(book: Book, export: Export) -> None:
    assert look(book, export.customers).kind == "customers"
    profile = look(book, export.rows)
    assert export.kind in (profile.kind, *profile.others)


@pytest.mark.parametrize(
    "content",
    [
        "a,b,c\n1,2,3\n",
        "temperature,humidity,time\n20.5,0.4,12:00\n",
        "name,phone,street\nMia,123,High Street\n",
    ],
)
def test_a_file_like_no_kind_is_refused_with_the_kinds_there_are(book: Book, content: str) -> None:
    with pytest.raises(BadInput) as refused:
        look(book, content)
    assert "is like no kind of file that can be imported" in str(refused.value)
    assert f"--kind KIND, one of {', '.join(KINDS)}." in str(refused.value)


def test_the_person_may_say_what_a_file_is(book: Book) -> None:
    profile = look(book, "a,b\nC1,Acme\n", kind="customers")
    assert profile.missing == ("code", "name")
    assert options_of(profile) == ("--map", "code=COLUMN", "--map", "name=COLUMN")
    with pytest.raises(BadInput, match="contacts is not something to import"):
        look(book, "a,b\nC1,Acme\n", kind="contacts")


def test_columns_are_guessed_for_required_fields_without_a_known_header(book: Book) -> None:
    profile = look(
        book,
        "order_no,order_date,reseller_id,salesperson_id,sales\n"
        "1,2026-01-02,676,5,10\n2,2026-01-03,117,5,20.5\n3,2026-01-03,442,5,7\n",
    )
    assert mapping(profile) == {
        "order_no": "order_no",
        "customer": "reseller_id",
        "date": "order_date",
        "amount": "sales",
    }
    assert {one.field: one.how for one in profile.columns}["customer"] == "guess"
    assert options_of(profile)[:2] == ("--map", "customer=reseller_id")
    assert dict(profile.ignored) == {"salesperson_id": ("5",)}


def test_numbers_are_due_days_only_under_a_header_of_terms(book: Book) -> None:
    header = "invoice_no,customer_id,date,amount,{}\n"
    rows = "".join(f"5363{n},1785{n},2026-01-0{n},{n}0.5,{n}0\n" for n in range(1, 8))
    assert look(book, header.format("quantity") + rows).kind == "orders"
    assert look(book, header.format("payment terms") + rows).kind == "invoices"


def test_the_price_of_a_unit_is_no_amount(book: Book) -> None:
    with pytest.raises(BadInput, match="is like no kind"):
        look(book, "InvoiceLineId,TrackId,UnitPrice,InvoiceId,Quantity\n1,2,0.99,1,1\n2,4,0.99,1,1\n")


def test_totals_are_by_year_and_the_unknown_customers_are_named(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(
        book,
        "order no,customer,date,amount,currency\n"
        "1,C1,2025-12-31,10,EUR\n2,C2,2026-01-03,20.5,EUR\n3,C3,2026-05-03,1,EUR\n4,C2,2026-05-04,-0.5,EUR\n",
    )
    totals = profile.totals
    assert totals.by_year == (
        YearTotal(year=2025, currency="EUR", rows=1, amount=Decimal(10)),
        YearTotal(year=2026, currency="EUR", rows=3, amount=Decimal(21)),
    )
    assert (totals.first_day, totals.last_day) == (date(2025, 12, 31), date(2026, 5, 4))
    assert (totals.customers, totals.unknown, totals.unknown_examples) == (3, 2, ("C2", "C3"))


def test_unknown_customers_are_created_in_an_empty_book_and_asked_about_in_another(book: Book) -> None:
    content = "order no,customer,date,amount,currency\n1,C1,2026-01-03,1,EUR\n2,C22,2026-01-03,1,EUR\n"
    assert options_of(look(book, content)) == ("--create-customers",)
    book.bring("customers", "code,name\nC1,Acme\nC2,Birch\n")
    profile = look(book, content)
    assert (profile.totals.customers, profile.totals.unknown_examples) == (2, ("C22",))
    assert options_of(profile) == ()
    (choice,) = profile.choices
    assert choice.about.startswith("Customers that are not in the book: 1 of 2; the book has 2.")
    assert (choice.evident, choice.alternatives[0].options) == (None, {"create_customers": True})


def test_other_columns_with_a_code_for_each_customer_are_named(book: Book) -> None:
    profile = look(book, "code,name,crm_id,tax no,employees\nC1,Acme,7,DE1,10\nC2,Birch,8,DE2,20\n")
    (choice,) = profile.choices
    assert [dict(alternative.options) for alternative in choice.alternatives] == [
        {"columns": {"code": "code"}},
        {"columns": {"code": "crm_id"}},
    ]
    assert options_of(profile) == ("--map", "code=code")


def test_the_column_of_codes_that_the_book_knows_is_the_customer(book: Book) -> None:
    book.bring("customers", "code,name\n676,Acme\n117,Birch\n")
    profile = look(book, "employees,reseller_id,code,name\n117,676,AW1,Acme\n676,117,AW2,Birch\n")
    assert mapping(profile)["code"] == "reseller_id"
    assert options_of(profile) == ("--map", "code=reseller_id")
    (choice,) = profile.choices
    assert [dict(alternative.options) for alternative in choice.alternatives] == [
        {"columns": {"code": "reseller_id"}},
        {"columns": {"code": "code"}},
    ]


@pytest.mark.parametrize(
    ("amounts", "firm", "found", "words"),
    [
        ("€ 1.00|€ 2.00", None, "by the sign of the amounts: €", ("--currency", "EUR")),
        ("1.00|2.00", "CNY", "not in the file", ("--currency", "CNY")),
        ("1.00|2.00", None, "not in the file", ("--currency", "CODE")),
        ("$1.00|$2.00", None, "by the sign of the amounts only: $", ("--currency", "CODE")),
        ("$1.00|$2.00", "HKD", "by the sign of the amounts only: $", ("--currency", "HKD")),
        ("¥1.00|¥2.00", "CNY", "by the sign of the amounts only: ¥", ("--currency", "CNY")),
        ("¥1.00|¥2.00", "EUR", "by the sign of the amounts only: ¥", ("--currency", "CODE")),
    ],
)
def test_the_currency_is_found_by_the_sign_or_left_to_the_person(
    book: Book, amounts: str, firm: str | None, found: str, words: tuple[str, ...]
) -> None:
    first, second = amounts.split("|")
    book.bring("customers", "code,name\nC1,Acme\n")
    content = f"order no,customer,date,amount\n1,C1,2026-01-02,{first}\n2,C1,2026-01-03,{second}\n"
    profile = look(book, content, firm_currency=firm)
    assert profile.currency == found
    assert options_of(profile) == words
    without_rate = firm is not None and words[1] == "CODE"
    assert profile.first == (
        ("tierbot import rates FILE, with rates from CNY to EUR",) if without_rate else ()
    )
    assert profile.report is not None
    assert profile.report.rejected == (2 if without_rate else 0)


def test_the_currency_of_all_orders_in_the_book_is_proposed(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    book.bring("orders", "order no,customer,date,amount\n1,C1,2026-01-02,10\n", currency="SEK")
    content = "order no,customer,date,amount\n2,C1,2026-01-02,{}\n"
    assert options_of(look(book, content.format("1.00"))) == ("--currency", "SEK")
    assert options_of(look(book, content.format("$1.00"))) == ("--currency", "CODE")
    book.bring("orders", "order no,customer,date,amount\n2,C1,2026-01-02,10\n", currency="NOK")
    assert options_of(look(book, content.format("1.00"))) == ("--currency", "CODE")


def test_a_column_of_currencies_needs_no_option(book: Book) -> None:
    profile = look(
        book, "order no,customer,date,amount,currency\n1,C1,2026-01-02,1,EUR\n2,C1,2026-01-03,2,USD\n"
    )
    assert profile.currency == "in the column currency: EUR, USD"
    assert options_of(profile) == ("--create-customers",)
    assert [(one.currency, one.amount) for one in profile.totals.by_year] == [
        ("EUR", Decimal(1)),
        ("USD", Decimal(2)),
    ]


def test_what_dates_and_numbers_leave_open_is_left_to_the_person(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(book, "order no;customer;date;amount;currency\n1;C1;03/04/2026;1,234;EUR\n")
    assert options_of(profile) == ("--date-order", "ORDER", "--decimal", "SIGN")
    assert [
        [dict(alternative.options) for alternative in choice.alternatives] for choice in profile.choices
    ] == [
        [{"date_order": "dmy"}, {"date_order": "mdy"}],
        [{"decimal": "point"}, {"decimal": "comma"}],
    ]


def test_the_century_and_the_order_of_years_of_two_digits_are_left_to_the_person(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(book, "order no,customer,date,amount,currency\n1,C1,25/12/03,1,EUR\n")
    assert options_of(profile) == ("--date-order", "ORDER", "--century", "YEAR")
    assert [
        [dict(alternative.options) for alternative in choice.alternatives] for choice in profile.choices
    ] == [
        [{"date_order": "dmy"}, {"date_order": "ymd"}],
        [{"century": 2000}, {"century": 1947}],
    ]


def test_a_separator_that_an_import_would_not_find_is_in_the_command(book: Book) -> None:
    profile = look(book, "code|name\nC1|Acme\n")
    assert (profile.kind, profile.delimiter) == ("customers", "|")
    assert options_of(profile) == ("--delimiter", "|")


def test_between_two_columns_for_one_field_the_command_takes_one_and_names_the_other(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(
        book,
        "order no,customer,invoice date,posting date,amount,currency\n1,C1,2026-01-02,2026-01-05,1,EUR\n",
    )
    assert options_of(profile) == ("--map", "date=invoice date")
    (choice,) = profile.choices
    assert choice.about == "Which column is date?"
    assert [alternative.options["columns"] for alternative in choice.alternatives] == [
        {"date": "invoice date"},
        {"date": "posting date"},
    ]


def test_a_profile_stores_nothing_and_needs_no_database(book: Book) -> None:
    assert FILES.keys() == KINDS.keys()
    before = book.everything()
    path = book.folder / "file.csv"
    for kind, (content, _) in FILES.items():
        look(book, content)
        path.write_text(content, encoding="utf-8")
        alone = profile_file(None, path=path, clock=book.clock, options=ImportOptions())
        assert alone.kind == kind
    assert book.everything() == before


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("activities", "tierbot import customers FILE, with the customers that it names"),
        ("facts", "tierbot import customers FILE, with the customers that it names"),
        ("order-lines", "tierbot import orders FILE, with the orders of these lines"),
        ("rates", "set TIERBOT_CURRENCY to the firm's currency"),
    ],
)
def test_what_must_come_before_is_named_and_the_rows_are_read_as_they_will_be_then(
    book: Book, kind: str, first: str
) -> None:
    path = book.folder / "file.csv"
    path.write_text(FILES[kind][0], encoding="utf-8")
    profile = profile_file(None, path=path, clock=book.clock, options=ImportOptions())
    assert profile.first == (first,)
    assert profile.report is not None
    assert (profile.report.accepted, profile.report.rejected) == (2, 0)


def test_a_profile_leaves_out_the_titles_above_the_header(book: Book) -> None:
    content = "Sales 2026\n\nOrder No,Customer,Order Date,Amount\n1,C1,2026-01-02,10\nTotal,,,10\n"
    profile = look(book, content, currency="EUR")
    assert profile.kind == "orders"
    assert profile.report is not None
    assert (profile.report.rows, profile.report.accepted, profile.report.skipped) == (2, 1, 1)
    assert options_of(profile) == ("--currency", "EUR", "--create-customers")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            "Customer ID,Order No,Date,Amount\nC1,,,\n,1,2026-01-02,5\n,2,2026-01-03,5\n",
            "a report with groups",
        ),
        ("code,name,name\nC1,Acme,Birch\n", "two columns named 'name'"),
    ],
)
def test_a_profile_says_why_no_option_helps(book: Book, content: str, name: str) -> None:
    assert name in (look(book, content, currency="EUR").problem or "")


def test_a_column_that_is_not_understood_is_declined_in_the_command(book: Book) -> None:
    profile = look(book, "code,name,owner\nC1,Acme,Mia\nC2,Birch,Bo\n")
    assert profile.report is not None
    assert profile.report.accepted == 2
    (choice,) = profile.choices
    assert choice.about.startswith("Most values of the column 'owner' cannot be read as owner")
    assert choice.alternatives[0].options == {"columns": {"owner": "-"}}


def test_a_column_that_cannot_be_read_is_left_out_and_people_are_asked_for(book: Book) -> None:
    profile = look(book, "code,name,owner\nC1,Acme,mia@example.com\nC2,Birch,tom@example.com\n")
    assert options_of(profile) == ("--map", "owner=-")
    (choice,) = profile.choices
    assert choice.about.endswith("To take it, import the people first (tierbot import people FILE)")
    book.bring("people", "email,name\nmia@example.com,Mia\ntom@example.com,Tom\n")
    assert (
        options_of(look(book, "code,name,owner\nC1,Acme,mia@example.com\nC2,Birch,tom@example.com\n")) == ()
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("invoice,customer,date,due,amount\n1,C1,2025-12-25,25/01/2569,100\n", "invoices"),
        ("code,name\n1e+05,Fir House\n1E+15,Holly Ltd\n", "customers"),
    ],
)
def test_a_header_shows_the_kind_even_where_its_values_cannot_be_read(
    book: Book, content: str, kind: str
) -> None:
    profile = look(book, content)
    assert profile.kind == kind
    assert profile.report is not None
    assert profile.report.accepted == 0


PROPOSED = [
    pytest.param(
        "Order ID,Customer ID,Order Date,Sales,currency,Product\n"
        "1,C1,2026-01-05,100,EUR,P1\n1,C1,2026-01-05,20,EUR,P2\n2,C1,2026-01-06,50,EUR,P1\n",
        ("--lines",),
        Decimal(170),
        id="order lines are added up",
    ),
    pytest.param(
        "order,customer,date,amount,currency,status\n"
        "1,C1,2026-01-05,100,EUR,shipped\n2,C1,2026-01-05,900,EUR,cancelled\n3,C1,2026-01-05,50,EUR,shipped\n",
        ("--skip", "status=cancelled"),
        Decimal(150),
        id="cancelled orders are left out",
    ),
    pytest.param(
        "订单号,客户编号,下单日期,金额,币种,订单状态\n"
        "1,C1,2026-01-05,100,CNY,已完成\n2,C1,2026-01-05,900,CNY,已取消\n3,C1,2026-01-05,50,CNY,已完成\n",
        ("--skip", "订单状态=已取消"),
        Decimal(150),
        id="cancelled orders are left out, Chinese",
    ),
    pytest.param(
        "order,customer,date,amount,currency,type\n"
        "1,C1,2026-01-05,100,EUR,Invoice\n2,C1,2026-01-05,40,EUR,Credit Note\n3,C1,2026-01-05,50,EUR,Invoice\n",
        ("--negative", "type=Credit Note"),
        Decimal(110),
        id="credit notes are negative",
    ),
    pytest.param(
        "invoice,customer,date,due,amount,currency,Date of clearing\n"
        "1,C1,2026-01-05,2026-02-04,100,EUR,2026-01-20\n2,C1,2026-02-05,2026-03-07,100,EUR,2026-02-20\n",
        ("--map", "paid=Date of clearing"),
        Decimal(200),
        id="a column that looks like the day of payment is taken",
    ),
    pytest.param(
        "order,customer,date,amount,currency\n1,C1,25/12/03,100,EUR\n2,C1,31/12/04,50,EUR\n",
        ("--date-order", "ORDER", "--century", "YEAR"),
        Decimal(150),
        id="years of two digits",
    ),
]


@pytest.mark.parametrize(("content", "words", "amount"), PROPOSED)
def test_what_a_file_leaves_open_is_answered_in_the_command_where_it_is_evident(
    book: Book, content: str, words: tuple[str, ...], amount: Decimal
) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(book, content)
    assert options_of(profile) == words
    assert sum(one.amount or 0 for one in profile.totals.by_year) == amount
    assert profile.report is not None
    assert profile.report.open_findings == ()


def test_a_status_of_unknown_words_is_left_to_the_person(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(
        book,
        "order,customer,date,amount,currency,status\n1,C1,2026-01-05,100,EUR,zeta\n2,C1,2026-01-05,900,EUR,eta\n",
    )
    assert options_of(profile) == ()
    (choice,) = profile.choices
    assert "such as --skip status=WORD" in choice.about
    assert [dict(alternative.options) for alternative in choice.alternatives] == [
        {"accepted": ("status-column",)},
    ]


def test_the_order_of_day_and_month_is_that_of_a_column_that_shows_it(book: Book) -> None:
    book.bring("customers", "code,name\nC1,Acme\n")
    profile = look(
        book,
        "invoice,customer,date,due,paid,amount,currency\n1,C1,01/31/2026,03/02/2026,02/03/2026,100,EUR\n",
    )
    assert options_of(profile) == ("--date-order", "mdy")
    assert profile.report is not None
    assert (profile.report.accepted, profile.report.rejected) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("invoices", "invoice,customer,date,due,amount,Closed\n1,C1,2026-01-05,2026-02-04,9,2026-01-20\n", "--map paid=Closed"),
        ("invoices", "invoice,customer,date,due,amount\n1,C1,2026-01-05,2026-02-04,9\n", "--yes no-paid-column"),
        ("customers", "code,name,Lead Status\nP1,Acme,Web\n", "--record-type prospect"),
        ("orders", "order,customer,date,amount\n1,C1,2026-01-05,9 DR\n2,C1,2026-01-05,5 CR\n", "--negative amount=CR"),
    ],
)  # fmt: skip
def test_what_a_file_may_mean_is_left_to_the_person_with_the_options_that_say_it(
    filled: Book, kind: str, content: str, words: str
) -> None:
    found = look(filled, content, kind=kind, currency="EUR")
    assert words in "\n".join(profile_lines(found))
