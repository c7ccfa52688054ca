"""Exports of well-known systems are read without --map. The files are made up; the header lines are those of the systems."""

from dataclasses import dataclass
from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.imports import KINDS
from bot.services.imports.layout.columns import recognise
from bot.services.imports.layout.vendors import SHAPES, find_shape
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book


@dataclass(frozen=True, kw_only=True)
class Export:
    """One vendor's customers and orders or invoices, and what must be in the book after both."""

    vendor: str
    customers: str
    kind: str
    rows: str
    options: dict[str, Any]
    found: list[tuple[Any, ...]]  # code, name, number, day, (due,) amount, currency
    notes: tuple[str, ...] = ()


EXPORTS = [
    Export(
        vendor="Shopify",
        customers="Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
        "Default Address Province Code,Default Address Country Code,Phone,Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
        "'7210448301122,Ada,Fenwick,ada@fenwick.example,no,Fenwick Cards,OR,US,,320.00,2,,no,\n",
        kind="orders",
        rows="Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Billing Name,Refunded Amount,Id,Source\n"
        "#1001,ada@fenwick.example,paid,2026-01-05 10:00:00 -0500,fulfilled,USD,200.00,10.00,16.00,226.00,"
        "2026-01-05 09:59:00 -0500,1,Pump,150.00,Ada Fenwick,0.00,555,web\n"
        "#1001,ada@fenwick.example,,,,,,,,,2026-01-05 09:59:00 -0500,1,Valve,50.00,,,,\n"
        "#1002,ada@fenwick.example,paid,2026-02-01 10:00:00 -0500,fulfilled,USD,80.00,10.00,6.40,96.40,"
        "2026-02-01 09:59:00 -0500,1,Valve,80.00,Ada Fenwick,0.00,556,web\n",
        options={},
        found=[
            ("ada@fenwick.example", "Fenwick Cards", "#1001", "2026-01-05", 200, "USD"),
            ("ada@fenwick.example", "Fenwick Cards", "#1002", "2026-02-01", 80, "USD"),
        ],
        notes=(
            "Read as an export of Shopify (orders).",
            "Lines that hold only further products of the row above them are left out: 1, the first is line 3.",
        ),
    ),
    Export(
        vendor="HubSpot",
        customers="Record ID,Company name,Company owner,Create Date,Phone Number,Last Activity Date,City,"
        "Country/Region,Industry,Type,Parent Company\n"
        "9001,Bluebay Pumps,Sam Sales,2024-02-01 09:30,,,Lisbon,Portugal,MACHINERY,PARTNER,Bluebay Group\n",
        kind="orders",
        rows="Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Currency,Associated Company IDs\n"
        "7001,Bluebay 2026,Closed Won,2026-03-01 00:00,Sam Sales,15000,EUR,9001\n",
        options={"accepted": ("deals",)},
        found=[("9001", "Bluebay Pumps", "7001", "2026-03-01", 15_000, "EUR")],
    ),
    Export(
        vendor="Salesforce",
        customers="Account ID,Account Name,Account Owner,Type,Industry,Billing State/Province,Billing Country\n"
        "0015g00000ABCde,Harbour Dairy,Sam Sales,Customer - Direct,Food & Beverage,Bavaria,Germany\n",
        kind="orders",
        rows="Order Number,Account ID,Account Name,Order Start Date,Order Amount,Status\n"
        "00000101,0015g00000ABCde,Harbour Dairy,2026-04-01,2400.50,Activated\n",
        options={"currency": "EUR"},
        found=[("0015g00000ABCde", "Harbour Dairy", "00000101", "2026-04-01", 2400.5, "EUR")],
    ),
    Export(
        vendor="Zoho CRM",
        customers="Record Id,Account Owner.id,Account Owner,Account Name,Phone,Account Type,Industry,Billing State,"
        "Billing Country,Parent Account.id,Parent Account\n"
        "zcrm_4001,zcrm_1,Sam Sales,Kilimo Foods,,Customer,Food,Nairobi,Kenya,,\n",
        kind="invoices",
        rows="Record Id,Invoice Owner,Subject,Invoice Number,Invoice Date,Due Date,Account Name.id,Account Name,"
        "Sub Total,Tax,Grand Total,Currency,Status\n"
        "zcrm_5001,Sam Sales,Pumps,INV-7,2026-01-10,2026-02-09,zcrm_4001,Kilimo Foods,1000.00,160.00,1160.00,KES,Delivered\n",
        options={},
        found=[("zcrm_4001", "Kilimo Foods", "INV-7", "2026-01-10", "2026-02-09", 1000, "KES")],
    ),
    Export(
        vendor="Odoo",
        customers="Display Name,Phone,Email,Salesperson,City,State,Country,Company\n"
        "Azure Interior,,azure@example.com,Mitchell Admin,Fremont,California (US),United States,My Company\n",
        kind="invoices",
        rows="Number,Invoice Partner Display Name,Invoice/Bill Date,Due Date,Untaxed Amount Signed,Total Signed,"
        "Currency,Payment Status,Status\n"
        "INV/2026/00001,Azure Interior,2026-01-08,2026-02-07,1000.00,1150.00,USD,Paid,Posted\n"
        "RINV/2026/00001,Azure Interior,2026-01-20,2026-01-20,-100.00,-115.00,USD,Paid,Posted\n",
        options={"currency": "EUR"},  # the company's: signed amounts are in it, whatever the invoice's is
        found=[
            ("Azure Interior", "Azure Interior", "INV/2026/00001", "2026-01-08", "2026-02-07", 1000, "EUR"),
            ("Azure Interior", "Azure Interior", "RINV/2026/00001", "2026-01-20", "2026-01-20", -100, "EUR"),
        ],
    ),
    Export(
        vendor="ERPNext",
        customers="ID,Customer Name,Customer Group,Territory,Customer Type,Status\n"
        "CUST-0001,West View Software,Commercial,Rest Of The World,Company,Enabled\n",
        kind="invoices",
        rows="ID,Customer,Date,Payment Due Date,Currency,Net Total,Grand Total,Status,ID (Items),Item Name (Items)\n"
        "ACC-SINV-2026-00001,CUST-0001,2026-01-15,2026-02-14,INR,1000.00,1180.00,Paid,a1,Pump\n"
        ",,,,,,,,a2,Valve\n"
        "ACC-SINV-2026-00002,CUST-0001,2026-02-15,2026-03-17,INR,500.00,590.00,Unpaid,a3,Pump\n",
        options={},
        found=[
            (
                "CUST-0001",
                "West View Software",
                "ACC-SINV-2026-00001",
                "2026-01-15",
                "2026-02-14",
                1000,
                "INR",
            ),
            (
                "CUST-0001",
                "West View Software",
                "ACC-SINV-2026-00002",
                "2026-02-15",
                "2026-03-17",
                500,
                "INR",
            ),
        ],
        notes=(
            "Read as an export of ERPNext (invoices).",
            "Lines that hold only further products of the row above them are left out: 1, the first is line 3.",
        ),
    ),
    Export(
        vendor="Xero",
        customers="*ContactName,AccountNumber,EmailAddress,FirstName,LastName,POCity,PORegion,POPostalCode,POCountry\n"
        "Harbour Cafe,HAR01,ap@harbour.example,,,Nelson,Tasman,7010,New Zealand\n",
        kind="invoices",
        rows="ContactName,EmailAddress,POCountry,InvoiceNumber,Reference,InvoiceDate,DueDate,PlannedDate,Total,TaxTotal,"
        "InvoiceAmountPaid,InvoiceAmountDue,Description,Quantity,UnitAmount,LineAmount,Currency,Type,Sent,Status\n"
        "Harbour Cafe,,NZ,INV-1014,,24/03/2026,23/04/2026,,1495.00,195.00,0,1495.00,Pump,1,1000,1000,NZD,Sales invoice,Sent,Awaiting Payment\n"
        "Harbour Cafe,,NZ,INV-1014,,24/03/2026,23/04/2026,,1495.00,195.00,0,1495.00,Valve,1,300,300,NZD,Sales invoice,Sent,Awaiting Payment\n",
        options={},
        found=[("Harbour Cafe", "Harbour Cafe", "INV-1014", "2026-03-24", "2026-04-23", 1495, "NZD")],
    ),
    Export(
        vendor="QuickBooks Online",
        customers="Customer full name,Phone numbers,Email,Full name,Bill address,Ship address\n"
        "Fenwick Cards,(555) 010-1234,ada@example.com,Ada Fenwick,12 Larkspur Way,\n",
        kind="invoices",
        rows="Date,Transaction type,Num,Name,Memo,Due date,Amount,Open balance\n"
        '01/31/2026,Invoice,1037,Fenwick Cards,,03/02/2026,"1,200.00",0.00\n',
        options={"currency": "USD", "date_order": "mdy"},
        found=[("Fenwick Cards", "Fenwick Cards", "1037", "2026-01-31", "2026-03-02", 1200, "USD")],
    ),
    Export(
        vendor="用友 U8",
        customers="客户编码,客户名称,客户简称,客户分类编码,客户分类名称,地区名称,发展日期,专管业务员\n"
        "01001,白桦纸业有限公司,白桦纸业,02,生产企业,华东,2019-05-01,张伟\n",
        kind="orders",
        rows="业务类型,订单号,订单日期,币种,客户编码,客户简称,业务员,存货编码,存货名称,数量,无税单价,无税金额,税额,价税合计\n"
        "普通销售,XS0001,2026-01-09,人民币,01001,白桦纸业,张伟,P-110,离心泵,2,5000.00,10000.00,1300.00,11300.00\n",
        options={},
        found=[("01001", "白桦纸业有限公司", "XS0001", "2026-01-09", 10_000, "CNY")],
    ),
    Export(
        vendor="用友 YonSuite",
        customers="客户编码,客户名称\n01001,白桦纸业有限公司\n",
        kind="orders",
        rows="单据编号,单据日期,销售组织,客户编码,客户,币种,合计无税金额,合计含税金额,订单状态\n"
        "SO26010001,2026-01-09,总部,01001,白桦纸业有限公司,人民币,10000.00,11300.00,已审核\n",
        options={},
        found=[("01001", "白桦纸业有限公司", "SO26010001", "2026-01-09", 10_000, "CNY")],
    ),
    Export(
        vendor="金蝶 K/3",
        customers="代码,名称,全名,简称,区域,行业\n01.001,东沐化工,东沐化工有限公司,东沐,华南,化工\n",
        kind="orders",
        rows="日期,单据编号,购货单位代码,购货单位,产品代码,产品名称,数量,单价,金额,销项税额,价税合计,币别\n"
        "2026-02-03,SEORD000001,01.001,东沐化工,P-110,离心泵,1,8000.00,8000.00,1040.00,9040.00,人民币\n",
        options={},
        found=[("01.001", "东沐化工", "SEORD000001", "2026-02-03", 8000, "CNY")],
    ),
    Export(
        vendor="金蝶云星空",
        customers="客户编码,客户名称,简称,使用组织,客户分组,国家,地区,单据状态,禁用状态\n"
        "CUST0001,东沐化工有限公司,东沐化工,总公司,经销商,中国,华南,已审核,否\n",
        kind="orders",
        rows="单据编号,日期,客户编码,客户,销售员,结算币别,物料编码,数量,含税单价,金额,税额,价税合计,单据状态\n"
        "XSDD000001,2026-02-03,CUST0001,东沐化工有限公司,李雷,人民币,P-110,1,9040.00,8000.00,1040.00,9040.00,已审核\n",
        options={},
        found=[("CUST0001", "东沐化工有限公司", "XSDD000001", "2026-02-03", 8000, "CNY")],
    ),
    Export(
        vendor="悟空CRM",
        customers="客户名称,客户级别,客户行业,客户来源,成交状态,电话,网址,下次联系时间,备注,负责人\n"
        "云雀光伏科技有限公司,A（重点客户）,生产,展会资源,已成交,,,,,李雷\n",
        kind="orders",
        rows="合同编号,合同名称,客户名称,商机名称,下单时间,合同金额,合同开始时间,合同到期时间,客户签约人,公司签约人,备注,负责人\n"
        "HT-2026-001,年度采购,云雀光伏科技有限公司,,2026-03-01,56000.00,2026-03-01,2027-02-28,王芳,李雷,,李雷\n",
        options={"currency": "CNY"},
        found=[
            ("云雀光伏科技有限公司", "云雀光伏科技有限公司", "HT-2026-001", "2026-03-01", 56_000, "CNY"),
        ],
    ),
    Export(
        vendor="纷享销客",
        customers="客户名称,客户级别,客户来源,1级行业,2级行业,国家,省,市,成交状态,负责人\n"
        "云雀光伏科技有限公司,重点客户,展会,新能源,光伏,中国,江苏省,苏州市,已成交,李雷\n",
        kind="orders",
        rows="销售订单编号,客户名称,下单日期,销售订单金额(元),已回款金额(元),生命状态,负责人\n"
        "20260301-000001,云雀光伏科技有限公司,2026-03-01,56000.00,0.00,正常,李雷\n",
        options={"currency": "CNY"},
        found=[
            ("云雀光伏科技有限公司", "云雀光伏科技有限公司", "20260301-000001", "2026-03-01", 56_000, "CNY"),
        ],
    ),
]

