"""`report`: views on value over the whole book."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.console import AsJson, AsOf, err, opened, out, print_json, table, to_day
from bot.clock import local_date
from bot.errors import N_

if TYPE_CHECKING:
    from bot.services.reports.value import ValueBook
    from db.engine import Database

Row = dict[str, Any]

commands = typer.Typer(
    no_args_is_help=True, help="Views on value: RFM, value matrix, concentration, own rhythm."
)

Most = Annotated[int, typer.Option("--most", help="List at most so many customers.", min=0)]
CutsFile = Annotated[
    Path | None, typer.Option("--cuts", help="Frozen numbers, as `report freeze` wrote them.")
]


@dataclass(frozen=True, kw_only=True)
class LoadedBook:
    """A loaded book and the language to speak of it."""

    database: "Database"
    book: "ValueBook"
    language: str

    def say(self, msgid: str, **values: Any) -> str:
        from bot.wording import catalogue

        text = catalogue.gettext(self.language)(msgid)
        return text % values if values else text

    def show(self, rows: Iterable[Row], columns: Mapping[str, Callable[[Row], str]]) -> None:
        """A table: each column by its title and by what it says of a row."""
        cells = [[cell(row) for cell in columns.values()] for row in rows]
        out.print(table([self.say(title) for title in columns], cells))


@commands.command()
def rfm(as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_json: AsJson = False) -> None:
    """How recently, how often and for how much customers bought: scores, eight classes, segments."""
    from bot.services.reports import value
    from grading.views.rfm import CLASSES, SEGMENTS

    with _load_book(as_of, cuts) as loaded:
        found = value.rfm(loaded.database, loaded.book, most)
        if as_json:
            print_json(found)
            return
        _intro(loaded)
        points = found["cut_points"]
        out.print(
            loaded.say(
                N_("Cut points: days %(days)s; order days %(often)s; money %(money)s."),
                days=_plain_list(points["recency_days"]),
                often=_plain_list(points["frequency"]),
                money=_plain_list(points["monetary"]),
            )
        )
        for group, title, names in (
            ("segments", N_("segment"), SEGMENTS),
            ("classes", N_("class"), CLASSES),
        ):
            loaded.show(
                [{"name": names[key], **found[group][key]} for key in names if key in found[group]],
                {
                    title: lambda row: row["name"][loaded.language],
                    N_("customers"): _customers,
                    N_("net, 12 months"): _number("monetary"),
                },
            )
        loaded.show(
            found["customers"],
            {
                N_("customer"): _who,
                N_("days"): _number("recency_days"),
                N_("order days"): _number("frequency"),
                N_("net, 12 months"): _number("monetary"),
                "R": _number("r"),
                "F": _number("f"),
                "M": _number("m"),
                N_("segment"): lambda row: SEGMENTS[row["segment"]][loaded.language],
                N_("class"): lambda row: CLASSES[row["class8"]][loaded.language],
            },
        )


@commands.command("value")
def value_matrix(as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_json: AsJson = False) -> None:
    """Current x potential value: platinum, gold, iron, lead, and the negative cell."""
    from bot.services.reports import value
    from grading.views.value_matrix import CELLS

    with _load_book(as_of, cuts) as loaded:
        found = value.value(loaded.database, loaded.book, most)
        if as_json:
            print_json(found)
            return
        _intro(loaded)
        if found["basis"] == "margin":
            out.print(loaded.say(N_("Value is margin: orders minus their costs.")))
        else:
            out.print(loaded.say(N_("Value is revenue: no order carries a cost, so margins are unknown.")))
        out.print(
            loaded.say(
                N_(
                    "High from: current %(current)s, potential %(potential)s. %(years)s years at %(rate)s a year."
                ),
                current=_shown(found["cuts"]["current"]),
                potential=_shown(found["cuts"]["potential"]),
                years=found["years"],
                rate=f"{found['rate']:.0%}",
            )
        )
        meaning = {
            "platinum": N_("high now, high potential: keep and deepen"),
            "gold": N_("high now, low potential: keep"),
            "iron": N_("low now, high potential: develop"),
            "lead": N_("low now, low potential: basic service, lower cost"),
            "negative": N_("costs money now and to come: change the terms or stop investing"),
        }
        loaded.show(
            [{"cell": cell, **part} for cell, part in found["cells"].items()],
            {
                N_("class"): lambda row: CELLS[row["cell"]][loaded.language],
                N_("meaning"): lambda row: loaded.say(meaning[row["cell"]]),
                N_("customers"): _customers,
                N_("current value"): _number("current"),
                N_("potential value"): _number("potential"),
            },
        )
        out.print(
            loaded.say(
                N_(
                    "In no class, because a value is unknown (bought on one day only, or no costs): %(count)s."
                ),
                count=f"{found['unknown']:,}",
            )
        )
        loaded.show(
            found["customers"],
            {
                N_("customer"): _who,
                N_("current value"): _number("current"),
                N_("potential value"): _number("potential"),
                N_("class"): lambda row: CELLS[row["cell"]][loaded.language] if row["cell"] else "?",
            },
        )


@commands.command()
def concentration(as_of: AsOf = None, most: Most = 20, as_json: AsJson = False) -> None:
    """How much of sales and margin few customers make, as it is: no 80/20 is assumed."""
    from bot.services.reports import value

    with _load_book(as_of, None) as loaded:
        found = value.concentration(loaded.database, loaded.book, most)
        if as_json:
            print_json(found)
            return
        out.print(_as_of(loaded))
        for title, part in ((N_("Net sales"), found["revenue"]), (N_("Margin"), found["margin"])):
            if part is None:
                out.print(loaded.say(N_("Margin is unknown: no order carries a cost.")))
                continue
            out.print(f"{loaded.say(title)}: {_shown(part['net'])} {found['currency']}")
            if part["top_share"] is not None:
                out.print(
                    loaded.say(
                        N_(
                            "  The best 20 %% of customers make %(share)s, and %(count)s customers"
                            " (%(part)s) make 80 %%. Gini %(gini)s."
                        ),
                        share=f"{part['top_share']:.1%}",
                        count=f"{part['customers_for']:,}",
                        part=f"{part['share_for']:.1%}",
                        gini=f"{part['gini']:.2f}",
                    )
                )
            if part["losing"]:
                out.print(
                    loaded.say(
                        N_(
                            "  %(losing)s of %(customers)s customers are below zero and take back %(losses)s"
                            " of %(gains)s; the shares are of what the others make."
                        ),
                        losing=f"{part['losing']:,}",
                        customers=f"{part['customers']:,}",
                        losses=_shown(-part["losses"]),
                        gains=_shown(part["gains"]),
                    )
                )
        loaded.show(
            found["customers"],
            {
                N_("customer"): _who,
                N_("net, 12 months"): _number("monetary"),
                N_("Margin"): _number("profit"),
                N_("together"): _share("together"),
            },
        )


@commands.command()
def rhythm(as_of: AsOf = None, cuts: CutsFile = None, most: Most = 20, as_json: AsJson = False) -> None:
    """Who is silent by the own rhythm: days since the last order against the usual gap."""
    from bot.services.reports import value

    with _load_book(as_of, cuts) as loaded:
        found = value.rhythm(loaded.database, loaded.book, most)
        if as_json:
            print_json(found)
            return
        _intro(loaded)
        states = {
            "regular": N_("as usual"),
            "watch": N_("silent, watch (over 2 gaps)"),
            "at_risk": N_("silent, at risk (over 3 gaps)"),
            "one_time": N_("bought on one day only, no rhythm"),
            "unknown": N_("unknown"),
        }
        loaded.show(
            [{"state": state, **part} for state, part in found["states"].items()],
            {
                N_("rhythm"): lambda row: loaded.say(states[row["state"]]),
                N_("customers"): _customers,
                N_("net, 24 months"): _number("net_24m"),
            },
        )
        loaded.show(
            found["customers"],
            {
                N_("customer"): _who,
                N_("rhythm"): lambda row: loaded.say(states[row["state"]]),
                N_("days"): _number("recency_days"),
                N_("usual gap"): _number("usual_gap_days"),
                "k": lambda row: f"{row['k']:.1f}",
                N_("net, 24 months"): _number("net_24m"),
            },
        )


@commands.command()
def products(as_of: AsOf = None, most: Most = 20, as_json: AsJson = False) -> None:
    """Product types, and what comparable customers (industry, customer type) buy that one does not."""
    from bot.services.reports import value

    with _load_book(as_of, None) as loaded:
        found = value.products(loaded.database, loaded.book, most)
        if as_json:
            print_json(found)
            return
        out.print(_as_of(loaded))
        loaded.show(
            found["product_types"],
            {
                N_("product type"): lambda row: row["product_type"],
                N_("customers"): _customers,
                N_("net, 12 months"): _number("amount"),
                N_("share"): _share("share"),
            },
        )
        loaded.show(
            found["customers"],
            {
                N_("customer"): _who,
                N_("does not buy"): lambda row: row["product_type"],
                N_("peers that do"): lambda row: f"{row['share']:.0%} / {row['peers']:,}",
                N_("for, in the middle"): _number("median_amount"),
            },
        )


@commands.command()
def freeze(
    file: Annotated[Path, typer.Argument(help="A new file for the numbers of today's book.")],
    as_of: AsOf = None,
) -> None:
    """Keep today's cut points, so that from then on a class moves only when its customer does."""
    from bot.services.reports import calibration

    with _load_book(as_of, None) as loaded:
        calibration.write(loaded.book.frozen, file)
        out.print(
            loaded.say(
                N_("Wrote %(file)s from %(count)s customers. Use it with --cuts."),
                file=file,
                count=f"{loaded.book.frozen.rfm.customers:,}",
            ),
            markup=False,
        )


