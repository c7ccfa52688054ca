"""`grade --replay`: what past snapshots would have said."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from bot.cli.console import out, print_json, progress_bar, table, whoami
from bot.clock import local_date
from bot.errors import N_, BadInput

if TYPE_CHECKING:
    from bot.app import Tierbot


def show(
    bot: "Tierbot", name: str | None, purpose: str, period: tuple[date, date], keep: bool, as_json: bool
) -> None:
    """Replay a period and print it, or put it down as the past of a live start."""
    from bot.services.schemes import status, store
    from bot.services.trial import replays

    now = bot.clock.now()
    today = local_date(now, bot.settings.zone)
    start, end = period
    if keep:
        if name is None:
            raise BadInput(N_("--keep needs the scheme to start with: --scheme NAME."))
        file = store.find(name, bot.settings.schemes_dir)
        with progress_bar("Grading") as progress:
            reports = replays.keep(
                bot.database,
                bot.scheme_cache,
                file,
                start=start,
                end=end,
                today=today,
                now=now,
                actor=whoami(),
                progress=progress,
            )
        out.print(f"{len(reports)} snapshots are put down, from {reports[0].as_of} to {reports[-1].as_of}.")
        return
    with bot.database.read() as session:
        if name is not None:
            asked = [status.find(session, name, bot.settings.schemes_dir).scheme]
        else:
            asked = [rule.scheme for rule in store.in_force(session, bot.scheme_cache, purpose, today)]
    with progress_bar("Replaying") as progress:
        found = replays.replay(
            bot.database, asked[0], start=start, end=end, today=today, progress=progress, beside=asked[1:]
        )
    if as_json:
        print_json(asdict(found))
        return
    tiers = list(dict.fromkeys(tier.id for scheme in asked for tier in scheme.tiers))
    tiers += ["new", "unrated", "blocked"]
    rows = [
        [
            str(day.as_of),
            *(f"{day.tiers.get(tier, 0):,}" for tier in tiers),
            f"{day.moves:,}",
            f"{day.moves_without_rules:,}",
        ]
        for day in found.days
    ]
    out.print(table(["as of", *tiers, "moves", "without rules"], rows))
    for words, moves in (("With the movement rules", found.with_rules), ("Without", found.without_rules)):
        per_hundred = 100 * moves.moves / found.rated if found.rated else 0.0
        undone = f", {moves.undone / moves.moves:.0%} of them" if moves.moves else ""
        out.print(
            f"{words}: {moves.moves:,} moves, {per_hundred:.1f} per 100 customers and snapshot;"
            f" {moves.undone:,} undone by the next snapshot{undone}."
        )
    if found.ahead is not None:
        out.print(
            f"Of the sales from {found.ahead.as_of} to {found.ahead.until}, by the tiers of {found.ahead.as_of}"
            " (which saw none of them):"
        )
        names = [
            tier
            for tier in [*tiers, replays.ABSENT]
            if tier in found.ahead.customers or tier in found.ahead.sales
        ]
        out.print(
            table(
                ["tier", "of the customers", "of the sales"],
                [
                    [
                        tier,
                        f"{found.ahead.customers.get(tier, 0):.1%}",
                        f"{found.ahead.sales.get(tier, 0):.1%}",
                    ]
                    for tier in names
                ],
            )
        )
