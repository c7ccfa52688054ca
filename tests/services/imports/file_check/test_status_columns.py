"""Columns that say which rows count are asked about, and --only, --skip, --negative and --map subtract answer."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

MIXED = """\
order,customer,date,amount,currency,status,type
1,C1,2026-01-05,100,USD,completed,Invoice
2,C1,2026-01-06,900,USD,cancelled,Invoice
3,C1,2026-01-07,40,USD,completed,Credit Note
4,C1,2026-01-08,5000,USD,quotation,Quote
5,C2,2026-01-08,60,USD,refunded,Invoice
"""


def orders(column: str, *rows: str, separator: str = ",") -> str:
    """A file of orders of C1: each row an amount and what the last column says."""
    lines = [f"{n}{separator}C1{separator}2026-01-05{separator}{row}" for n, row in enumerate(rows, start=1)]
    return "\n".join([separator.join(("order", "customer", "date", "amount", column)), *lines, ""])


def net(book: Book) -> dict[str, float]:
    """Net sales by customer."""
    found = book.rows(
        "SELECT code, sum(amount) FROM customer_order o JOIN customer c ON c.id = o.customer_id GROUP BY code"
    )
    return {code: float(amount) / 10_000 for code, amount in found}


def test_words_of_a_status_and_a_type_column_are_asked_about_with_the_options_that_answer(
    filled: Book,
) -> None:
    report = filled.bring("orders", MIXED, dry_run=True)
    assert [(one.type.name, one.text()) for one in report.open_findings] == [
        (
            "status-column",
            "The column 'status' may say that not every row counts as it is: cancelled 1 (line 3), "
            "quotation 1 (line 5), refunded 1 (line 6), completed 2. Say which rows count, such as "
            "--skip status=cancelled,quotation,refunded (--only, --skip and --negative take COLUMN=WORD,WORD); "
            "--yes status-column counts them all as they are.",
        ),
        (
            "status-column",
            "The column 'type' may say that not every row counts as it is: Credit Note 1 (line 4), "
            "Quote 1 (line 5), Invoice 3. Say which rows count, such as "
            '--skip type=Quote --negative type="Credit Note" (--only, --skip and --negative take COLUMN=WORD,WORD); '
            "--yes status-column counts them all as they are.",
        ),
    ]
    assert filled.ask("orders", MIXED).keys() == {"status-column"}


@pytest.mark.parametrize(
    ("options", "expected", "skipped"),
    [
        # 100 - 40, and nothing of C2
        (
            {"skip": ("status=cancelled,quotation,refunded",), "negative": ('type="Credit Note"',)},
            {"C1": 60},
            3,
        ),
        ({"only": ("status=Completed",), "negative": ("TYPE=credit_note",)}, {"C1": 60}, 3),
        (
            {
                "skip": ("status=cancelled", "status=quotation", "status=refunded"),
                "negative": ("type=CreditNote",),
            },
            {"C1": 60},
            3,
        ),
        # 100 + 900 + 40 + 5000, and 60
        ({"accepted": ("status-column",)}, {"C1": 6040, "C2": 60}, 0),
        ({"only": ("status=completed",), "accepted": ("status-column",)}, {"C1": 140}, 3),
    ],
)
def test_the_options_answer(
    filled: Book, options: dict[str, Any], expected: dict[str, float], skipped: int
) -> None:
    report = filled.bring("orders", MIXED, **options)
    assert net(filled) == expected
    assert (report.skipped, report.accepted + report.rejected + report.skipped) == (skipped, report.rows)


def test_an_option_that_leaves_a_telling_word_open_does_not_answer(filled: Book) -> None:
    options: dict[str, Any] = {"skip": ("status=cancelled",), "negative": ("type=credit note",)}
    first, second = filled.bring("orders", MIXED, dry_run=True, **options).open_findings
    assert "quotation 1 (line 5), refunded 1 (line 6), completed 2" in first.text()
    assert "Quote 1 (line 5), Invoice 2, Credit Note 1" in second.text()


@pytest.mark.parametrize(
    ("column", "word", "suggested"),
    [
        ("Order Status", "Canceled", '--skip "Order Status"=Canceled'),
        ("State", "VOID", "--skip State=VOID"),
        ("Stage", "Closed Lost", '--skip Stage="Closed Lost"'),
        ("订单状态", "已取消", "--skip 订单状态=已取消"),
        ("单据类型", "销售退货单", "--negative 单据类型=销售退货单"),
        ("红蓝标志", "红字", "--negative 红蓝标志=红字"),
        ("Belegart", "Gutschrift", "--negative Belegart=Gutschrift"),
        ("Belegart", "Angebot", "--skip Belegart=Angebot"),
        ("Vorgang", "storniert", "--skip Vorgang=storniert"),
        ("Document Type", "Credit Memo", '--negative "Document Type"="Credit Memo"'),
        ("Cancelled", "yes", "--skip Cancelled=yes"),
        ("is_return", "1", "--negative is_return=1"),
        ("是否作废", "是", "--skip 是否作废=是"),
        ("deleted", "true", "--skip deleted=true"),
        ("Cancelled at", "2026-01-09 10:00", '--skip "Cancelled at"="*"'),
        ("Cancel reason", "no stock", '--skip "Cancel reason"="*"'),
        ("Soll/Haben", "Haben", '--negative "Soll/Haben"=Haben'),
        ("S/H", "H", '--negative "S/H"=H'),
        ("D/C", "C", '--negative "D/C"=C'),
        ("Side", "credit", "--negative Side=credit"),
        ("sign", "-", "--negative sign=-"),
        ("Type de document", "Avoir", '--negative "Type de document"=Avoir'),
    ],
)
def test_columns_of_many_systems_are_asked_about(
    filled: Book, column: str, word: str, suggested: str
) -> None:
    usual = {"credit": "debit", "-": "+", "C": "D", "H": "S", "Haben": "Soll", "红字": "蓝字"}.get(word, "")
    content = orders(column, f"100,{usual}", f"40,{word}")
    if not suggested:
        assert filled.bring("orders", content).accepted == 2
        return
    assert suggested in filled.ask("orders", content)["status-column"]


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("status", "completed", "shipped"),
        ("订单状态", "已完成", "已发货"),
        ("Belegart", "Rechnung", "Rechnung"),
        ("state", "NY", "CA"),
        ("type", "retail", "wholesale"),
        ("DEALSIZE", "Small", "Large"),
        ("Payment side", "credit", "debit"),
        ("Grade", "C", "D"),
        ("cancelled", "0", "0"),
        ("is_return", "false", ""),
        ("Return policy", "30 days", "none"),
        ("Store", "Berlin", "Bonn"),
    ],
)
def test_columns_that_say_nothing_about_counting_are_ignored(
    filled: Book, column: str, first: str, second: str
) -> None:
    report = filled.bring("orders", orders(column, f"100,{first}", f"40,{second}"))
    assert (report.accepted, report.findings, net(filled)) == (2, (), {"C1": 140})


def test_credit_notes_that_are_below_zero_already_are_netted_without_a_question(filled: Book) -> None:
    filled.bring("orders", orders("type", "100,Invoice", "-40,Credit Note"))
    assert net(filled) == {"C1": 60}


def test_credit_notes_of_both_signs_are_asked_about(filled: Book) -> None:
    content = orders("type", "100,Invoice", "-40,Credit Note", "10,Credit Note")
    assert "Credit Note 2 (line 3, below zero: 1)" in filled.ask("orders", content)["status-column"]
    negative = ("type=Credit Note",)
    asked = filled.ask("orders", content, negative=negative)
    assert (
        "Of the 2 rows that --negative makes negative, 1 are negative already (line 3)"
        in asked["already-negative"]
    )
    filled.bring("orders", content, negative=negative, accepted=("already-negative",))
    assert net(filled) == {"C1": 50}  # 100 - 40 - 10


def test_a_negative_row_has_a_negative_cost_too(filled: Book) -> None:
    content = "order,customer,date,amount,cost,type\n1,C1,2026-01-05,100,60,I\n2,C1,2026-01-06,40,24,R\n"
    filled.bring("orders", content, negative=("type=R",))
    assert filled.rows("SELECT amount / 10000, cost / 10000 FROM customer_order ORDER BY id") == [
        (100, 60),
        (-40, -24),
    ]


def test_the_answer_is_remembered_and_a_new_word_is_asked_about(filled: Book) -> None:
    answer: dict[str, Any] = {"skip": ("status=cancelled",), "negative": ("type=Credit Note",)}
    first = "order,customer,date,amount,status,type\n1,C1,2026-01-05,100,ok,Invoice\n2,C1,2026-01-05,9,cancelled,Invoice\n"
    filled.bring("orders", first + "3,C1,2026-01-05,40,ok,Credit Note\n", **answer)
    later = "order,customer,date,amount,status,type\n4,C1,2026-02-05,10,ok,Invoice\n5,C1,2026-02-05,9,cancelled,Invoice\n"
    report = filled.bring("orders", later)
    skip, negative = ["status=cancelled"], ["type=Credit Note"]
    assert report.remembered == {"currency": "EUR", "skip": skip, "negative": negative}
    assert net(filled) == {"C1": 70}  # 100 - 40 + 10
    new = later + "6,C1,2026-02-06,5,on hold,Invoice\n"
    assert "on hold 1 (line 4)" in filled.ask("orders", new)["status-column"]
    filled.bring("orders", new, skip=("status=on hold",))
    assert net(filled) == {"C1": 70}
    assert filled.bring("orders", new).remembered["skip"] == ["status=cancelled,on hold"]
    assert filled.ask("orders", new, forget=True).keys() == {"status-column"}


def test_what_yes_accepted_is_words_and_not_the_column(filled: Book) -> None:
    filled.bring("orders", orders("status", "100,open", "10,on hold"), accepted=("status-column",))
    report = filled.bring("orders", orders("status", "100,open", "10,on hold", "1,shipped"))
    assert (report.created, report.findings, report.remembered) == (1, (), {"currency": "EUR"})
    assert (
        "backordered 1 (line 3)"
        in filled.ask("orders", orders("status", "100,open", "10,backordered"))["status-column"]
    )


def test_a_new_word_is_not_left_out_in_silence_by_a_remembered_only(filled: Book) -> None:
    filled.bring("orders", orders("status", "100,paid", "10,void"), only=("status=paid",))
    asked = filled.ask("orders", orders("status", "100,paid", "10,paid in part", "5,void", "2,"))
    assert "paid in part 1 (line 3), (empty) 1 (line 5)" in asked["status-column"]
    filled.bring("orders", orders("status", "100,paid", "10,paid in part"), only=("status=paid in part",))
    assert net(filled) == {"C1": 110}


def test_a_file_without_the_column_of_a_remembered_option_is_a_question(filled: Book) -> None:
    filled.bring("orders", orders("status", "100,paid", "10,void"), skip=("status=void",))
    content = "order,customer,date,amount\n8,C1,2026-02-05,10\n"
    assert filled.ask("orders", content)["filter-column-gone"] == (
        "An earlier file of this source had a column 'status', by which rows were chosen: --skip status=void. "
        "Give --forget and say how this file is to be read, or --yes filter-column-gone: all its rows count."
    )
    filled.bring("orders", content, accepted=("filter-column-gone",))
    assert net(filled) == {"C1": 110}
    assert filled.ask("orders", content.replace("8", "9")).keys() == {"filter-column-gone"}


def test_a_word_that_no_row_has_is_asked_about_once(filled: Book) -> None:
    content = orders("status", "100,paid", "10,void")
    asked = filled.ask("orders", content, skip=("status=void,voided",))
    assert asked["word-not-found"] == (
        "--skip status=voided: no row says 'voided' in the column 'status'; its words are paid 1, void 1. "
        "Correct the word, or give --yes word-not-found if it may come in later files."
    )
    filled.bring("orders", content, skip=("status=void,voided",), accepted=("word-not-found",))
    assert (
        filled.bring("orders", content, skip=("status=void,voided",)).findings[0].type.name == "rows-left-out"
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"skip": ("status",)}, "--skip status: write it as COLUMN=WORD"),
        ({"skip": ("stauts=void",)}, r"no column 'stauts' .did you mean status"),
        ({"skip": ("status=void",), "only": ("Status=VOID",)}, "--only and --skip both name 'void'"),
        ({"skip": ("status=void",), "negative": ("status=void",)}, "--skip and --negative both name 'void'"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    filled: Book, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadInput, match=problem):
        filled.bring("orders", orders("status", "100,paid", "10,void"), **options)


def test_only_and_negative_may_name_the_same_word(filled: Book) -> None:
    content = orders("type", "100,Invoice", "40,Credit", "7,Quote")
    report = filled.bring("orders", content, only=("type=Invoice,Credit",), negative=("type=Credit",))
    assert report.ignored_columns == ()  # it is used to choose rows
    assert net(filled) == {"C1": 60}


def test_an_option_may_name_a_column_that_a_field_uses_and_an_empty_cell(filled: Book) -> None:
    content = "order,customer,date,amount,ship date\n1,C1,2026-01-05,100,2026-01-06\n2,C2,2026-01-05,10,\n3,C1,2026-01-05,5,\n"
    report = filled.bring("orders", content, skip=("ship date=",), only=("customer=C1",))
    assert (net(filled), report.skipped) == ({"C1": 100}, 2)
    assert [one.text() for one in report.findings] == [
        "Rows left out by --only or --skip: 2 (the first is line 3)."
    ]


def test_what_is_left_out_may_be_wrong(filled: Book) -> None:
    content = orders("status", "100,paid", "see mail,void", "1,paid")
    assert filled.bring("orders", content, skip=("status=void",)).rejected == 0


def test_blank_rows_are_no_rows_that_are_left_out(filled: Book) -> None:
    content = orders("status", "100,paid", "10,void") + ",,,,\n,,,,\n"
    report = filled.bring("orders", content, only=("status=paid",))
    assert (report.rows, report.skipped, report.blank_rows) == (2, 1, 2)


REFUNDS = "order,customer,date,amount,{column}\n1,C1,2026-01-05,100,\n2,C1,2026-01-06,60,{amount}\n3,C2,2026-01-06,5,0\n"


@pytest.mark.parametrize(
    "column", ["Refunded Amount", "退款金额", "Refunds", "Returns", "Gutschrift", "Amount Refunded"]
)
@pytest.mark.parametrize("amount", ["20", "-20", '"20.00"'])
def test_amounts_given_back_are_asked_about_and_subtracted(filled: Book, column: str, amount: str) -> None:
    content = REFUNDS.format(column=column, amount=amount)
    assert f"The column '{column}' has amounts" in filled.ask("orders", content)["refund-column"]
    filled.bring("orders", content, columns={"subtract": column})
    assert net(filled) == {"C1": 140, "C2": 5}  # 100 + 60 - 20, and 5
    filled.bring("orders", content, forget=True, accepted=("refund-column",))
    assert net(filled) == {"C1": 160, "C2": 5}


def test_a_refund_column_of_zeros_is_no_question(filled: Book) -> None:
    assert filled.bring("orders", REFUNDS.format(column="Refunded Amount", amount="0.00")).findings == ()


@pytest.mark.parametrize(
    ("debit", "credit"), [("Soll", "Haben"), ("Debit", "Credit"), ("借方金额", "贷方金额")]
)
def test_two_columns_for_the_two_sides_are_one_amount(filled: Book, debit: str, credit: str) -> None:
    content = f"order,customer,date,{debit},{credit}\n1,C1,2026-01-05,100,\n2,C1,2026-01-06,,40\n3,C2,2026-01-06,,0\n"
    asked = filled.ask("orders", content, columns={"amount": debit})
    assert f"--map subtract={credit}" in asked["refund-column"]
    report = filled.bring("orders", content, columns={"amount": debit, "subtract": credit})
    assert (net(filled), report.rejected) == ({"C1": 60, "C2": 0}, 0)


def test_a_row_without_either_side_is_rejected(filled: Book) -> None:
    content = "order,customer,date,Soll,Haben\n1,C1,2026-01-05,100,\n2,C1,2026-01-06,,\n"
    report = filled.bring("orders", content, columns={"amount": "Soll", "subtract": "Haben"})
    assert [(one.line, one.reason) for one in report.first_rejects] == [(3, "is empty")]


def test_refunds_of_both_signs_are_refused(filled: Book) -> None:
    content = "order,customer,date,amount,subtract\n1,C1,2026-01-05,100,20\n2,C1,2026-01-06,60,-5\n"
    assert filled.ask("orders", content).keys() == {"subtracted-signs"}


INVOICES = "invoice,customer,date,due,paid,amount,currency,{column}\n1,C1,2026-01-05,2026-02-04,2026-02-01,100,EUR,{first}\n2,C1,2026-01-05,2026-02-04,,50,EUR,{second}\n"


def test_a_void_invoice_is_not_an_open_one(filled: Book) -> None:
    content = INVOICES.format(column="Status", first="Paid", second="Void")
    assert "--skip Status=Void" in filled.ask("invoices", content)["status-column"]
    filled.bring("invoices", content, skip=("Status=Void",))
    assert filled.rows("SELECT external_id FROM invoice") == [("1",)]


def test_an_open_invoice_is_an_open_one(filled: Book) -> None:
    assert (
        filled.bring("invoices", INVOICES.format(column="Status", first="Paid", second="Overdue")).findings
        == ()
    )


def test_a_meeting_that_was_not_held_is_asked_about(filled: Book) -> None:
    content = "customer,date,kind,status\nC1,2026-01-05,visit,Held\nC1,2026-01-06,visit,No-Show\nC2,2026-01-06,call,Planned\n"
    asked = filled.ask("activities", content)["status-column"]
    assert "--skip status=No-Show,Planned" in asked
    filled.bring("activities", content, only=("status=held",))
    assert filled.rows("SELECT kind FROM activity") == [("visit",)]


def test_activities_have_no_amount_to_turn(filled: Book) -> None:
    content = "customer,date,kind,status\nC1,2026-01-05,visit,Held\n"
    with pytest.raises(BadInput, match="--negative makes amounts negative, and activities have none"):
        filled.bring("activities", content, negative=("status=Held",))


def test_a_type_of_document_is_not_a_type_of_product(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount\nO1,C1,2026-01-05,500\n")
    lines = "order_no,line,type,amount\nO1,1,Invoice,500\nO1,2,Credit Note,20\n"
    assert filled.ask("order-lines", lines, currency="EUR").keys() == {"status-column"}


@pytest.mark.parametrize(
    ("column", "word"), [("Customer status", "Inactive"), ("合作状态", "流失"), ("Archived", "yes")]
)
def test_a_customer_that_is_gone_is_asked_about(book: Book, column: str, word: str) -> None:
    content = f"code,name,{column}\nC1,Acme,\nC2,Birch,{word}\n"
    assert f"{word} 1 (line 3)" in book.ask("customers", content)["ended-column"]
    book.bring("customers", content, skip=(f"{column}={word}",))
    assert book.rows("SELECT code FROM customer") == [("C1",)]
    book.bring("customers", content, forget=True, columns={"ended": column})
    assert book.rows("SELECT code, archived FROM customer ORDER BY code") == [("C1", 0), ("C2", 1)]


def test_a_draft_fact_is_asked_about(filled: Book) -> None:
    content = "customer,field,value,date,state\nC1,annual_sales,5,2026-01-05,final\nC2,annual_sales,6,2026-01-05,forecast\n"
    assert "--skip state=forecast" in filled.ask("facts", content)["status-column"]


@pytest.mark.parametrize(
    ("column", "first", "second", "suggested"),
    [
        ("sign", "1", "-1", "--negative sign=-1"),
        ("Vorzeichen", "1", "-1", "--negative Vorzeichen=-1"),
        ("factor", "1.0", "-1.0", "--negative factor=-1.0"),
        ("正负号", "1", "-1", "--negative 正负号=-1"),
        ("quantity", "3", "-2", '--negative quantity="<0"'),
        ("Menge", "3", "(2)", '--negative Menge="<0"'),
        ("数量", "3", "2-", '--negative 数量="<0"'),
        ("reversal of", "", "A1", '--negative "reversal of"="*"'),
        ("Reverses", "", "INV-1", '--negative Reverses="*"'),
        ("Storno zu", "", "A1", '--negative "Storno zu"="*"'),
        ("冲销", "", "A1", '--negative 冲销="*"'),
        ("冲销单号", "", "X1", '--negative 冲销单号="*"'),
        ("type", "RE", "GS", "--negative type=GS"),
        ("type", "INV", "CM", "--negative type=CM"),
        ("Belegart", "RE", "GS", "--negative Belegart=GS"),
        ("单据类型", "INV", "CN", "--negative 单据类型=CN"),
        ("Type", "ZA", "ZB", "--skip Type=WORD"),
        ("X", "SHIP", "CANC", "--skip X=CANC"),
        ("status", "OK", "Cxl", "--skip status=Cxl"),
        ("status", "fresh", "Cxl", "--skip status=Cxl"),
        ("docstatus", "1", "2", "--skip docstatus=WORD"),
        ("status", "fresh", "odd", "--skip status=WORD"),
        ("status", "void", "void", "--skip status=WORD"),
        ("scenario", "Actual", "Budget", "--skip scenario=Budget"),
        ("version", "Actual", "Forecast", "--skip version=Forecast"),
        ("Szenario", "Ist", "Plan", "--skip Szenario=Plan"),
        ("场景", "实际", "预算", "--skip 场景=预算"),
    ],
)
def test_signs_reversals_codes_and_plans_are_asked_about(
    filled: Book, column: str, first: str, second: str, suggested: str
) -> None:
    content = orders(column, f"100,{first}", f"40,{second}")
    asked = filled.ask("orders", content)["status-column"]
    assert f"such as {suggested} (--only" in asked


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (orders("sign", "100,1", "40,-1"), {"negative": ("sign=-1",)}, 60),
        (orders("quantity", "100,3", "40,-2", "10,-1"), {"negative": ("quantity=-2,-1",)}, 50),
        (orders("quantity", "100,3", "40,(2)"), {"negative": ("quantity=-2",)}, 60),
        (orders("quantity", "100,3", "40,-2", "10,(1)"), {"negative": ("quantity=<0",)}, 50),
        (orders("reversal of", "100,", "40,1"), {"negative": ("reversal of=*",)}, 60),
        (orders("type", "100,RE", "40,GS"), {"negative": ("type=GS",)}, 60),
        (orders("scenario", "100,Actual", "40,Budget"), {"skip": ("scenario=Budget",)}, 100),
        (orders("sign", "100,1", "40,-1"), {"accepted": ("status-column",)}, 140),
    ],
)
def test_signs_reversals_codes_and_plans_are_answered(
    filled: Book, content: str, options: dict[str, Any], expected: float
) -> None:
    filled.bring("orders", content, **options)
    assert net(filled) == {"C1": expected}
    assert filled.bring("orders", content).open_findings == ()


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("quantity", "3", "2"),
        ("stock quantity", "3", "-2"),
        ("conversion factor", "1", "-1"),
        ("country", "CN", "CR"),
        ("type", "INV", "INV"),
        ("version", "1", "2"),
        ("plan", "Budget", "Plan"),
        ("reversal of", "", ""),
        ("refund_currency", "EUR", "EUR"),
        ("退款币种", "EUR", "USD"),
        ("completed", "no", "yes"),
    ],
)
def test_what_only_looks_like_signs_codes_and_plans_is_ignored(
    filled: Book, column: str, first: str, second: str
) -> None:
    report = filled.bring("orders", orders(column, f"100,{first}", f"40,{second}"))
    assert (report.findings, net(filled)) == ((), {"C1": 140})


def test_amounts_below_zero_beside_quantities_below_zero_are_no_question(filled: Book) -> None:
    rows = [f"{number},{number}" for number in range(1, 60)]
    filled.bring("orders", orders("quantity", *rows, "-70,-7"))
    assert net(filled) == {"C1": 1700}  # 59 * 60 / 2 - 70


@pytest.mark.parametrize("column", ["scenario", "Version"])
def test_planned_invoices_and_lines_are_asked_about(filled: Book, column: str) -> None:
    content = INVOICES.format(column=column, first="Actual", second="Forecast")
    assert f"--skip {column}=Forecast" in filled.ask("invoices", content)["status-column"]
    filled.bring("orders", "order_no,customer,date,amount\nO1,C1,2026-01-05,500\n")
    lines = f"order_no,line,product_type,amount,{column}\nO1,1,pump,500,Actual\nO1,2,pump,20,Plan\n"
    assert f"--skip {column}=Plan" in filled.ask("order-lines", lines, currency="EUR")["status-column"]


@pytest.mark.parametrize(
    ("column", "yes", "no"),
    [("completed", "yes", "no"), ("Done", "1", "0"), ("erledigt", "ja", "nein"), ("完成", "是", "否")],
)
def test_an_activity_that_is_not_completed_is_asked_about(
    filled: Book, column: str, yes: str, no: str
) -> None:
    content = f"customer,date,kind,{column}\nC1,2026-01-05,visit,{yes}\nC1,2026-01-06,call,{no}\n"
    assert f"--skip {column}={no}" in filled.ask("activities", content)["status-column"]
    filled.bring("activities", content, skip=(f"{column}={no}",))
    assert filled.rows("SELECT kind FROM activity") == [("visit",)]


def test_many_quantities_below_zero_are_one_word_and_answered_for_later_files_too(filled: Book) -> None:
    content = orders("quantity", *(f"1,-{number}" for number in range(1, 80)), "100,5")
    assert (
        '<0 79 (line 2), >=0 1. Say which rows count, such as --negative quantity="<0"'
        in filled.ask("orders", content)["status-column"]
    )
    filled.bring("orders", content, negative=("quantity=<0",))
    assert net(filled) == {"C1": 21}
    later = "order,customer,date,amount,quantity\nZ1,C1,2026-02-05,30,7\nZ2,C1,2026-02-05,20,-500\n"
    assert filled.bring("orders", later).open_findings == ()
    assert net(filled) == {"C1": 31}
