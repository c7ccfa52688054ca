"""`scheme`: grading schemes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import AsOf, err, opened, out, to_day
from bot.clock import local_date
from bot.errors import N_, BadInput

commands = typer.Typer(
    no_args_is_help=True, help="Grading schemes: check, propose, compare, and decide which one grades."
)


@commands.command("check")
def scheme_check(
    names: Annotated[list[str] | None, typer.Argument(help="Files or preset names; none: all.")] = None,
) -> None:
    """Read schemes and report every problem with file, line, key and remedy."""
    from bot import settings as settings_module
    from bot.services.ops import checks

    settings = settings_module.load()
    found = checks.check_schemes(names or [], settings.schemes_dir)
    for notice in found.notices:
        out.print(f"note: {notice}", markup=False)
    for problem in found.problems:
        err.print(problem, markup=False)
    if found.problems:
        sys.exit(BadInput.exit_code)
    out.print(f"{found.read} schemes are in order.")


@commands.command("propose")
def scheme_propose(
    preset: Annotated[str, typer.Argument(help="The preset to start from, e.g. orders_only.")],
    as_of: AsOf = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write; without it the scheme is printed.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the file.")] = False,
) -> None:
    """Write a scheme whose money and count knots come from your own customers' quantiles."""
    from bot.services.trial import proposal

    with opened() as bot:
        day = to_day(as_of) if as_of else None
        today = local_date(bot.clock.now(), bot.settings.zone)
        text = proposal.propose_scheme(bot.database, preset, bot.settings.schemes_dir, as_of=day, today=today)
    if target is None:
        sys.stdout.write(text)
        return
    if target.exists() and not force:
        raise BadInput(N_("%(file)s exists already. Choose another name, or --force."), file=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    out.print(f"Wrote {target}. Read it, change what you know better, then: tierbot grade --scheme {target}")
