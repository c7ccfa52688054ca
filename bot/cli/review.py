"""`review`: what a person should look at."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, named_actor, opened, out, print_json, table
from bot.clock import local_date

commands = typer.Typer(no_args_is_help=True, help="What a person should look at, and what was answered.")
Reason = Annotated[
    str | None,
    typer.Option(help="Only one of no_scheme, unrated, uncertain, capped, override, stale, shadow."),
]


@commands.command("list")
def list_items(
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Customers that no scheme applies to, tiers that are unrated, uncertain, capped or set by hand until soon, and judgements that grow old."""
    from bot.services.reports import review

    with opened() as bot:
        found = review.list_items(
            bot.database,
            bot.scheme_cache,
            named_actor(bot),
            today=local_date(bot.clock.now(), bot.settings.zone),
            limit=limit,
            reason=reason,
        )
    if as_json:
        print_json([vars(item) for item in found])
        return
    if not found:
        out.print("There is nothing to review.")
        return
    rows = [
        [
            item.code,
            item.name,
            item.reason,
            item.item if item.reason in ("capped", "stale", "shadow") else "",
            item.tier or "",
            "" if item.score is None else f"{item.score:g}",
            "" if item.low is None or item.high is None else f"{item.low:.1f} to {item.high:.1f}",
            str(item.due_on or ""),
            f"{item.stake:,.0f}",
        ]
        for item in found
    ]
    columns = ["code", "name", "reason", "what", "tier", "score", "between", "date", "net revenue, 12 months"]
    out.print(table(columns, rows))
    if len(found) == limit:
        out.print(f"There may be more than these {limit}: --limit shows them.")


@commands.command()
def answer(
    name: Annotated[str, typer.Argument(help="The customer's code or name.")],
    reason: Annotated[
        str, typer.Argument(help="no_scheme, unrated, uncertain, capped, override, stale or shadow.")
    ],
    note: Annotated[str, typer.Option(help="What was found or decided.")],
) -> None:
    """Put down that you have looked: hidden until it changes, for 90 days at most."""
    from bot.services.ask import lookup
    from bot.services.reports import review

    with opened() as bot:
        now = bot.clock.now()
        actor = named_actor(bot)
        found = review.answer(
            bot.database,
            bot.scheme_cache,
            actor,
            lookup.one(bot.database, actor, name),
            reason,
            note=note,
            today=local_date(now, bot.settings.zone),
            now=now,
        )
        out.print(f"{found[0].code} {found[0].name}: {len(found)} answered as {reason}.", markup=False)