STORED = {
    "orders": "SELECT c.code, c.name, o.external_id, o.ordered_on, o.amount, o.currency"
    " FROM customer_order o JOIN customer c ON c.id = o.customer_id ORDER BY o.id",
    "invoices": "SELECT c.code, c.name, i.external_id, i.invoiced_on, i.due_on, i.amount, i.currency"
    " FROM invoice i JOIN customer c ON c.id = i.customer_id ORDER BY i.id",
}


@on_sqlite
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.vendor)
def test_an_export_is_read_without_map(export: Export, book: Book) -> None:
    first = book.bring("customers", export.customers, source="vendor")
    # No vendor's list of invoices has the day of payment.
    paid = ("no-paid-column", "paid-without-day") if export.kind == "invoices" else ()
    options = {"currency": None, "accepted": paid, **export.options}
    second = book.bring(export.kind, export.rows, source="vendor", **options)
    assert (first.rejected, second.rejected) == (0, 0), second.first_rejects
    stored = [(*row[:-2], row[-2] / 10_000, row[-1]) for row in book.rows(STORED[export.kind])]
    assert stored == export.found
    said = [one.text() for one in second.findings if one.type.name in ("vendor", "continued-lines")]
    assert said == list(export.notes or (f"Read as an export of {export.vendor} ({export.kind}).",))


