"""`report`: views on value over the whole book."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsCsv,
    AsJson,
    AsOf,
    acts,
    customers,
    in_language,
    named_actor,
    number,
    opened,
    print_json,
    print_records,
    print_table,
    say,
    to_day,
    warn,
)
from bot.cli.output.personal import record_list
from bot.cli.output.risk.tables import show as show_at_risk
from bot.errors import N_
from bot.services.ask.risk.report import RiskGroup, report_at_risk
from bot.services.grade.book_pass import default_day
from bot.services.reports import calibration, value
from bot.services.reports.value import ValueBook
from bot.wording import catalogue
from db.engine import Database

Row = dict[str, Any]
Cell = Callable[[Row], str]

Most = Annotated[int, typer.Option("--most", help="List at most so many customers.", min=0)]
CutsFile = Annotated[
    Path | None, typer.Option("--cuts", help="Frozen numbers, as `report freeze` wrote them.")
]


@acts
def rfm(
    as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False
) -> None:
    """How recently, how often and for how much customers bought: scores, eight classes, segments."""
    _report(value.rfm, _show_rfm, as_of, cuts, most, as_csv, as_json)


@acts
def value_matrix(
    as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False
) -> None:
    """Current x potential value: platinum, gold, iron, lead, silent and negative."""
    _report(value.value, _show_value_matrix, as_of, cuts, most, as_csv, as_json)


@acts
def concentration(
    as_of: AsOf = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False
) -> None:
    """How much of sales and margin few customers make, as it is: no 80/20 is assumed."""
    _report(value.concentration, _show_concentration, as_of, None, most, as_csv, as_json)


@acts
def rhythm(
    as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False
) -> None:
    """Who is silent by the own rhythm: days since the last order against the usual gap."""
    _report(value.rhythm, _show_rhythm, as_of, cuts, most, as_csv, as_json)


@acts
def products(as_of: AsOf = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Product types, and what comparable customers (industry, customer type) buy that one does not."""
    _report(value.products, _show_products, as_of, None, most, as_csv, as_json)


