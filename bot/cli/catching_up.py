"""`catch-up`: going on after a long stop."""

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.console import AsJson, opened, out, print_json

commands = typer.Typer()


@commands.command("catch-up")
def catch_up(
    show: Annotated[bool, typer.Option("--show", help="Only show what waits; this is the default.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Go on from now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on after more than seven days without a sign of life, or after a clock was wrong. Shows first what waits."""
    from bot.services.delivery import time_jump

    with opened() as bot:
        now = bot.clock.now()
        gap = time_jump.gap(bot.database, now)
        held = time_jump.held(bot.database, now)
        if apply and not show:
            time_jump.catch_up(bot.database, bot.clock)
    if as_json:
        print_json({**asdict(gap), "held": held})
        return
    out.print(f"Last sign of life: {gap.since:%Y-%m-%d %H:%M} UTC. Now: {gap.now:%Y-%m-%d %H:%M} UTC.")
    out.print(f"Waiting: {gap.touches} care steps that have come due, {gap.messages} messages.")
    if apply and not show:
        out.print("Going on from now.")
    elif held:
        out.print("Nothing is said until somebody looks. If the time is right: tierbot catch-up --apply")
    else:
        out.print("Nothing is held.")
