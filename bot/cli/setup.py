"""`check`, `manifest`: what an installation needs."""

import sys
from typing import Annotated

import typer

from bot.cli.console import AsJson, err, opened, out, print_json
from bot.errors import BadInput

commands = typer.Typer()


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Read settings, schemes, care plan, templates and database; say every problem, and what is not applied yet."""
    from bot.services.ops import checks

    found = checks.check_all()
    if as_json:
        print_json({"problems": found.problems, "notices": found.notices})
        if found.problems:
            sys.exit(BadInput.exit_code)
        return
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


@commands.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at a running installation: Slack, scopes, clock, database, jobs, messages, people; each with a remedy."""
    from dataclasses import asdict

    from bot.services.ops import doctor as examination
    from bot.slack.manifest import OPTIONAL_SCOPES, SCOPES
    from bot.slack.probe import probe

    with opened(check_schema=False) as bot:
        seen = probe(bot.settings, bot.clock)
        slack = examination.Slack(
            error=seen.error,
            team=seen.team,
            granted=seen.scopes,
            wanted=frozenset(SCOPES),
            optional=frozenset(OPTIONAL_SCOPES),
            clock_apart=seen.clock_apart,
        )
        findings = examination.examine(bot.database, bot.settings, slack, bot.clock.now())
    problems = [finding for finding in findings if finding.level == "problem"]
    if as_json:
        print_json({"healthy": not problems, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            remedy = f" → {finding.remedy}" if finding.remedy else ""
            out.print(f"{finding.level:8}{finding.about}: {finding.found}{remedy}", markup=False)
    if problems:
        sys.exit(BadInput.exit_code)
