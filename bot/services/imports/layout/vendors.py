"""The header names in exports of well-known systems, so that these files need no --map.

How sure each is, and what it rests on (public documentation, importers and sample files of others):

- Shopify, Xero: sure; whole header lines in many importers. Shopify's Subtotal is after discounts, before shipping and
  taxes; a shop whose prices include tax has the tax in it. Xero has net amounts for lines only, so its Total is taken.
- HubSpot, Salesforce, Zoho CRM: sure of the names, but users choose which columns are exported. Zoho's Sub Total is before
  a discount on the whole invoice. Salesforce has them as labels in reports and as API names in data exports.
- Odoo: sure of the names since version 14, in Chinese of those of orders; amounts that end in Signed are in the company's
  currency. ERPNext: sure; the labels of its own field definitions, English.
- QuickBooks Online: fairly sure; the reports Customer Contact List and Invoice List. Amounts include tax.
- 用友 U8, 金蝶 K/3 WISE and 云星空: fairly sure; labels in databases, interfaces and scripts of their users, and which of them a
  list shows is set by the user. 用友 YonSuite: less sure; from the labels of its interface.
- 悟空CRM: sure; the field labels of its published database. 纷享销客: less sure; labels of its interface.

Where orders name the customer by name only (Xero, QuickBooks, Odoo, 悟空CRM, 纷享销客), the name is the customer's code too.
Owners are people's names in these files, not e-mail addresses; such a column is left to --map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bot.services.imports.read.text import plain


@dataclass(frozen=True, kw_only=True)
class VendorShape:
    """The columns of one kind of data in one vendor's export."""

    vendor: str
    kind: str
    columns: str  # `field = header, …`; the first of several headers that is there; a field `-` for a header of none
    signature: str  # headers, separated by ", ", that are all there
    filled: str = (
        ""  # a column that is empty on lines which continue the row above, with its further products
    )
    stage: str = ""  # for deals: the column of their stage
    won: str = ""  # and its word for a deal that became an order

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(field, header) in order of preference."""
        return [
            (field, header) for field, _, header in (one.partition(" = ") for one in self.columns.split(", "))
        ]


def find_shape(kind: str, header: Sequence[str]) -> VendorShape | None:
    """The first shape whose signature a header has."""
    names = set(map(plain, header))
    return next(
        (
            shape
            for shape in SHAPES
            if shape.kind == kind and names.issuperset(map(plain, shape.signature.split(", ")))
        ),
        None,
    )


@cache
def vendor_headers(kind: str) -> frozenset[str]:
    """The headers by which shapes of a kind are known and read, as `plain` compares them."""
    shapes = [shape for shape in SHAPES if shape.kind == kind]
    read = {header for shape in shapes for _, header in shape.pairs}
    return frozenset(map(plain, read.union(*(shape.signature.split(", ") for shape in shapes))))


def _shape(vendor: str, kind: str, columns: str, signature: str, **more: str) -> VendorShape:
    return VendorShape(vendor=vendor, kind=kind, columns=columns, signature=signature, **more)


_XERO = "customer = ContactName, date = InvoiceDate, amount = Total, currency = Currency"
_QUICKBOOKS = "customer = Name, date = Date, amount = Amount"
_ODOO = "customer = Invoice Partner Display Name, customer = Partner, date = Invoice/Bill Date, date = Invoice Date"
_ODOO_OWN = f"{_ODOO}, amount = Untaxed Amount Signed, - = Currency"
_ODOO_ANY = f"{_ODOO}, amount = Untaxed Amount Signed Currency, currency = Currency"
_ERPNEXT = "customer = Customer, date = Date, date = Posting Date"
_ERPNEXT_NET = f"{_ERPNEXT}, amount = Net Total, currency = Currency"
_ERPNEXT_OWN = f"{_ERPNEXT}, amount = Net Total (Company Currency), - = Currency"
_ERPNEXT_GROSS = f"{_ERPNEXT}, amount = Grand Total, currency = Currency"
_ZOHO = "customer = Account Name.id, date = Invoice Date, amount = Sub Total, amount = Grand Total, currency = Currency"
_U8 = (
    "customer = 客户编码, customer = 客户简称, date = 订单日期, date = 开票日期, date = 单据日期, date = 日期"
)
_U8_NET = f"{_U8}, amount = 无税金额, amount = 原币无税金额, currency = 币种"
_U8_OWN = f"{_U8}, amount = 本币无税金额, - = 币种"
_U8_GROSS = f"{_U8}, amount = 价税合计, currency = 币种"
_KINGDEE = "order_no = 单据编号, order_no = 编号, date = 日期, amount = 金额, amount = 价税合计"

SHAPES = (  # of one vendor and kind the most telling signature first
    # Shopify
    _shape(
        "Shopify",
        "customers",
        "code = Email, name = Default Address Company, name = Company, region = Default Address Province Code, "
        "region = Province, country = Default Address Country Code, country = Country, - = Customer ID",
        "First Name, Last Name, Email, Accepts Email Marketing",
    ),
    _shape(
        "Shopify",
        "orders",
        "order_no = Name, customer = Email, date = Created at, amount = Subtotal, currency = Currency",
        "Name, Email, Financial Status, Subtotal, Lineitem name",
        filled="Subtotal",
    ),
    # HubSpot
    _shape(
        "HubSpot",
        "customers",
        "code = Record ID, name = Company name, industry = Industry, customer_type = Type, region = State/Region, "
        "country = Country/Region, country = Country, - = Parent Company",
        "Record ID, Company name, Company owner",
    ),
    _shape(
        "HubSpot",
        "orders",
        "order_no = Record ID, customer = Associated Company IDs, date = Close Date, amount = Amount, currency = Currency",
        "Record ID, Deal Name, Deal Stage, Close Date",
        stage="Deal Stage",
        won="Closed Won",
    ),
    # Salesforce
    _shape(
        "Salesforce",
        "customers",
        "code = Account ID, name = Account Name, industry = Industry, customer_type = Type, "
        "region = Billing State/Province, country = Billing Country",
        "Account ID, Account Name, Account Owner",
    ),
    _shape(
        "Salesforce",
        "customers",
        "code = Account Name, name = Account Name, industry = Industry, customer_type = Type, "
        "region = Billing State/Province, country = Billing Country",
        "Account Name, Account Owner, Billing State/Province",
    ),
    _shape(
        "Salesforce",
        "customers",
        "code = Id, name = Name, industry = Industry, customer_type = Type, region = BillingState, country = BillingCountry",
        "Id, Name, OwnerId, BillingCountry",
    ),
    _shape(
        "Salesforce",
        "orders",
        "order_no = Order Number, customer = Account ID, customer = Account Name, date = Order Start Date, "
        "amount = Order Amount, currency = Order Amount Currency",
        "Order Number, Order Start Date, Order Amount",
    ),
    _shape(
        "Salesforce",
        "orders",
        "order_no = OrderNumber, customer = AccountId, date = EffectiveDate, amount = TotalAmount, "
        "currency = CurrencyIsoCode",
        "OrderNumber, AccountId, EffectiveDate",
    ),
    _shape(
        "Salesforce",
        "orders",
        "order_no = Opportunity ID, customer = Account ID, customer = Account Name, date = Close Date, amount = Amount, "
        "currency = Amount Currency",
        "Opportunity ID, Opportunity Name, Stage, Close Date",
        stage="Stage",
        won="Closed Won",
    ),
    _shape(
        "Salesforce",
        "orders",
        "order_no = Id, customer = AccountId, date = CloseDate, amount = Amount, currency = CurrencyIsoCode",
        "Id, AccountId, StageName, CloseDate",
        stage="StageName",
        won="Closed Won",
    ),
    # Zoho CRM
    _shape(
        "Zoho CRM",
        "customers",
        "code = Record Id, name = Account Name, industry = Industry, customer_type = Account Type, "
        "region = Billing State, country = Billing Country, parent = Parent Account.id",
        "Record Id, Account Name, Account Owner",
    ),
    _shape(
        "Zoho CRM",
        "orders",
        f"order_no = Invoice Number, order_no = Record Id, {_ZOHO}",
        "Record Id, Account Name.id, Invoice Date, Grand Total",
    ),
    _shape(
        "Zoho CRM",
        "invoices",
        f"invoice_no = Invoice Number, invoice_no = Record Id, due = Due Date, {_ZOHO}",
        "Record Id, Account Name.id, Invoice Date, Grand Total",
    ),
    _shape(
        "Zoho CRM",
        "orders",
        "order_no = Record Id, customer = Account Name.id, date = Closing Date, amount = Amount, currency = Currency",
        "Record Id, Deal Name, Stage, Closing Date",
        stage="Stage",
        won="Closed Won",
    ),
    # Odoo
    _shape(
        "Odoo",
        "customers",
        "code = Display Name, name = Display Name, industry = Industry, region = State, country = Country",
        "Display Name, Salesperson",
    ),
    _shape(
        "Odoo",
        "orders",
        "order_no = Order Reference, customer = Customer, date = Order Date, date = Creation Date, "
        "amount = Untaxed Amount, amount = Total, currency = Currency",
        "Order Reference, Customer, Salesperson",
    ),
    _shape(
        "Odoo",
        "orders",
        "order_no = 订单关联, customer = 客户, date = 订单日期, date = 单据日期, amount = 未税金额, amount = 不含税金额, "
        "amount = 合计, currency = 币种",
        "订单关联, 客户, 销售员",
    ),
    _shape(
        "Odoo",
        "orders",
        f"order_no = Number, {_ODOO_ANY}",
        "Number, Invoice Partner Display Name, Untaxed Amount Signed Currency",
    ),
    _shape(
        "Odoo",
        "orders",
        f"order_no = Number, {_ODOO_OWN}",
        "Number, Invoice Partner Display Name, Untaxed Amount Signed",
    ),
    _shape(
        "Odoo",
        "invoices",
        f"invoice_no = Number, due = Due Date, {_ODOO_ANY}",
        "Number, Invoice Partner Display Name, Untaxed Amount Signed Currency",
    ),
    _shape(
        "Odoo",
        "invoices",
        f"invoice_no = Number, due = Due Date, {_ODOO_OWN}",
        "Number, Invoice Partner Display Name, Untaxed Amount Signed",
    ),
    # ERPNext
    _shape(
        "ERPNext",
        "customers",
        "code = ID, name = Customer Name, customer_type = Customer Group, region = Territory, industry = Industry, - = Status",
        "ID, Customer Name, Customer Group",
    ),
    *(
        _shape(
            "ERPNext",
            kind,
            f"{number} = ID, {extra}{columns}",
            f"ID, Customer, {net}",
            filled="Customer",
        )
        for kind, number, extra in (
            ("orders", "order_no", ""),
            ("invoices", "invoice_no", "due = Payment Due Date, due = Due Date, "),
        )
        for net, columns in (
            ("Net Total", _ERPNEXT_NET),
            ("Net Total (Company Currency)", _ERPNEXT_OWN),
            ("Grand Total", _ERPNEXT_GROSS),
        )
    ),
    # Xero
    _shape(
        "Xero",
        "customers",
        "code = ContactName, name = ContactName, region = PORegion, country = POCountry",
        "ContactName, AccountNumber, EmailAddress",
    ),
    _shape(
        "Xero",
        "orders",
        f"order_no = InvoiceNumber, {_XERO}",
        "ContactName, InvoiceNumber, InvoiceDate, Total",
    ),
    _shape(
        "Xero",
        "invoices",
        f"invoice_no = InvoiceNumber, due = DueDate, {_XERO}",
        "ContactName, InvoiceNumber, InvoiceDate, Total",
    ),
    # QuickBooks Online
    _shape(
        "QuickBooks Online",
        "customers",
        "code = Customer full name, name = Customer full name",
        "Customer full name, Phone numbers",
    ),
    _shape(
        "QuickBooks Online",
        "customers",
        "code = Customer, name = Customer",
        "Customer, Phone Numbers, Full Name",
    ),
    _shape(
        "QuickBooks Online", "orders", f"order_no = Num, {_QUICKBOOKS}", "Transaction type, Num, Name, Amount"
    ),
    _shape(
        "QuickBooks Online",
        "invoices",
        f"invoice_no = Num, due = Due date, {_QUICKBOOKS}",
        "Transaction type, Num, Name, Due date, Amount",
    ),
    # 用友
    _shape(
        "用友 U8",
        "customers",
        "code = 客户编码, name = 客户名称, aliases = 客户简称, customer_type = 客户分类名称, region = 地区名称, "
        "industry = 所属行业, since = 发展日期",
        "客户编码, 客户名称, 客户分类编码",
    ),
    *(
        _shape("用友 U8", kind, f"{number} = {header}, {extra}{columns}", f"{header}, 存货编码, {net}")
        for kind, number, header, extra in (
            ("orders", "order_no", "订单号", ""),
            ("orders", "order_no", "发票号", ""),
            ("invoices", "invoice_no", "发票号", "due = 到期日, "),
        )
        for net, columns in (("无税金额", _U8_NET), ("本币无税金额", _U8_OWN), ("价税合计", _U8_GROSS))
    ),
    _shape(
        "用友 YonSuite",
        "orders",
        "order_no = 单据编号, order_no = 单据编码, customer = 客户编码, customer = 客户, date = 单据日期, "
        "amount = 合计无税金额, amount = 合计含税金额, currency = 币种",
        "单据日期, 合计含税金额",
    ),
    # 金蝶
    _shape(
        "金蝶 K/3",
        "customers",
        "code = 代码, name = 名称, aliases = 简称, region = 区域, industry = 行业",
        "代码, 名称, 全名",
    ),
    _shape(
        "金蝶 K/3",
        "orders",
        f"{_KINGDEE}, customer = 购货单位代码, customer = 购货单位_FNumber, customer = 购货单位, currency = 币别",
        "购货单位, 价税合计",
    ),
    _shape(
        "金蝶云星空",
        "customers",
        "code = 客户编码, code = 编码, name = 客户名称, name = 名称, aliases = 简称, customer_type = 客户分组, "
        "country = 国家, region = 地区",
        "使用组织, 简称",
    ),
    _shape(
        "金蝶云星空",
        "orders",
        f"{_KINGDEE}, customer = 客户编码, customer = 客户, currency = 结算币别",
        "单据编号, 客户, 价税合计, 单据状态",
    ),
    # 悟空CRM
    _shape(
        "悟空CRM",
        "customers",
        "code = 客户名称, name = 客户名称, industry = 客户行业, - = 负责人",
        "客户名称, 客户级别, 下次联系时间",
    ),
    _shape(
        "悟空CRM",
        "orders",
        "order_no = 合同编号, customer = 客户名称, date = 下单时间, amount = 合同金额, amount = 合同金额（元）",
        "合同编号, 合同名称, 客户名称, 下单时间",
    ),
    # 纷享销客
    _shape(
        "纷享销客",
        "customers",
        "code = 客户名称, name = 客户名称, industry = 1级行业, country = 国家, region = 省, - = 负责人",
        "客户名称, 1级行业",
    ),
    _shape(
        "纷享销客",
        "orders",
        "order_no = 销售订单编号, customer = 客户名称, date = 下单日期, amount = 销售订单金额, amount = 销售订单金额（元）, "
        "currency = 币种",
        "销售订单编号, 客户名称, 下单日期",
    ),
)
