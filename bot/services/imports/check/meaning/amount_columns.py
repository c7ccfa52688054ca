"""Columns next to the amount: tax, discount, gross and net, exchange rates, amounts in another currency."""

import re
from collections.abc import Iterable

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.unit_price import UNIT_PRICE
from bot.services.imports.job import ImportJob
from bot.services.imports.layout.columns import FileField, known_headers
from bot.services.imports.read.filters import spell
from bot.services.imports.read.headers import is_gross, names
from bot.services.imports.read.text import plain

NET_OR_GROSS = FindingType(
    name="net-or-gross",
    level=Level.QUESTION,
    sentence=N_(
        "The columns %(column)s and %(other)s both have amounts, which differ as with and without tax, discount or the like"
        " (for example %(amount)s and %(value)s)."
    ),
    answer=N_("Give --map amount=%(map)s if that one counts; --yes net-or-gross: it is %(column)s."),
    accept=True,
)
BASE_AMOUNT = FindingType(
    name="base-amount",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(other)s has the amounts of the column %(column)s in another currency (for example %(amount)s and"
        " %(value)s)."
    ),
    answer=N_(
        "To take that one, give --map amount=%(map)s --map currency=- and its --currency; --yes base-amount takes %(column)s."
    ),
    accept=True,
)
AMOUNT_PARTS = FindingType(
    name="amount-parts",
    level=Level.NOTE,
    sentence=N_(
        "The amounts are those of the column %(column)s as they stand; what these columns have is neither added nor taken"
        " off: %(parts)s."
    ),
)
EXCHANGE_RATES = FindingType(
    name="exchange-rates-unused",
    level=Level.NOTE,
    sentence=N_(
        "The rates in the column %(column)s are not used: amounts are converted only by the rates of tierbot import rates."
    ),
)
_AMOUNTS = names(
    "subtotal, sub total, grand total, order total, total amount, invoice amount, invoice total, total price, line total",
    "应付金额, 实付金额, 实收金额, 应收金额, 实际支付金额, 买家实际支付金额, 买家应付货款, 商品金额, 货款, 小计, 折后金额, 折前金额, 原价金额",
    "Gesamtbetrag, Endbetrag, Rechnungsbetrag, Zwischensumme, Gesamtsumme, Warenwert, sous-total, importe total, totale",
)
_TAX = re.compile(
    r"tax|vat\b|vat(?:amount|total)|gst|mwst|mehrwertsteuer|umsatzsteuer|^ust|steuer(?:betrag)?$|税额|税金|增值税|销项税|^税$|^iva|^tva"
)
_OTHER_PARTS = re.compile(
    r"discount|rebate|rabatt|skonto|nachlass|折扣|优惠|减免|返利|抵扣|descuento|remise|sconto|korting"
    r"|shipping|freight|postage|delivery(?:fee|cost|charge)|运费|邮费|快递费|物流费|配送费|fracht|versand|porto|livraison"
    r"|surcharge|zuschlag|附加费|手续费|handling"
)
# What is no amount of money, though its header has one of these words.
_NO_AMOUNT = re.compile(
    r"code|number|reg|reason|name|type|class|area|status|address|date|method|city|zip|country|taxi$|rate$|ratename|满减活动|(?<!pa)id$|no$|nr$"
    r"|(?<!um)satz|schluessel|kennzeichen|nummer|税率|税号|编码|编号|单号|方式|地址|日期|时间|城市|weight|gewicht|重|margin|profit|毛利|利润|marge"
    r"|network|internet|unitprice|listprice|einzelpreis|stueckpreis|单价|^(?:net|gross|netto|brutto)?(?:price|preis)(?:net|gross|netto|brutto)?$"
)
_NET = re.compile(
    r"net(?:t|to)?(?![a-z])|^net|netto|不含税|未税|无税|除税|去税|税前|excl|exkl|untaxed|beforetax|pretax|withouttax|beforevat|withoutvat"
    r"|(?:montant|total)ht$|taxable|ohnemwst|ohnesteuer|zzglmwst"
)
_BASE = re.compile(
    r"本位币|本币|基准币|折合人民币|原币|外币|fremdwaehrung|foreign(?:currency)?amount|(?:document|transaction)currencyamount|hauswaehrung|lokalwaehrung|landeswaehrung|basiswaehrung"
    r"|(?:base|local|home|company|functional|reporting|group)(?:currency)?(?:amount|total|value|net)"
    r"|(?:amount|total|value|betrag)(?:in)?(?:base|local|home|company|functional|reporting|group)|(?:amount|betrag)(?:in)?(?:lc|hw)$"
)
_RATE = re.compile(
    r"exchangerate|fxrate|conversionrate|currencyrate|^rate$|汇率|wechselkurs|umrechnungskurs|^kurs$|tauxdechange|tipodecambio"
)


