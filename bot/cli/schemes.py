"""`scheme`: check and propose schemes, and decide which one grades."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    AsOf,
    _,
    acts,
    customers,
    listed,
    load_settings,
    named_actor,
    number,
    opened,
    print_json,
    print_records,
    print_table,
    print_text,
    say,
    to_day,
)
from bot.cli.output.presentation import as_text, diff_json, ladder_json, local_name
from bot.cli.output.scheme_diff import show_diff
from bot.cli.output.vocabulary import word
from bot.cli.setup import print_findings
from bot.errors import N_, BadInput, ngettext
from bot.services.files import write_whole
from bot.services.ops import checks
from bot.services.schemes import lifecycle, status
from bot.services.schemes.status import VersionStatus
from bot.services.trial import diff, proposal
from bot.wording.messages import TierLadder

MOVEMENT = ("margin_up", "margin_down", "confirm_up", "confirm_down", "min_dwell", "max_step")

Name = Annotated[
    str, typer.Argument(help="A file, a preset, or one that was used, as plain or plain@2 for its version 2.")
]


def check(
    names: Annotated[list[str] | None, typer.Argument(help="Files or preset names; none: all.")] = None,
) -> None:
    """Read schemes and report every problem with file, line, key and remedy."""
    found = checks.check_schemes(names or [], load_settings().schemes_dir)
    print_findings(found)
    if found.problems:
        sys.exit(BadInput.exit_code)
    say(ngettext("%(count)s scheme is in order.", "%(count)s schemes are in order.", found.read))


@acts
def propose(
    preset: Annotated[str, typer.Argument(help="The preset to start from, e.g. orders_only.")],
    as_of: AsOf = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write; without it the scheme is printed.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the file.")] = False,
) -> None:
    """Write a scheme whose money and count knots come from your own customers' quantiles."""
    with opened() as bot:
        day = to_day(as_of) if as_of else None
        text = proposal.propose_scheme(
            bot.database,
            preset,
            bot.settings.schemes_dir,
            as_of=day,
            today=bot.today(),
            language=bot.settings.language,
        )
        proposal.record_proposal(bot.database, named_actor(bot), preset, text)
    if target is None:
        print_text(text)
        return
    if target.exists() and not force:
        raise BadInput(N_("%(file)s exists already. Choose another name, or --force."), file=target)
    write_whole(target, text)
    say(
        _(
            "Wrote %(file)s. Read it, change what you know better, then: %(command)s",
            file=target,
            command=f"tierbot grade --scheme {target}",
        )
    )