@acts
def at_risk(
    by: Annotated[
        RiskGroup | None,
        typer.Option("--by", help="Also the sums of each person or team; with --csv, only these."),
    ] = None,
    most: Most = 20,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """What silent and falling customers are worth in a year: by their own rhythm, in margin where costs are known."""
    with opened() as bot:
        found = report_at_risk(bot.database, named_actor(bot), bot.today(), most, by)
        record_list(bot, named_actor(bot), "report at-risk", len(found["customers"]))
    printer = Printer(bot.settings.language)
    if found["figures_late"]:
        late = N_(
            "The figures are older than the newest grading. Start `tierbot run`: it writes them within seconds."
        )
        warn(printer.text(late))
    if as_csv:
        print_records(found["customers"] if by is None else found["groups"], as_csv)
    elif as_json:
        print_json(found)
    else:
        show_at_risk(printer, found, by)


@acts
def freeze(
    file: Annotated[Path, typer.Argument(help="A new file for the numbers of today's book.")],
    as_of: AsOf = None,
) -> None:
    """Keep today's cut points, so that from then on a class moves only when its customer does."""
    with opened() as bot:
        frozen = _load(bot, as_of, None).frozen
        calibration.write(frozen, file)
        Printer(bot.settings.language).line(
            N_("Wrote %(file)s from %(customers)s. Use it with --cuts."),
            file=file,
            customers=customers(frozen.rfm.customers),
        )


@dataclass(frozen=True)
class Printer:
    """Prints sentences and tables in the language of the installation."""

    language: str

    def text(self, msgid: str, **values: Any) -> str:
        """The translated sentence with its values."""
        text = catalogue.gettext(self.language)(msgid)
        return text % {name: in_language(value) for name, value in values.items()} if values else text

    def line(self, msgid: str, **values: Any) -> None:
        """Print the translated sentence with its values."""
        say(self.text(msgid, **values))

    def table(self, rows: Iterable[Row], columns: Mapping[str, Cell]) -> None:
        """Each column has its title and what it shows of a row."""
        cells = [[cell(row) for cell in columns.values()] for row in rows]
        print_table([self.text(title) for title in columns], cells)


def _report(
    measure: Callable[[Database, ValueBook, int], Row],
    show: Callable[[Printer, Row], None],
    as_of: str | None,
    cuts: Path | None,
    most: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    with opened() as bot:
        found = measure(bot.database, _load(bot, as_of, cuts), most)
        record_list(bot, named_actor(bot), f"report {measure.__name__}", len(found["customers"]))
    if as_csv:
        print_records(found["customers"], as_csv)
        return
    if as_json:
        print_json(found)
        return
    printer = Printer(bot.settings.language)
    printer.line(
        N_(
            "As of %(as_of)s. Customers that ever bought: %(bought)s, that never did: %(never)s. Money in %(currency)s."
        ),
        as_of=found["as_of"],
        bought=f"{found['bought']:,}",
        never=f"{found['never_bought']:,}",
        currency=found["currency"],
    )
    show(printer, found)


def _load(bot: Tierbot, as_of: str | None, cuts: Path | None) -> ValueBook:
    day = to_day(as_of) if as_of else default_day(bot.today())
    return value.load(bot.database, named_actor(bot), as_of=day, cuts=cuts)


def _show_cuts(printer: Printer, found: Row) -> None:
    if not found["own_cuts"]:
        printer.line(N_("Cut points are frozen as of %(day)s."), day=found["cuts_as_of"])
        return
    text = N_(
        "Cut points are of this very book. Freeze them to compare over time: tierbot report freeze FILE"
    )
    warn(printer.text(text))


def _show_rfm(printer: Printer, found: Row) -> None:
    from grading.views.rfm import CLASSES, SEGMENTS  # pandas, which --help does not need

    _show_cuts(printer, found)
    points = found["cut_points"]
    printer.line(
        N_("Cut points: days %(days)s; order days %(often)s; money %(money)s."),
        days=_plain_list(points["recency_days"]),
        often=_plain_list(points["frequency"]),
        money=_plain_list(points["monetary"]),
    )
    for group, title, names in (("segments", N_("segment"), SEGMENTS), ("classes", N_("class"), CLASSES)):
        printer.table(
            [{"name": names[key], **found[group][key]} for key in names if key in found[group]],
            {
                title: lambda row: row["name"][printer.language],
                N_("customers"): _customers,
                N_("net, 12 months"): _number("monetary"),
            },
        )
    printer.table(
        found["customers"],
        {
            N_("customer"): _who,
            N_("days"): _number("recency_days"),
            N_("order days"): _number("frequency"),
            N_("net, 12 months"): _number("monetary"),
            "R": _number("r"),
            "F": _number("f"),
            "M": _number("m"),
            N_("segment"): lambda row: SEGMENTS[row["segment"]][printer.language],
            N_("class"): lambda row: CLASSES[row["class8"]][printer.language],
        },
    )


def _show_value_matrix(printer: Printer, found: Row) -> None:
    from grading.views.value_matrix import CELLS  # pandas, which --help does not need

    _show_cuts(printer, found)
    printer.line(
        N_("Value is margin: orders minus their costs.")
        if found["basis"] == "margin"
        else N_("Value is revenue: no order carries a cost, so margins are unknown.")
    )
    printer.line(
        N_("High from: current %(current)s, potential %(potential)s. %(years)s years at %(rate)s a year."),
        current=_whole(found["cuts"]["current"]),
        potential=_whole(found["cuts"]["potential"]),
        years=found["years"],
        rate=f"{found['rate']:.0%}",
    )
    meaning = {
        "platinum": N_("high now, high potential: keep and deepen"),
        "gold": N_("high now, low potential: keep"),
        "iron": N_("low now, high potential: develop"),
        "silent": N_("silent beyond its own rhythm, high potential if it buys again: win back"),
        "lead": N_("low now, low potential: basic service, lower cost"),
        "negative": N_("costs money now and to come: change the terms or stop investing"),
    }
    values: dict[str, Cell] = {
        N_("current value"): _number("current"),
        N_("potential value"): _number("potential"),
    }
    printer.table(
        [{"cell": cell, **part} for cell, part in found["cells"].items()],
        {
            N_("class"): lambda row: CELLS[row["cell"]][printer.language],
            N_("meaning"): lambda row: printer.text(meaning[row["cell"]]),
            N_("customers"): _customers,
            **values,
        },
    )
    printer.line(
        N_("In no class, because a value is unknown (bought on one day only, or no costs): %(count)s."),
        count=f"{found['unknown']:,}",
    )
    printer.table(
        found["customers"],
        {
            N_("customer"): _who,
            **values,
            N_("class"): lambda row: CELLS[row["cell"]][printer.language] if row["cell"] else "?",
        },
    )


def _show_concentration(printer: Printer, found: Row) -> None:
    for title, part in ((N_("Net sales"), found["revenue"]), (N_("Margin"), found["margin"])):
        if part is None:
            printer.line(N_("Margin is unknown: no order carries a cost."))
            continue
        say(f"{printer.text(title)}: {_whole(part['net'])} {found['currency']}")
        if part["top_share"] is not None:
            printer.line(
                N_(
                    "  The best 20 %% of customers make %(share)s; 80 %% are made by %(customers)s (%(part)s). Gini %(gini)s."
                ),
                share=f"{part['top_share']:.1%}",
                customers=customers(part["customers_for"]),
                part=f"{part['share_for']:.1%}",
                gini=f"{part['gini']:.2f}",
            )
        if part["losing"]:
            printer.line(
                N_(
                    "  Below zero: %(losing)s of %(customers)s, who take back %(losses)s"
                    " of %(gains)s; the shares are of what the others make."
                ),
                losing=f"{part['losing']:,}",
                customers=customers(part["customers"]),
                losses=_whole(-part["losses"]),
                gains=_whole(part["gains"]),
            )
    printer.table(
        found["customers"],
        {
            N_("customer"): _who,
            N_("net, 12 months"): _number("monetary"),
            N_("Margin"): _number("profit"),
            N_("together"): _number("together", ".1%"),
        },
    )


def _show_rhythm(printer: Printer, found: Row) -> None:
    _show_cuts(printer, found)
    states = {
        "regular": N_("as usual"),
        "watch": N_("silent, watch (over 2 gaps)"),
        "at_risk": N_("silent, at risk (over 3 gaps)"),
        "one_time": N_("bought on one day only, no rhythm"),
        "unknown": N_("unknown"),
    }
    rhythm_column: dict[str, Cell] = {N_("rhythm"): lambda row: printer.text(states[row["state"]])}
    printer.table(
        [{"state": state, **part} for state, part in found["states"].items()],
        {**rhythm_column, N_("customers"): _customers, N_("net, 24 months"): _number("net_24m")},
    )
    printer.table(
        found["customers"],
        {
            N_("customer"): _who,
            **rhythm_column,
            N_("days"): _number("recency_days"),
            N_("usual gap"): _number("usual_gap_days"),
            "k": _number("k", ".1f"),
            N_("net, 24 months"): _number("net_24m"),
        },
    )


def _show_products(printer: Printer, found: Row) -> None:
    printer.table(
        found["product_types"],
        {
            N_("product type"): lambda row: str(row["product_type"]),
            N_("customers"): _customers,
            N_("net, 12 months"): _number("amount"),
            N_("share"): _number("share", ".1%"),
        },
    )
    printer.table(
        found["customers"],
        {
            N_("customer"): _who,
            N_("does not buy"): lambda row: str(row["product_type"]),
            N_("peers that do"): lambda row: f"{row['share']:.0%} / {row['peers']:,}",
            N_("for, in the middle"): _number("median_amount"),
        },
    )


def _who(row: Row) -> str:
    return f"{row['code']} {row['name']}"


def _customers(row: Row) -> str:
    return f"{row['customers']:,}"


def _number(key: str, form: str = ",.0f") -> Cell:
    return lambda row: number(row[key], form, unknown="?")


def _whole(value: float) -> str:
    return number(value, ",.0f")


def _plain_list(cuts: Iterable[float]) -> str:
    return " / ".join(f"{cut:,.6g}" for cut in cuts)
