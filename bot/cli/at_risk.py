"""`report at-risk`: what silent and falling customers are worth."""

from typing import Annotated, Any

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    acts,
    customers,
    named_actor,
    number,
    opened,
    print_json,
    print_records,
    warn,
)
from bot.cli.output.personal import record_list
from bot.cli.report import Most, Printer, Row
from bot.errors import N_
from bot.services.ask.risk.report import Group, report_at_risk

By = Annotated[
    Group | None, typer.Option("--by", help="Also the sums of each person or team; with --csv, only these.")
]


@acts
def at_risk(by: By = None, most: Most = 20, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """What silent and falling customers are worth in a year: by their own rhythm, in margin where costs are known."""
    with opened() as bot:
        actor = named_actor(bot)
        found = report_at_risk(bot.database, actor, bot.today(), most, by)
        record_list(bot, actor, "report at-risk", len(found["customers"]))
    printer = Printer(bot.settings.language)
    if found["figures_late"]:
        warn(
            printer.text(
                N_(
                    "The figures are older than the newest grading. Start `tierbot run`: it writes them within seconds."
                )
            )
        )
    if as_csv:
        print_records(found["customers"] if by is None else found["groups"], as_csv)
    elif as_json:
        print_json(found)
    else:
        _show(printer, found, by)


def _show(printer: Printer, found: Row, by: Group | None) -> None:
    printer.line(
        N_(
            "Silent by their own rhythm or buying less than the year before, on %(today)s; figures as of %(as_of)s."
            " Accounts: %(accounts)s."
        ),
        today=found["today"],
        as_of=found["figures_as_of"],
        accounts=f"{found['accounts']:,}",
    )
    if not found["totals"]:
        printer.line(N_("Nothing is at risk."))
    for total in found["totals"]:
        values = {
            "amount": _whole(total["amount"]),
            "currency": total["currency"] or "?",
            "customers": customers(total["customers"]),
            "silent": _whole(total["silent_amount"]),
            "falling": _whole(total["falling_amount"]),
        }
        printer.line(
            N_(
                "%(amount)s %(currency)s of margin a year, of %(customers)s: %(silent)s of silent ones, %(falling)s of those"
                " that buy less."
            )
            if total["basis"] == "margin"
            else N_(
                "%(amount)s %(currency)s of revenue a year, of %(customers)s whose costs are unknown: %(silent)s of silent"
                " ones, %(falling)s of those that buy less."
            ),
            **values,
        )
    if found["one_time"] or found["rhythm_unknown"]:
        printer.line(
            N_(
                "Not silent in this sense: %(once)s ordered on one day only, of %(unknown)s no rhythm is known."
            ),
            once=f"{found['one_time']:,}",
            unknown=f"{found['rhythm_unknown']:,}",
        )
    basis = {"margin": N_("margin"), "revenue": N_("revenue")}
    if by is not None and found["groups"]:
        nobody = N_("without an account manager") if by == Group.PERSON else N_("without a team")
        title = N_("account manager") if by == Group.PERSON else N_("team")
        printer.table(
            found["groups"],
            {
                title: lambda row: row[by] or printer.text(nobody),
                N_("customers"): lambda row: f"{row['customers']:,}",
                N_("at risk, a year"): _amount,
                N_("of"): lambda row: printer.text(basis[row["basis"]]),
                N_("silent"): lambda row: _whole(row["silent_amount"]),
                N_("buying less"): lambda row: _whole(row["falling_amount"]),
            },
        )
    states = {
        "watch": N_("silent, watch (over 2 gaps)"),
        "at_risk": N_("silent, at risk (over 3 gaps)"),
        "falling": N_("buys less"),
    }
    if found["customers"]:
        printer.table(
            found["customers"],
            {
                N_("customer"): lambda row: f"{row['code']} {row['name']}",
                N_("account manager"): lambda row: row["owner"] or "–",
                N_("at risk, a year"): _amount,
                N_("of"): lambda row: printer.text(basis[row["basis"]]),
                N_("why"): lambda row: printer.text(states[row["state"]]),
                N_("days"): lambda row: number(row["days_silent"], ",.0f", unknown="?"),
                N_("usual gap"): lambda row: number(row["usual_gap_days"], ",.1f", unknown="?"),
                N_("an order day"): lambda row: number(row["order_value"], ",.0f", unknown="?"),
                N_("net, 12 months"): lambda row: number(row["revenue"], ",.0f", unknown="?"),
                N_("the 12 before"): lambda row: number(row["revenue_before"], ",.0f", unknown="?"),
            },
        )


def _amount(row: dict[str, Any]) -> str:
    amount = row["value_at_risk"] if "value_at_risk" in row else row["amount"]
    return f"{_whole(amount)} {row['currency'] or '?'}"


def _whole(value: float) -> str:
    return number(value, ",.0f")
