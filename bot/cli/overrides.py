"""`override`: tiers that people decide."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, named_actor, opened, out, print_json, table, to_day
from bot.clock import local_date

commands = typer.Typer(no_args_is_help=True, help="Set a tier by hand, with a reason and an end.")
Name = Annotated[str, typer.Argument(help="The customer's code or name.")]


@commands.command("set")
def set_override(
    name: Name,
    tier: Annotated[str, typer.Argument(help="The tier's id in the scheme, such as A.")],
    reason: Annotated[str, typer.Option(help="Why; shown to everybody who asks.")],
    approver: Annotated[str | None, typer.Option(help="Who approved it.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The last day it holds.")] = None,
) -> None:
    """Put a tier in place of the computed one, from today on. The change is told like any other."""
    from bot.services.ask import lookup
    from bot.services.grade import overrides

    with opened() as bot:
        wish = overrides.OverrideRequest(
            tier=tier, reason=reason, approver=approver, expires_on=to_day(until) if until else None
        )
        now = bot.clock.now()
        decided = overrides.set_override(
            bot.database,
            bot.scheme_cache,
            named_actor(bot),
            lookup.one(bot.database, named_actor(bot), name),
            wish,
            today=local_date(now, bot.settings.zone),
            now=now,
            notify=bot.notify,
        )
        end = f" until {decided.expires_on}" if decided.expires_on else ""
        out.print(f"{decided.code} {decided.name} is {decided.tier}{end}.", markup=False)


@commands.command("end")
def end_override(
    name: Name, reason: Annotated[str, typer.Option(help="Why it ends before its time.")] = ""
) -> None:
    """Let the computed tier take its place again."""
    from bot.services.ask import lookup
    from bot.services.grade import overrides

    with opened() as bot:
        now = bot.clock.now()
        decided = overrides.end_override(
            bot.database,
            bot.scheme_cache,
            named_actor(bot),
            lookup.one(bot.database, named_actor(bot), name),
            reason=reason,
            today=local_date(now, bot.settings.zone),
            now=now,
            notify=bot.notify,
        )
        out.print(f"The override of {decided.code} {decided.name} to {decided.tier} has ended.", markup=False)


@commands.command("list")
def list_overrides(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """The overrides that hold, those that end first on top."""
    from bot.services.grade import overrides

    with opened() as bot:
        found = overrides.list_overrides(bot.database, named_actor(bot), ended=everything)
    if as_json:
        print_json([vars(decided) for decided in found])
        return
    if not found:
        out.print("There are no overrides.")
        return
    rows = [
        [
            decided.code,
            decided.name,
            decided.tier,
            str(decided.expires_on or ""),
            decided.reason,
            decided.approver or "",
            decided.set_by,
            f"{decided.ended_at:%Y-%m-%d} {decided.ended_by}" if decided.ended_at else "",
        ]
        for decided in found
    ]
    out.print(table(["code", "name", "tier", "until", "reason", "approver", "set by", "ended"], rows))