# The other shapes of the table: what users choose to export, older versions, other languages.
HEADERS = [
    (
        "Shopify",
        "customers",
        "First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,City,Province,Country,Country Code,Phone",
        "code=Email; name=Company; region=Province; country=Country",
    ),
    (
        "HubSpot",
        "customers",
        "Record ID,Company name,Company owner,State/Region,Country/Region,Lifecycle Stage",
        "code=Record ID; name=Company name; region=State/Region; country=Country/Region",
    ),
    (
        "Salesforce",
        "customers",
        "Account Name,Billing State/Province,Phone,Account Owner,Type",
        "code=Account Name; name=Account Name; customer_type=Type; region=Billing State/Province",
    ),
    (
        "Salesforce",
        "customers",
        "Id,IsDeleted,Name,Type,ParentId,BillingState,BillingCountry,Industry,OwnerId",
        "code=Id; name=Name; industry=Industry; customer_type=Type; region=BillingState; country=BillingCountry",
    ),
    (
        "Salesforce",
        "orders",
        "Id,OwnerId,AccountId,EffectiveDate,Status,TotalAmount,OrderNumber,CurrencyIsoCode",
        "order_no=OrderNumber; customer=AccountId; date=EffectiveDate; amount=TotalAmount; currency=CurrencyIsoCode",
    ),
    (
        "Salesforce",
        "orders",
        "Opportunity ID,Opportunity Name,Account Name,Amount Currency,Amount,Close Date,Stage,Owner Name",
        "order_no=Opportunity ID; customer=Account Name; date=Close Date; amount=Amount; currency=Amount Currency",
    ),
    (
        "Salesforce",
        "orders",
        "Id,AccountId,Name,StageName,Amount,CloseDate,IsWon",
        "order_no=Id; customer=AccountId; date=CloseDate; amount=Amount",
    ),
    (
        "Zoho CRM",
        "orders",
        "Record Id,Subject,Invoice Date,Due Date,Account Name.id,Account Name,Grand Total,Currency",
        "order_no=Record Id; customer=Account Name.id; date=Invoice Date; amount=Grand Total; currency=Currency",
    ),
    (
        "Zoho CRM",
        "orders",
        "Record Id,Deal Owner.id,Deal Owner,Amount,Deal Name,Closing Date,Account Name.id,Account Name,Stage,Type",
        "order_no=Record Id; customer=Account Name.id; date=Closing Date; amount=Amount",
    ),
    (
        "Odoo",
        "orders",
        "Order Reference,Creation Date,Customer,Salesperson,Company,Total,Status",
        "order_no=Order Reference; customer=Customer; date=Creation Date; amount=Total",
    ),
    (
        "Odoo",
        "orders",
        "Order Reference,Order Date,Customer,Salesperson,Currency,Untaxed Amount,Total,Invoice Status",
        "order_no=Order Reference; customer=Customer; date=Order Date; amount=Untaxed Amount; currency=Currency",
    ),
    (
        "Odoo",
        "orders",
        "订单关联,订单日期,客户,销售员,未税金额,合计,状态",
        "order_no=订单关联; customer=客户; date=订单日期; amount=未税金额",
    ),
    (
        "Odoo",
        "orders",
        "Number,Invoice Partner Display Name,Invoice/Bill Date,Currency,Untaxed Amount Signed,Untaxed Amount Signed Currency",
        "order_no=Number; customer=Invoice Partner Display Name; date=Invoice/Bill Date; "
        "amount=Untaxed Amount Signed Currency; currency=Currency",
    ),
    (
        "Odoo",
        "orders",
        "Number,Invoice Partner Display Name,Invoice/Bill Date,Currency,Untaxed Amount Signed",
        "order_no=Number; customer=Invoice Partner Display Name; date=Invoice/Bill Date; amount=Untaxed Amount Signed",
    ),
    (
        "Odoo",
        "invoices",
        "Number,Invoice Partner Display Name,Invoice/Bill Date,Due Date,Untaxed Amount Signed Currency,Currency",
        "invoice_no=Number; customer=Invoice Partner Display Name; date=Invoice/Bill Date; due=Due Date; "
        "amount=Untaxed Amount Signed Currency; currency=Currency",
    ),
    (
        "ERPNext",
        "orders",
        "ID,Customer,Date,Delivery Date,Status,Net Total (Company Currency),Grand Total,Currency",
        "order_no=ID; customer=Customer; date=Date; amount=Net Total (Company Currency)",
    ),
    (
        "ERPNext",
        "orders",
        "ID,Customer,Date,Currency,Grand Total,Status",
        "order_no=ID; customer=Customer; date=Date; amount=Grand Total; currency=Currency",
    ),
    (
        "Xero",
        "orders",
        "ContactName,InvoiceNumber,InvoiceDate,DueDate,Total,TaxTotal,Currency,Type,Status",
        "order_no=InvoiceNumber; customer=ContactName; date=InvoiceDate; amount=Total; currency=Currency",
    ),
    (
        "QuickBooks Online",
        "customers",
        "Customer,Phone Numbers,Email,Full Name,Billing Address,Shipping Address",
        "code=Customer; name=Customer",
    ),
    (
        "QuickBooks Online",
        "orders",
        "Date,Transaction Type,Num,Name,Memo/Description,Due Date,Amount,Open Balance",
        "order_no=Num; customer=Name; date=Date; amount=Amount",
    ),
    (
        "用友 U8",
        "orders",
        "销售类型,发票号,开票日期,币种,客户编码,客户简称,存货编码,存货名称,数量,本币无税金额,本币价税合计",
        "order_no=发票号; customer=客户编码; date=开票日期; amount=本币无税金额",
    ),
    (
        "用友 U8",
        "invoices",
        "发票号,开票日期,币种,客户编码,客户简称,到期日,存货编码,无税金额,价税合计",
        "invoice_no=发票号; customer=客户编码; date=开票日期; due=到期日; amount=无税金额; currency=币种",
    ),
    (
        "金蝶 K/3",
        "orders",
        "日期,编    号,购货单位,币    别,产品名称,价税合计",
        "order_no=编    号; customer=购货单位; date=日期; amount=价税合计; currency=币    别",
    ),
]


