"""Texts, names and numbers that say a row may not count: activities, documents, customers, order numbers."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


@pytest.mark.parametrize(
    ("column", "note", "word"),
    [
        ("note", "No answer", "no answer"),
        ("note", "left voicemail", "voicemail"),
        ("Subject", "Canceled: QBR", "canceled"),
        ("Betreff", "Abgesagt: Besprechung", "abgesagt"),
        ("备注", "未接通", "未接通"),
        ("备注", "客户不在", "客户不在"),
        ("备注", "无人接听，明天再打", "无人接听"),
        ("Notiz", "nicht erreicht", "nicht erreicht"),
        ("Bemerkung", "Anrufbeantworter", "anrufbeantworter"),
        ("remarks", "No-show", "no-show"),
        ("comment", "[Cancelled] training", "cancelled"),
        ("备注", "【取消】季度会议", "取消"),
    ],
)
def test_notes_of_activities_that_did_not_take_place_are_asked_about(
    filled: Book, column: str, note: str, word: str
) -> None:
    content = (
        f'customer,date,kind,{column}\nC1,2026-01-05,call,"{note}"\nC2,2026-01-06,call,discussed prices\n'
    )
    asked = filled.ask("activities", content)
    assert f"may not count: 1, such as '{note}' (line 2)" in asked["remark-column"]
    report = filled.bring("activities", content, skip=(f"{column}=*{word}*",))
    assert (report.accepted, report.skipped) == (1, 1)


@pytest.mark.parametrize(
    "note",
    [
        "Customer cancelled order 4711, wants a refund",
        "Went through the answers to the questionnaire of last year",
        "谈了取消订单的原因，客户要求退款，负责人在场",
        "Stornierung von Auftrag 5 besprochen, Kunde zufrieden",
        "reached agreement",
    ],
)
def test_other_notes_are_no_question(filled: Book, note: str) -> None:
    report = filled.bring("activities", f'customer,date,kind,note\nC1,2026-01-05,call,"{note}"\n')
    assert (report.accepted, report.findings) == (1, ())


@pytest.mark.parametrize(
    ("header", "none", "some"),
    [
        ("duration", "0", "15"),
        ("Call Duration", "00:00:00", "00:15:21"),
        ("通话时长", "0秒", "35秒"),
        ("Dauer", "0 min", "20 min"),
        ("talk time", "0:00", "1:30"),
    ],
)
def test_activities_of_no_time_are_asked_about(filled: Book, header: str, none: str, some: str) -> None:
    content = f"customer,date,kind,{header}\nC1,2026-01-05,call,{none}\nC2,2026-01-06,call,{some}\n"
    assert f"{none} 1 (line 2)" in filled.ask("activities", content)["status-column"]
    report = filled.bring("activities", content, skip=(f"{header}={none}",))
    assert (report.accepted, report.skipped) == (1, 1)


def test_many_lengths_of_time_are_followed_too(filled: Book) -> None:
    rows = "".join(f"C1,2026-01-05,call,{n}\n" for n in range(100))
    asked = filled.ask("activities", f"customer,date,kind,duration\n{rows}")
    assert "0 1 (line 2), * 99" in asked["status-column"]


@pytest.mark.parametrize(
    "header", ["planned date", "Scheduled for", "预计日期", "计划拜访日期", "geplant am", "Due Date"]
)
def test_a_day_that_was_planned_is_asked_about(filled: Book, header: str) -> None:
    content = f"customer,{header},kind\nC1,2026-01-05,call\n"
    asked = filled.ask("activities", content, columns={"date": header})
    assert asked["planned-date"].startswith(f"The day of the activities is taken from the column '{header}'")
    filled.bring("activities", content, columns={"date": header}, accepted=("planned-date",))


@pytest.mark.parametrize(
    ("header", "word"), [("plan/actual", "plan"), ("计划/实际", "计划"), ("Plan/Ist", "Plan")]
)
def test_plans_among_activities_are_asked_about(filled: Book, header: str, word: str) -> None:
    content = f"customer,date,kind,{header}\nC1,2026-01-05,visit,{word}\nC2,2026-01-06,visit,actual\n"
    assert f"{word} 1 (line 2)" in filled.ask("activities", content)["status-column"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("type", ["Invoice", "Deposit", "Payment"]),
        ("kind", ["sale", "free of charge", "payment"]),
        ("document", ["Invoice", "Journal"]),
        ("order category", ["Normal", "Sample", "Exchange"]),
        ("Transaction Type", ["Invoice", "Payment"]),
        ("单据类型", ["销售单", "收款单", "期初余额"]),
        ("类别", ["销售", "样品", "换货", "赠品"]),
        ("Belegart", ["Rechnung", "Zahlungseingang", "Muster"]),
    ],
)
def test_documents_that_are_no_sale_are_asked_about(filled: Book, header: str, words: list[str]) -> None:
    rows = "".join(f"{n},C1,2026-01-05,100,{word}\n" for n, word in enumerate(words, start=1))
    asked = filled.ask("orders", f"order,customer,date,amount,{header}\n{rows}")
    column = f'"{header}"' if " " in header else header
    joined = ",".join(words[1:])
    option = f'"{joined}"' if " " in joined else joined
    assert f"--skip {column}={option} (--only" in asked["status-column"]


@pytest.mark.parametrize(
    ("header", "first", "text"),
    [
        ("description", "Pumps", "Payment received - thank you"),
        ("description", "Pumps", "Opening balance"),
        ("摘要", "销售商品", "收到货款"),
        ("摘要", "销售商品", "收到5月货款"),
        ("Buchungstext", "Pumpen", "Anzahlung Auftrag 5"),
        ("memo", "Pumps", "Free of charge"),
        ("备注", "", "样品"),
    ],
)
def test_texts_of_documents_that_are_no_sale_are_asked_about(
    filled: Book, header: str, first: str, text: str
) -> None:
    content = f"order,customer,date,amount,{header}\n1,C1,2026-01-05,100,{first}\n2,C1,2026-01-05,40,{text}\n"
    asked = filled.ask("orders", content)
    assert asked.keys() <= {"remark-column", "status-column"}
    assert text in " ".join(asked.values())


@pytest.mark.parametrize("text", ["Noise cancelling headphones", "Duplicate key", "Balance bike", "收纳箱"])
def test_descriptions_of_products_are_no_question(filled: Book, text: str) -> None:
    report = filled.bring("orders", f"order,customer,date,amount,description\n1,C1,2026-01-05,100,{text}\n")
    assert report.findings == ()


@pytest.mark.parametrize(
    "number", ["A2-STORNO", "INV-2 (cancelled)", "2-作废", "RE-2_storniert", "VOID-2", "2红冲"]
)
def test_order_numbers_that_say_what_became_of_them_are_asked_about(filled: Book, number: str) -> None:
    content = f"order_no,customer,date,amount\nA1,C1,2026-01-05,100\n{number},C1,2026-01-05,100\n"
    asked = filled.ask("orders", content)["remark-column"]
    assert f"such as '{number}' (line 3)" in asked
    option = asked.split("--skip ")[1].split(";")[0].replace('"', "")
    assert filled.bring("orders", content, skip=(option,)).accepted == 1


@pytest.mark.parametrize(
    ("numbers", "prefix"),
    [
        (("INV-1", "CN-1", "INV-2"), "CN"),
        (("SO-1", "QT-1", "SO-2"), "QT"),
        (("XSD-2026-001", "XSTH-2026-001"), "XSTH"),
        (("RE1001", "GS1001"), "GS"),
        (("1001", "RMA1001"), "RMA"),
    ],
)
def test_numbers_with_the_prefix_of_another_document_are_asked_about(
    filled: Book, numbers: tuple[str, ...], prefix: str
) -> None:
    rows = "".join(f"{number},C1,2026-01-05,100\n" for number in numbers)
    content = f"order_no,customer,date,amount\n{rows}"
    assert filled.ask("orders", content)["number-prefixes"] == (
        f"Numbers that begin with {prefix} may be those of credit notes, quotes or payments: 1, such as '{numbers[1]}' (line 3)."
        f' Leave them out with --skip "order_no=*{prefix}*", or make them negative with --negative "order_no=*{prefix}*";'
        " --yes number-prefixes counts them as they are."
    ).replace('"order_no=*', 'order_no="*').replace('*"', '*"')
    assert filled.bring("orders", content, skip=(f"order_no=*{prefix}*",), dry_run=True).skipped == 1
    filled.bring("orders", content, negative=(f"order_no=*{prefix}*",))
    ((net,),) = filled.rows("SELECT sum(amount) FROM customer_order")
    assert float(net) / 10_000 == 100 * (len(numbers) - 1) - 100


@pytest.mark.parametrize(
    "rows", ["CN-1,C1,2026-01-05,100\nCN-2,C1,2026-01-05,100\n", "INV-1,C1,2026-01-05,100\nCN-1,C1,2026-01-05,-50\n",
             "CNX1,C1,2026-01-05,100\nA2,C1,2026-01-05,50\n"]
)  # fmt: skip
def test_other_prefixes_are_no_question(filled: Book, rows: str) -> None:
    asked = filled.bring("orders", f"order_no,customer,date,amount\n{rows}", dry_run=True).open_findings
    assert not any(one.type.name == "number-prefixes" for one in asked)


@pytest.mark.parametrize(
    "name",
    [
        "Foo Ltd (DO NOT USE)",
        "zzz OLD Bar",
        "Bar Inc - closed",
        "CANCELLED - Alpha Ltd",
        "【停用】小明公司",
        "小明公司（已注销）",
        "Muster GmbH (gelöscht)",
        "nicht verwenden! Muster",
        "停用-小红公司",
    ],
)
def test_names_of_customers_that_are_none_any_more_are_asked_about(book: Book, name: str) -> None:
    content = f"code,name\nK1,Good\nK2,{name}\n"
    asked = book.ask("customers", content)["ended-names"]
    assert f"say that they are none any more: 1, such as '{name}' (line 3)" in asked
    option = asked.split("--skip ")[1].split(";")[0].replace('"', "")
    assert book.bring("customers", content, skip=(option,)).created == 1


@pytest.mark.parametrize(
    "name",
    ["Closed Loop Systems", "Void Interactive", "Deleted Scenes GmbH & Co", "停用车辆处理公司", "Zzyzx"],
)
def test_names_of_other_customers_are_no_question(book: Book, name: str) -> None:
    assert book.bring("customers", f"code,name\nK1,{name}\n").findings == ()


@pytest.mark.parametrize("header", ["customer name", "客户名称", "Kundenname"])
def test_a_name_beside_an_order_that_says_so_is_asked_about(filled: Book, header: str) -> None:
    content = f"order_no,customer,date,amount,{header}\nA1,C1,2026-01-05,100,CANCELLED - Alpha Ltd\n"
    assert "'CANCELLED - Alpha Ltd' (line 2)" in filled.ask("orders", content)["remark-column"]


@pytest.mark.parametrize("header", ["payment method", "收款方式", "Zahlungsart", "receipt no", "银行账号"])
def test_receipts_among_orders_are_asked_about(filled: Book, header: str) -> None:
    content = f"document no,customer,posting date,amount,{header}\nP1,C1,2026-01-05,100,Bank\n"
    asked = filled.ask("orders", content)["receipts-as-orders"]
    assert f"the file has the column '{header}', and none of products or quantities." in asked
    with_status = content.replace(",amount", ",delivery,amount").replace(",100", ",2026-01-09,100")
    assert filled.bring("orders", with_status).findings == ()


@pytest.mark.parametrize(
    "header", ["Quote Number", "Estimate No", "报价单号", "Angebotsnummer", "采购订单号", "PO Number"]
)
def test_numbers_of_other_documents_are_asked_about(filled: Book, header: str) -> None:
    content = f"{header},customer,date,amount\nQ1,C1,2026-01-05,100\n"
    asked = filled.ask("orders", content, columns={"order_no": header})["other-documents"]
    assert asked.startswith(f"The numbers are taken from the column '{header}'")
    given = {"columns": {"order_no": header}, "accepted": ("other-documents",)}
    assert filled.bring("orders", content, **given).created == 1
