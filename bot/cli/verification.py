"""`verify`: stored assessments recomputed."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli.console import AsJson, err, opened, out, print_json, progress_bar, table
from bot.errors import N_, BadInput

commands = typer.Typer()

DIFFERENT = 8  # exit code


@commands.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="Code, name, part of a name, or pinyin.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every customer; this is the default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recompute stored assessments from their own inputs, count orders again, compare. Exit code 8 when a value differs."""
    from bot.cli import presentation
    from bot.services.ask import lookup
    from bot.services.grade import verification

    if name is not None and everybody:
        raise BadInput(N_("Give a name or --all, not both."))
    with opened() as bot:
        actor = presentation.console_actor(bot.settings)
        customer = lookup.one(bot.database, actor, name) if name is not None else None
        with progress_bar("Verifying") as progress:
            found = verification.verify(bot.database, bot.scheme_cache, bot.settings.zone, customer, progress)
    if as_json:
        print_json(asdict(found))
    else:
        out.print(f"{found.assessments:,} assessments recomputed, {found.differing:,} differ.")
        if found.bytes_each is not None:
            size = found.bytes_each * found.assessments / 1_000_000
            out.print(f"They take up {size:,.1f} MB: {found.bytes_each:,.0f} bytes each, indexes included.")
        if found.without_state:
            out.print(
                f"{found.without_state:,} of them by score only: the run before them is no longer stored."
            )
        if found.differences:
            out.print(
                table(
                    ["customer", "as of", "run", "what", "stored", "recomputed"],
                    [
                        [d.customer, str(d.as_of), str(d.run_id), d.what, _cell(d.stored), _cell(d.computed)]
                        for d in found.differences
                    ],
                )
            )
            if len(found.differences) >= verification.MOST_LISTED:
                err.print(f"Only the first {verification.MOST_LISTED} values are listed.")
        if found.totals:
            err.print(
                f"The kept totals of {len(found.totals):,} customers are not what their orders come to, such as of"
                f" {found.totals[0].customer}. Make them anew: tierbot db recount"
            )
    if found.differing or found.totals:
        sys.exit(DIFFERENT)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