@contextmanager
def _load_book(as_of: str | None, cuts: Path | None) -> Iterator[LoadedBook]:
    from bot.cli import presentation
    from bot.services.grade.book_pass import default_day
    from bot.services.reports import value

    with opened() as bot:
        today = local_date(bot.clock.now(), bot.settings.zone)
        book = value.load(
            bot.database,
            presentation.console_actor(bot.settings),
            as_of=to_day(as_of) if as_of else default_day(today),
            cuts=cuts,
        )
        yield LoadedBook(database=bot.database, book=book, language=bot.settings.language)


def _as_of(loaded: LoadedBook) -> str:
    return loaded.say(
        N_(
            "As of %(as_of)s: %(bought)s customers that ever bought, %(never)s that never did. Money in %(currency)s."
        ),
        as_of=loaded.book.as_of,
        bought=f"{len(loaded.book.visible):,}",
        never=f"{loaded.book.never_bought:,}",
        currency=loaded.book.currency,
    )


def _intro(loaded: LoadedBook) -> None:
    out.print(_as_of(loaded))
    if loaded.book.own_cuts:
        err.print(
            loaded.say(
                N_(
                    "Cut points are of this very book. Freeze them to compare over time: tierbot report freeze FILE"
                )
            )
        )
    else:
        out.print(loaded.say(N_("Cut points are frozen as of %(day)s."), day=loaded.book.frozen.as_of))


def _who(row: Row) -> str:
    return f"{row['code']} {row['name']}"


def _customers(row: Row) -> str:
    return f"{row['customers']:,}"


def _number(key: str) -> Callable[[Row], str]:
    return lambda row: _shown(row[key])


def _share(key: str) -> Callable[[Row], str]:
    return lambda row: _shown(row[key], ".1%")


def _shown(cell: Any, form: str = ",.0f") -> str:
    return "?" if cell is None else format(cell, form)


def _plain_list(cuts: Any) -> str:
    return " / ".join(f"{cut:,.6g}" for cut in cuts)