def check_amount_columns(job: ImportJob, fields: Iterable[FileField]) -> None:
    """Ask which of two columns has the amount, and say what is neither added nor taken off."""
    layout = job.layout
    if "amount" not in layout.places or layout.shape is not None or not job.sample:
        return
    header = layout.columns["amount"]
    named = plain(header)
    known = known_headers(one for one in fields if one.name == "amount")
    parts: list[tuple[int, str]] = []
    for place, name in layout.unused.items():
        said = plain(name)
        if _NO_AMOUNT.search(said) and not _RATE.search(said):
            continue
        if _RATE.search(said):
            if any(number not in (None, 0, 1) for number in job.numbers(place)):
                job.findings.add(EXCHANGE_RATES, column=repr(name))
        elif _BASE.search(said):
            _ask_which(job, BASE_AMOUNT, place)
        elif is_gross(said) or _NET.search(said):
            # By its own header, the amount is without tax, as all amounts should be.
            if not (_NET.search(named) and is_gross(said)):
                _ask_which(job, NET_OR_GROSS, place)
        elif (said in known or said in _AMOUNTS) and not any(one.type is UNIT_PRICE for one in job.findings):
            _ask_which(job, NET_OR_GROSS, place)
        elif _OTHER_PARTS.search(said) or (_TAX.search(said) and not (_NET.search(named) or is_gross(named))):
            parts.append((place, name))
    found = [(place, name) for place, name in parts if any(job.numbers(place))]
    for place, _ in found:
        _ask_about_sums(job, place, [other for other, _ in parts])
    if found:
        job.findings.add(AMOUNT_PARTS, column=repr(header), parts=", ".join(repr(name) for _, name in found))


def _ask_which(job: ImportJob, asked: FindingType, place: int) -> None:
    """Ask which column has the amount, if another has other amounts and nobody has chosen."""
    layout = job.layout
    if "amount" in layout.chosen:
        return
    own, others = job.numbers(layout.places["amount"]), job.numbers(place)
    differing = [
        (amount, value)
        for amount, value in zip(own, others, strict=True)
        if amount is not None and value is not None and amount != value
    ]
    name = layout.header[place]
    if differing and not any(one.type is asked for one in job.findings):
        amount, value = differing[0]
        job.findings.add(
            asked,
            column=repr(layout.columns["amount"]),
            other=repr(name),
            amount=amount,
            value=value,
            map=spell(name),
        )


def _ask_about_sums(job: ImportJob, part: int, parts: list[int]) -> None:
    """Ask about a column that has the amount with this part, or without it, whatever its header."""
    own, extra = job.numbers(job.layout.places["amount"]), job.numbers(part)
    rows = [row for row, number in enumerate(extra) if number and own[row]]
    for place in job.layout.unused:
        if place in parts:
            continue
        values = job.numbers(place)
        gaps = [abs(value - (own[row] or 0)) for row in rows if (value := values[row]) is not None]
        if len(gaps) == len(rows) > 0 and gaps == [abs(extra[row] or 0) for row in rows]:
            _ask_which(job, NET_OR_GROSS, place)