@pytest.mark.parametrize(("vendor", "kind", "header", "columns"), HEADERS)
def test_the_columns_of_a_vendor_are_known(vendor: str, kind: str, header: str, columns: str) -> None:
    layout = recognise(
        KINDS[kind].fields, header.split(","), kind=kind, file="file.csv", given={}, remembered={}
    )
    assert layout.shape is not None
    assert layout.shape.vendor == vendor
    assert layout.columns == dict(pair.split("=") for pair in columns.split("; "))


def test_every_shape_names_fields_of_its_kind_and_the_required_ones() -> None:
    for shape in SHAPES:
        fields = {field.name: field.required for field in KINDS[shape.kind].fields}
        named = {field for field, _ in shape.pairs}
        assert named - {"-"} <= fields.keys(), shape
        assert {name for name, required in fields.items() if required} <= named, shape
        assert bool(shape.stage) == bool(shape.won), shape


def test_nothing_but_a_vendors_own_headers_has_its_signature() -> None:
    for shape in SHAPES:
        plain_headers = [
            spelling
            for field in KINDS[shape.kind].fields
            for spelling in (field.name, *field.synonyms.split(", "))
        ]
        assert find_shape(shape.kind, plain_headers) is not shape


DEALS = EXPORTS[1]


@on_sqlite
def test_deals_are_orders_only_when_somebody_says_so(book: Book) -> None:
    book.bring("customers", DEALS.customers)
    with pytest.raises(
        BadInput, match=r'deals of HubSpot; .*column Deal Stage .*--only "Deal Stage=Closed Won"'
    ):
        book.bring("orders", DEALS.rows)
    assert book.rows(STORED["orders"]) == []


@on_sqlite
def test_what_is_mapped_by_hand_comes_before_the_vendors_shape(book: Book) -> None:
    shop = EXPORTS[0]
    book.bring("customers", shop.customers)
    first = book.bring("orders", shop.rows, columns={"amount": "Total"}, currency=None)
    assert (first.columns["amount"], first.columns["order_no"]) == ("Total", "Name")
    second = book.bring("orders", shop.rows, currency=None)  # remembered
    assert second.columns["amount"] == "Total"
    assert [row[4] for row in book.rows(STORED["orders"])] == [2_260_000, 964_000]


@on_sqlite
def test_a_line_without_amounts_of_another_order_is_not_taken_for_a_continuation(book: Book) -> None:
    shop = EXPORTS[0]
    book.bring("customers", shop.customers)
    report = book.bring("orders", shop.rows.replace("80.00,10.00,6.40,96.40", ",,,"), currency=None)
    assert (report.accepted, report.rejected) == (1, 1)
    assert report.first_rejects[0].reason == "is empty"