@acts
def list_schemes(as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Every scheme version that was used and where it stands, and the drafts in your schemes folder."""
    with opened() as bot:
        versions = status.listed(bot.database, named_actor(bot), bot.settings.schemes_dir, today=bot.today())
    if as_json or as_csv:
        print_records([vars(version) for version in versions], as_csv)
        return
    if not versions:
        say(
            _("No scheme was used yet. Start with: %(command)s", command="tierbot grade --scheme orders_only")
        )
        return
    rows = [
        [
            version.name,
            version.version,
            version.sha256[:8],
            word("purpose", version.purpose),
            word("scheme", version.state),
            version.effective_from,
            version.until,
            version.by or version.source,
        ]
        for version in versions
    ]
    print_table(
        [
            _("name"),
            _("version"),
            _("hash"),
            _("purpose"),
            _("state"),
            _("in force from"),
            _("until"),
            _("by"),
        ],
        rows,
    )
    coexisting = [version for version in versions if version.state in ("in_force", "approved")]
    if any(version.applies_to for version in coexisting):
        say(_("Each customer is graded by the first of its purpose that applies to it:"))
        asked = [
            (word("purpose", v.purpose), number(v.place, "d", _("last")), status.label(v), _audience(v))
            for v in coexisting
        ]
        print_table([_("purpose"), _("asked"), _("scheme"), _("applies to")], asked)


@acts
def show(name: Name, as_json: AsJson = False) -> None:
    """A scheme's text, its tiers, the days it was in force, and what it did in the shadow."""
    with opened() as bot:
        shown = status.shown(
            bot.database, named_actor(bot), name, bot.settings.schemes_dir, today=bot.today()
        )
    version = shown.life
    if as_json:
        print_json(
            {
                **vars(version),
                "tiers": ladder_json(shown.ladder),
                "movement": {name: getattr(shown.ladder, name) for name in MOVEMENT},
                "in_force": [
                    {"from": start, "until": until, "approved_by": approved_by}
                    for start, until, approved_by in shown.periods
                ],
                "shadow": [vars(held) for held in shown.shadow],
                "note": shown.note,
                "text": shown.text,
            }
        )
        return
    say(
        _(
            "%(name)s version %(version)s, %(hash)s, %(purpose)s: %(state)s",
            name=version.name,
            version=version.version,
            hash=version.sha256[:8],
            purpose=word("purpose", version.purpose),
            state=word("scheme", version.state),
        )
    )
    say(_("applies to %(customers)s", customers=_audience(version)))
    if shown.note:
        say(shown.note)
    for start, until, approved_by in shown.periods:
        if until:
            say(
                _(
                    "in force from %(start)s until %(until)s, approved by %(who)s",
                    start=start,
                    until=until,
                    who=approved_by,
                )
            )
        else:
            say(_("in force from %(start)s, approved by %(who)s", start=start, who=approved_by))
    for held in shown.shadow:
        moved = held.problem or _(
            "%(movers)s of %(customers)s would be in another tier",
            movers=f"{held.movers:,}",
            customers=customers(held.customers),
        )
        say(_("in the shadow, as of %(day)s: %(moved)s", day=held.as_of, moved=moved))
    rungs = [
        (
            rung.tier.id,
            number(rung.at, "g"),
            number(rung.rises_at, "g"),
            number(rung.falls_below, "g"),
            local_name(rung.tier.names) if rung.tier.names else rung.tier.id,
        )
        for rung in shown.ladder.rungs
    ]
    columns = [_("tier"), _("begins at"), _("up to it from"), _("down from it below"), _("name")]
    print_table(columns, rungs)
    say(as_text(bot.renderer.slots(TierLadder(ladder=shown.ladder), bot.settings.language)))
    say(f"\n{shown.text}")


@acts
def shadow(name: Name, as_json: AsJson = False) -> None:
    """From now on grade every snapshot under this scheme too, beside the one in force. Nobody is told."""
    with opened() as bot:
        now = bot.clock.now()
        with bot.database.read() as session:
            file = status.find(session, name, bot.settings.schemes_dir)
        version = lifecycle.shadow(bot.database, named_actor(bot), file, today=bot.today(now), now=now)
    label = status.label(version)
    _print_version(
        version,
        as_json,
        _(
            "%(scheme)s runs in the shadow. Who would move: %(diff)s; snapshot by snapshot: %(show)s",
            scheme=label,
            diff=f"tierbot scheme diff {label}",
            show=f"tierbot scheme show {label}",
        ),
    )


@acts
def approve(
    name: Name,
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first business day it grades, as 2026-04-01.")
    ],
    place: Annotated[
        int | None,
        typer.Option(
            min=1, help="When it is asked among those side by side, 1 first; without it behind the others."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a scheme grade from a day on: instead of its last version or of one for the same customers, else beside."""
    with opened() as bot:
        now = bot.clock.now()
        with bot.database.read() as session:
            file = status.find(session, name, bot.settings.schemes_dir)
        version = lifecycle.approve(
            bot.database,
            named_actor(bot),
            file,
            effective_from=to_day(start),
            today=bot.today(now),
            now=now,
            place=place,
        )
    lines = [
        _(
            "%(scheme)s grades (%(purpose)s) from %(day)s on, approved by %(who)s.",
            scheme=status.label(version),
            purpose=word("purpose", version.purpose),
            day=start,
            who=version.by,
        )
    ]
    if version.applies_to:
        lines.append(
            _(
                "It is asked at place %(place)s and applies to %(customers)s.",
                place=version.place,
                customers=_audience(version),
            )
        )
    _print_version(version, as_json, *lines)


@acts
def retire(
    name: Annotated[str, typer.Argument(help="One that is in use, as plain or plain@2 for its version 2.")],
    yes: Annotated[bool, typer.Option("--yes", help="Also when nothing takes its place.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a scheme: out of the shadow, before its day, or, with --yes, out of force without a successor."""
    with opened() as bot:
        now = bot.clock.now()
        version = lifecycle.retire(
            bot.database, named_actor(bot), name, today=bot.today(now), now=now, sure=yes
        )
    _print_version(version, as_json, _("%(scheme)s is retired.", scheme=status.label(version)))


@acts
def compare(
    new: Name,
    old: Annotated[
        str | None,
        typer.Argument(help="What it is compared with; without it, the scheme in force for its customers."),
    ] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Grade the last snapshot's customers under two schemes: who would move and why, shares, drift, sensitivity."""
    with opened() as bot:
        found = diff.diff(
            bot.database,
            bot.scheme_cache,
            named_actor(bot),
            new,
            old,
            bot.settings.schemes_dir,
            today=bot.today(),
            most=None if as_json or as_csv else 20,
        )
    if as_csv:
        print_records(diff_json(found)["movers"], as_csv)
    elif as_json:
        print_json(diff_json(found))
    else:
        show_diff(found)


def _print_version(version: VersionStatus, as_json: bool, *lines: str) -> None:
    if as_json:
        print_json(vars(version))
    else:
        say(*lines)


def _audience(version: VersionStatus) -> str:
    """The customers it applies to."""
    conditions = version.applies_to.items()
    shown = [f"{word('column', column)}: {listed(values)}" for column, values in conditions]
    return "; ".join(shown) or _("everybody")
