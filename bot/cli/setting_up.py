"""`check`, `manifest`: what an installation needs."""

import sys
from typing import Annotated

import typer

from bot.cli.console import err, out, print_json
from bot.errors import BadInput

commands = typer.Typer()


@commands.command()
def check() -> None:
    """Read settings, schemes, care plan, templates and database; say every problem, and what is not applied yet."""
    from bot.services import checks

    found = checks.check_all()
    for notice in found.notices:
        out.print(f"note: {notice}", markup=False)
    for problem in found.problems:
        err.print(problem, markup=False)
    if found.problems:
        err.print(f"{len(found.problems)} problem{'s' if len(found.problems) > 1 else ''}.")
        sys.exit(BadInput.exit_code)
    out.print("Everything that was checked is in order.")


@commands.command()
def manifest(
    http: Annotated[
        str | None, typer.Option(help="Request URL, for HTTP mode instead of Socket Mode.")
    ] = None,
) -> None:
    """The app manifest to paste where Slack asks for one."""
    from bot.slack.manifest import manifest as build_manifest

    print_json(build_manifest(socket_mode=http is None, request_url=http or ""))
