"""How like a header is to those that a field is recognised by."""

import re

from bot.services.imports.layout.columns import FileField
from bot.services.imports.read.text import plain

# Words in headers that no field is recognised by, but that say what a column may hold.
_WORDS = {
    "customer": (
        "customer client account buyer reseller dealer debtor debitor kunde company firma partner party soldto billto "
        "merchant shop store member 客户 客戶 买方 购方 购货单位 往来单位 经销商"
    ),
    "code": "customer client account reseller dealer debtor debitor kunde partner code number 编号 代码 编码",
    "name": "customer company client account firm firma reseller dealer kunde title 名称 公司 客户",
    "order_no": "order invoice sale document receipt transaction auftrag beleg bestell rechnung 订单 单号 单据 编号",
    "invoice_no": "invoice bill document receipt rechnung beleg 发票 单号 单据 账单",
    "date": "date day time datum tag created 日期 时间",
    "due": "due payable fällig faellig zahlbar 到期 应付 付款期限",
    "amount": "amount total sales revenue net gross value sum betrag summe umsatz netto brutto 金额 销售额 合计 总额",
    "kind": "type kind activity art typ 类型 方式",
    "field": "field indicator metric feld kennzahl 指标 字段",
    "value": "value wert score 值 数值",
    "product_type": "category type group kategorie warengruppe 类别 品类 分类",
    "email": "mail 邮箱 邮件",
    "currency": "currency währung 币",
    "rate": "rate kurs 汇率",
}
# Words of headers that say that a column is not what its other words say: a unit's price is no amount.
_NOT = {"amount": "unit each einzel quantity discount 单价 数量 折扣"}
_CODE = re.compile(r"(id|code|key|no|nr|number|nummer|编号|编码|代码|号)$").search
_NO_CUSTOMERS_CODE = re.compile(
    r"tax|vat|ust|phone|fax|zip|post|plz|bank|iban|street|税|电话|邮编|账号|手机"
).search


def of_a_code(header: str) -> bool:
    """Whether a header may be that of customers' codes."""
    name = plain(header)
    return bool(_CODE(name)) and not _NO_CUSTOMERS_CODE(name)


def nearness(header: str, one: FileField) -> float:
    """How like a header is to those that a field is recognised by, from 0 to 1."""
    from rapidfuzz import fuzz  # 30 ms

    name = plain(header)
    if not name or any(plain(word) in name for word in _NOT.get(one.name, "").split()):
        return 0.0
    alike = max(fuzz.ratio(name, known) for known in one.known_headers) / 100
    if any(len(known) > 4 and known in name for known in one.known_headers):
        alike = max(alike, 0.8)
    if any(plain(word) in name for word in _WORDS.get(one.name, "").split()):
        alike = max(alike, 0.7)
    return alike
