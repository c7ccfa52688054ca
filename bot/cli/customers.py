"""`customer`: several customers that are one."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, opened, print_json, say, whoami
from bot.services import imports

_WORDS = {  # table -> one of its rows, several
    "customer_order": ("order", "orders"),
    "invoice": ("invoice", "invoices"),
    "activity": ("activity", "activities"),
    "fact": ("fact", "facts"),
    "customer_key": ("code", "codes"),
}


def join(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The one that is joined: SOURCE:CODE.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The one that stays.")],
    prefer: Annotated[
        str | None,
        typer.Option(metavar="customer|into", help="Whose word holds where the two say something different."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that two customers are one: the first one's orders, codes and names go to the second.

    A code without its source will do where only one customer has it. tierbot import undo takes a join back.
    """
    with opened() as bot:
        report = imports.join_customers(
            bot.database,
            customer,
            into,
            clock=bot.clock,
            actor=whoami(),
            prefer=prefer,
            dry_run=dry_run,
        )
    if as_json:
        print_json(vars(report))
        return
    if report.already_one:
        say(f"{customer} and {into} are one customer already: {report.into}.")
        return
    counts = [(report.moved[name], *words) for name, words in _WORDS.items() if report.moved[name]]
    shown = ", ".join(f"{number:,} {one if number == 1 else several}" for number, one, several in counts)
    if report.batch_id is None:
        say(f"{report.customer} would be joined into {report.into}: {shown}.")
        return
    say(
        f"{report.customer} is joined into {report.into}: {shown}.",
        f"To take it back: tierbot import undo {report.batch_id}",
    )


def list_duplicates(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Customers that are probably one: the same name, tax number or e-mail domain in two systems. Changes nothing."""
    with opened() as bot:
        found = imports.find_duplicates(bot.database, limit)
    if as_json:
        print_json(
            [
                {
                    "customer": pair.customer._asdict(),
                    "into": pair.into._asdict(),
                    "reasons": pair.reasons,
                    "command": pair.command,
                }
                for pair in found
            ]
        )
        return
    if not found:
        say("No two customers look like one.")
        return
    for pair in found:
        names = f"{pair.customer.code} {pair.customer.name} and {pair.into.code} {pair.into.name}"
        say(f"{names}: {', '.join(pair.reasons)}", f"  {pair.command}")
    if len(found) == limit:
        say(f"There may be more than these {limit}: --limit shows them.")
