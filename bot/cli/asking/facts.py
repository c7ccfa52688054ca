"""`fact add|undo`: facts and judgements about a customer by command, as the form in Slack records them."""

import sys
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import AsJson, _, acts, named_actor, opened, to_day
from bot.cli.output.recorded import SOURCE, print_message, request
from bot.services.ask import lookup
from bot.services.ask.facts import recording
from bot.services.ask.facts.recording import GivenFact, RecordedFact
from bot.wording.actions import Pointer


@acts
def add_fact(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="Its id or name in a scheme in force.")],
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="As its field allows; of a share the percent, such as 12.5."),
    ],
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which it was so; by default today.")
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is based on; judgements need it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record a fact or a judgement; the customer is graded again within a minute."""
    with opened() as bot:
        actor = named_actor(bot)
        meant = lookup.one_to_change(bot.database, actor, customer)
        recorded = recording.record_fact(
            bot.database,
            bot.scheme_cache,
            actor,
            GivenFact(
                field=field,
                value=value,
                measured_on=to_day(on) if on is not None else None,
                evidence=evidence,
            ),
            meant=meant,
            source=SOURCE,
            request=request(),
            rules=bot.rules,
            now=bot.clock.now(),
        )
        _print(bot, recorded, as_json)


@acts
def undo_fact(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="As `fact add` shows it.", min=1, max=sys.maxsize)
    ],
    as_json: AsJson = False,
) -> None:
    """Take back a fact that was recorded by hand: it counts no more, and what it corrected does again."""
    with opened() as bot:
        actor = named_actor(bot)
        taken = recording.undo(
            bot.database,
            bot.scheme_cache,
            actor,
            Pointer(id=number),
            within=None,
            rules=bot.rules,
            now=bot.clock.now(),
            request=request(),
        )
        _print(bot, taken, as_json)


def _print(bot: Tierbot, recorded: RecordedFact, as_json: bool) -> None:
    print_message(bot, recorded.message, as_json, _("Fact %(number)s.", number=recorded.fact_id))
