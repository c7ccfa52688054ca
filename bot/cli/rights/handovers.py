"""`customer hand-over|take-back`: customers that get another account manager."""

import sys
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import AsJson, _, acts, named_actor, opened, to_day
from bot.cli.output.recorded import SOURCE, external_id, print_message, request
from bot.services.ask import lookup
from bot.services.care import handover
from bot.services.care.handover import GivenHandover, HandoverAct
from bot.wording.actions import Pointer


@acts
def hand_over(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    to: Annotated[str, typer.Argument(metavar="EMAIL", help="Who looks after it then.")],
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="The first day, as 2026-03-31; by default today."),
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What they have to know.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a customer to another account manager, with its care steps, complaints and promises; both are written to."""
    with opened() as bot:
        actor = named_actor(bot)
        done = handover.hand_over(
            bot.database,
            bot.scheme_cache,
            actor,
            GivenHandover(to=to, starts_on=to_day(start) if start else None, note=note),
            meant=lookup.one_to_change(bot.database, actor, customer),
            source=SOURCE,
            external_id=external_id(None),
            rules=bot.rules,
            settings=bot.settings,
            now=bot.clock.now(),
        )
        _print(bot, done, as_json)


@acts
def take_back(
    number: Annotated[
        int,
        typer.Argument(metavar="NUMBER", help="As `customer hand-over` shows it.", min=1, max=sys.maxsize),
    ],
    as_json: AsJson = False,
) -> None:
    """Take back a hand-over, or one that is planned: the customer is again whose it was."""
    with opened() as bot:
        actor = named_actor(bot)
        taken = handover.undo(
            bot.database,
            bot.scheme_cache,
            actor,
            Pointer(id=number),
            within=None,
            rules=bot.rules,
            settings=bot.settings,
            now=bot.clock.now(),
            request=request(),
        )
        _print(bot, taken, as_json)


def _print(bot: Tierbot, done: HandoverAct, as_json: bool) -> None:
    print_message(bot, done.message, as_json, _("Hand-over %(number)s.", number=done.handover_id))
