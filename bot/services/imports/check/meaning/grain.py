"""Rows that are finer than their kind: order lines as orders, payments as invoices, contacts as customers."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.headers import names
from bot.services.imports.read.text import plain

ORDER_LINES = FindingType(
    name="order-lines",
    level=Level.QUESTION,
    sentence=N_(
        "The file seems to have one row per order line. Rows that repeat an order number: %(count)s"
        " (%(key)s on lines %(first)d and %(line)d). Columns of lines: %(columns)s."
    ),
    answer=N_(
        "--lines adds up the amounts of each order; tierbot import order-lines then takes the products from the same file."
        " --yes order-lines takes each order once, by its first row, as if that had the amount of the whole order."
    ),
    accept=True,
)
INVOICE_LINES = FindingType(
    name="invoice-lines",
    level=Level.QUESTION,
    sentence=N_(
        "The file seems to have one row per invoice line. Rows that repeat an invoice number: %(count)s"
        " (%(key)s on lines %(first)d and %(line)d). Columns of lines: %(columns)s."
    ),
    answer=N_(
        "--lines adds up the amounts of each invoice."
        " --yes invoice-lines takes each invoice once, by its first row, as if that had the amount of the whole invoice."
    ),
    accept=True,
)
INVOICE_PAYMENTS = FindingType(
    name="invoice-payments",
    level=Level.QUESTION,
    sentence=N_(
        "The file seems to have one row per payment. Rows that repeat an invoice number with another day of payment:"
        " %(count)s (%(key)s on lines %(first)d and %(line)d)."
    ),
    answer=N_(
        "Export one row per invoice, with its whole amount and the day on which it was paid in full;"
        " --yes invoice-payments takes the first row of each invoice and rejects the others."
    ),
    accept=True,
)
REPEATED_KEYS = FindingType(
    name="repeated-keys",
    level=Level.QUESTION,
    sentence=N_(
        "Rows that repeat the %(field)s of an earlier row with another %(columns)s: %(count)s"
        " (%(key)s on lines %(first)d and %(line)d)."
    ),
    answer=N_(
        "If each row is something of its own, name another column: --map %(field)s=COLUMN;"
        " --yes repeated-keys takes the first row of each and rejects the others."
    ),
    accept=True,
)
RECEIPTS = FindingType(
    name="receipts-as-orders",
    level=Level.QUESTION,
    sentence=N_(
        "The rows may be payments that were received, not orders: the file has the column %(column)s, and none of products"
        " or quantities."
    ),
    answer=N_(
        "Import orders from a list of orders or invoices, and payments as the days of payment of invoices;"
        " --yes receipts-as-orders: they are orders."
    ),
    accept=True,
)
OTHER_DOCUMENTS = FindingType(
    name="other-documents",
    level=Level.QUESTION,
    sentence=N_(
        "The numbers are taken from the column %(column)s, which may be those of quotes, purchases or deliveries."
    ),
    answer=N_(
        "Import orders and invoices only; --yes other-documents: the rows are orders, or invoices, all the same."
    ),
    accept=True,
)
_OTHER_NUMBERS = re.compile(
    "quot|estimate|offer(?:no|number|id)|proposal|proforma|purchaseorder|ponumber|pono$|deliverynote|packing|angebot|kostenvoranschlag"
    "|lieferschein|报价|估价|采购单|采购订单|送货单|询价"
)
_PAYMENT_HEADERS = names(
    "payment method, method of payment, pay method, payment mode, payment type, mode of payment, tender type, receipt no",
    "receipt number, payment no, payment number, payment reference, bank reference, bank account, cheque no, check no",
    "收款方式, 付款方式, 支付方式, 结算方式, 收款账户, 收款账号, 收款银行, 收款单号, 银行账号, 银行流水号, 回款方式, 到账账户",
    "Zahlungsart, Zahlungsweise, Zahlungsmittel, Zahlungsmethode, Bankkonto, mode de paiement, forma de pago",
)
_OF_SALES = re.compile(
    "product|sku|item|article|quantity|qty|menge|anzahl|artikel|produkt|数量|商品|产品|货品|物料|ship|deliver|liefer|发货|送货"
    "|tax|vat|mwst|税|cost|discount|rabatt|折扣|price|preis|单价|status|状态|due|channel|渠道|成本"
)
_AMOUNTS = ("amount", "cost", "original_amount")
_ODD = 100  # one row in so many may be an oddity; more are the shape of the file


@dataclass(kw_only=True)
class Repeat:
    """Rows that repeat the key of an earlier row and differ from it in the same columns."""

    count: int
    key: str
    first: int  # the line of the first example, and of its repeat
    line: int


class Repeats:
    """The rows of a file that repeat the key of an earlier one, by the columns in which they differ."""

    def __init__(self) -> None:
        self.rows = 0  # of the file
        self._found: dict[frozenset[str], Repeat] = {}

    def add(self, differing: Collection[str], *, key: str, first: int, line: int) -> None:
        """Note a row that repeats the key of an earlier line."""
        one = self._found.setdefault(frozenset(differing), Repeat(count=0, key=key, first=first, line=line))
        one.count += 1

    def __iter__(self) -> Iterator[tuple[frozenset[str], Repeat]]:
        return iter(self._found.items())

    def only(self, columns: Collection[str], *, at_least: Collection[str] = ()) -> Repeat | None:
        """Those that differ in none but some columns, and in at least one of others; None without."""
        found = [
            one
            for differing, one in self._found.items()
            if differing <= set(columns) and (not at_least or differing & set(at_least))
        ]
        if not found:
            return None
        first = min(found, key=lambda one: one.line)
        count = sum(one.count for one in found)
        return Repeat(count=count, key=first.key, first=first.first, line=first.line)

    def is_shape(self, one: Repeat) -> bool:
        """Whether so many rows repeat a key that it is the shape of the file, and no oddity."""
        return one.count * _ODD >= self.rows


def check_lines(
    repeats: Repeats, findings: FileFindings, asked: FindingType, columns: Collection[str]
) -> None:
    """Ask whether rows that repeat a number, and differ in nothing but amounts, are its lines: `columns` show it."""
    found = repeats.only(_AMOUNTS) if columns else repeats.only(_AMOUNTS, at_least=("amount",))
    if found is not None and (columns or repeats.is_shape(found)):
        findings.add(
            asked,
            count=f"{found.count:,}",
            key=found.key,
            first=found.first,
            line=found.line,
            columns=", ".join(map(repr, columns)) or Phrase(N_("none")),
        )


def check_receipts(layout: Layout, findings: FileFindings) -> None:
    """Ask whether rows with nothing but how they were paid are payments."""
    paid = next((name for name in layout.unused.values() if plain(name) in _PAYMENT_HEADERS), None)
    if (
        paid is None
        or layout.shape is not None
        or any(_OF_SALES.search(plain(name)) for name in layout.header)
    ):
        return
    findings.add(RECEIPTS, column=repr(paid))


def check_documents(layout: Layout, findings: FileFindings, key_field: str) -> None:
    """Ask whether rows are what the header of their number says: quotes, purchases, deliveries."""
    header = layout.columns[key_field]
    if _OTHER_NUMBERS.search(plain(header)):
        findings.add(OTHER_DOCUMENTS, column=repr(header))


def check_payments(repeats: Repeats, findings: FileFindings) -> None:
    """Ask whether rows that repeat an invoice, with another day of payment, are payments."""
    found = repeats.only((*_AMOUNTS, "paid"), at_least=("paid",))
    if found is not None and repeats.is_shape(found):
        findings.add(
            INVOICE_PAYMENTS,
            count=f"{found.count:,}",
            key=found.key,
            first=found.first,
            line=found.line,
        )


def check_repeats(repeats: Repeats, findings: FileFindings, field: str) -> None:
    """Ask about keys that many rows repeat with other values, if nothing more particular was asked."""
    about = {
        ORDER_LINES.name,
        INVOICE_LINES.name,
        INVOICE_PAYMENTS.name,
        "contacts-as-customers",
        "company-numbers",
    }
    if any(one.type.name in about for one in findings):
        return
    differing = [(columns, one) for columns, one in repeats if columns]
    count = sum(one.count for _, one in differing)
    if count < 2 or count * 20 < repeats.rows:
        return
    columns, first = max(differing, key=lambda pair: pair[1].count)
    findings.add(
        REPEATED_KEYS,
        count=f"{count:,}",
        field=field,
        columns=", ".join(sorted(columns)),
        key=first.key,
        first=first.first,
        line=first.line,
    )
