"""Exchange rates to the firm's currency: what one unit of another is worth from a day on."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, MetaData, String, and_

from bot.errors import N_, BadInput
from bot.services.imports import publication
from bot.services.imports.kind import Chunk, ImportJob, UpsertKind, day_column, stage_table
from bot.services.imports.read import text as words
from bot.services.imports.read.amounts import clip, dissect, shape
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from db.book.imports import table
from db.book.trade import ExchangeRate

_rate = table(ExchangeRate)
_LIMIT = Decimal(1_000_000)  # nothing in use is worth more of anything else


class RateKind(UpsertKind):
    """Upserts on currency and day, for the firm's currency."""

    name = "rates"
    key_field = "currency"
    fields = (
        FileField(
            name="date",
            headers=("day", "valid from", "rate date", "日期", "生效日期", "汇率日期"),
            required=True,
        ),
        FileField(name="currency", headers=("currency code", "from", "币种", "货币", "币别"), required=True),
        FileField(
            name="rate", headers=("exchange rate", "fx rate", "汇率", "折算率", "折算汇率"), required=True
        ),
    )
    staged = ("key", "day", "currency", "rate")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_rate",
            day_column("day"),
            Column("currency", String),
            Column("rate", String),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        if job.options.firm_currency is None:
            raise BadInput(
                N_(
                    "Rates lead to the firm's currency, and there is none yet; set TIERBOT_CURRENCY, such as CNY."
                )
            )
        self._firm_currency = job.options.firm_currency

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        return {
            "date": job.dates("date", past_only=True),
            "currency": words.currency,
            "rate": rate_text(job.decimal("rate")),
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["day"] = values["date"]
        for row, currency in enumerate(values["currency"]):
            if currency == self._firm_currency:
                chunk.refuse(row, "currency", RefusedValue(f"{currency} is the firm's own currency"))
        values["key"] = [f"{a}|{b}" for a, b in zip(values["currency"], values["day"], strict=True)]

    def upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_rate,
            stage=self.stage,
            match=and_(
                _rate.c.firm_currency == self._firm_currency,
                _rate.c.currency == stage.currency,
                _rate.c.day == stage.day,
            ),
            columns={"day": stage.day, "currency": stage.currency, "rate": stage.rate},
        )

    def given(self, job: ImportJob) -> Mapping[str, Any]:
        return {"firm_currency": self._firm_currency}


def rate_text(style: Callable[[str], str]) -> Parser:
    """A positive decimal number as plain text; `style` says what a lone group of three digits means."""

    def parse(text: str) -> str | RefusedValue:
        body, negative, _ = dissect(text)
        form = shape(body)
        if negative or form is False:
            return RefusedValue(f"{clip(text)!r} is not a rate; write it as 7.1234")
        point = (form or style(text)) == "point"
        rate = Decimal(body.replace(",", "") if point else body.replace(".", "").replace(",", "."))
        if not 0 < rate <= _LIMIT:
            return RefusedValue(f"{clip(text)!r} is not above 0 and up to {_LIMIT:,}")
        return format(rate.normalize(), "f")

    return parse
