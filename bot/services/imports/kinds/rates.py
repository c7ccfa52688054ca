"""Exchange rates to the firm's currency: the value of one unit of another currency from a day on."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import Date, String

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.rates import RateMeaning
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read import text
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.refusal import Parser, RefusedValue, clip
from db.book.imports import table
from db.book.trade.exchange_rates import ExchangeRate

_LIMIT = Decimal(1_000_000)  # no currency in use is worth more of another


def _rate(job: ImportJob, name: str) -> Parser:
    """A parser of positive decimal numbers, which are kept as plain text."""
    style = job.decimal(name)

    def parse(cell: str) -> str | RefusedValue:
        body, negative, _ = dissect(cell)
        rate = None if negative else read_decimal(body, partial(style, cell))
        if rate is None:
            return RefusedValue(
                Phrase(N_("%(cell)s is not a rate; write it as 7.1234"), cell=repr(clip(cell)))
            )
        if not 0 < rate <= _LIMIT:
            return RefusedValue(
                Phrase(
                    N_("%(cell)s is not above 0 and up to %(limit)s"),
                    cell=repr(clip(cell)),
                    limit=f"{_LIMIT:,}",
                )
            )
        return format(rate.normalize(), "f")

    return parse


class RateKind(UpsertKind):
    """Upserts on currency and day, for the firm's currency."""

    name = "rates"
    key_field = "currency"
    fields = (
        FileField(
            name="date",
            synonyms="day, valid from, rate date, 日期, 生效日期, 汇率日期, Datum, Gültig ab, Kursdatum",
            required=True,
            read=ImportJob.past_days,
            column="day",
        ),
        FileField(
            name="currency",
            synonyms="currency code, from, 币种, 货币, 币别, Währung, Währungskennzeichen",
            required=True,
            read=lambda job, name: text.currency,
        ),
        FileField(
            name="rate",
            synonyms="exchange rate, fx rate, 汇率, 折算率, 折算汇率, Kurs, Wechselkurs, Umrechnungskurs",
            required=True,
            read=_rate,
        ),
    )
    staged: ClassVar = {"day": Date, "currency": String, "rate": String}
    writes = (WrittenTable(table=table(ExchangeRate)),)

    def prepare(self, job: ImportJob) -> None:
        if job.options.firm_currency is None:
            raise BadInput(
                N_(
                    "Rates lead to the firm's currency, and there is none yet; set TIERBOT_CURRENCY, such as CNY."
                )
            )
        self._meaning = RateMeaning(job, job.options.firm_currency)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        for row, currency in enumerate(values["currency"]):
            if currency == job.options.firm_currency:
                chunk.refuse(
                    row, "currency", Phrase(N_("%(currency)s is the firm's own currency"), currency=currency)
                )
        values["key"] = [f"{a}|{b}" for a, b in zip(values["currency"], values["date"], strict=True)]

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._meaning.take(chunk, rows)

    def check(self, job: ImportJob) -> None:
        super().check(job)
        self._meaning.check()

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        return {
            "firm_currency": job.options.firm_currency,
            "currency": stage.currency,
            "day": stage.day,
        }
