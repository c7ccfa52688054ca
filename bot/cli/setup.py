"""`check`, `manifest`, `doctor`: what an installation needs."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from bot import settings
from bot.cli.console import AsJson, _, in_language, opened, print_json, say, speak, warn
from bot.cli.output.vocabulary import word
from bot.clock import SystemClock
from bot.errors import BadInput, ngettext
from bot.services.delivery.messenger import Messenger
from bot.services.ops import checks, doctor
from bot.settings import Settings
from bot.slack import manifest
from bot.wording.rendering import Renderer


def check(as_json: AsJson = False) -> None:
    """Read settings, schemes, care plan, templates, database and Slack's channels; say every problem and what is needed."""
    speak(settings.usable().language)
    found = checks.check_all(_reader_of_channels, SystemClock().now())
    if as_json:
        print_json({"problems": found.problems, "notices": found.notices})
    else:
        print_findings(found)
        if found.problems:
            warn(ngettext("%(count)s problem.", "%(count)s problems.", len(found.problems)))
        else:
            say(_("Everything that was checked is in order."))
    if found.problems:
        sys.exit(BadInput.exit_code)


def _reader_of_channels(settings: Settings) -> Messenger:
    """What looks at channels: only an installation with a token and a channel loads Slack's client for it."""
    from bot.slack.gateway import Gateway, web_client

    return Gateway(web_client(settings), web_client(settings, reading=True), Renderer())


def print_findings(found: checks.Findings) -> None:
    """Print notices, and problems on standard error."""
    say(*(_("note: %(notice)s", notice=notice) for notice in found.notices))
    warn(*found.problems)


def print_manifest(
    http: Annotated[
        str | None, typer.Option(help="Request URL, for HTTP mode instead of Socket Mode.")
    ] = None,
) -> None:
    """The app manifest to paste where Slack asks for one."""
    print_json(manifest.manifest(socket_mode=http is None, request_url=http or ""))


def examine(as_json: AsJson = False) -> None:
    """Look at a running installation: Slack, scopes, clock, database, jobs, messages, people; each with a remedy."""
    from bot.slack.probe import probe  # Slack's client: check and manifest do not need it

    with opened(check_schema=False) as bot:
        slack = probe(bot.settings, bot.clock)
        findings = doctor.examine(bot.database, bot.settings, slack, bot.clock.now(), bot.gateway)
    problems = [finding for finding in findings if finding.level == "problem"]
    if as_json:
        print_json({"healthy": not problems, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            remedy = f" → {in_language(finding.remedy)}" if finding.remedy else ""
            level, about = word("doctor", finding.level), word("doctor", finding.about)
            say(f"{level:8}{about}: {in_language(finding.found)}{remedy}")
    if problems:
        sys.exit(BadInput.exit_code)
