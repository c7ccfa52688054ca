"""`scheme`: check and propose schemes, and decide which one grades."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import settings
from bot.cli.console import AsJson, AsOf, named_actor, number, opened, print_json, print_table, say, to_day
from bot.cli.presentation import as_text, diff_cause, diff_json, ladder_json
from bot.cli.setup import print_findings
from bot.errors import N_, BadInput
from bot.services.ops import checks
from bot.services.schemes import lifecycle, status
from bot.services.schemes.status import VersionStatus
from bot.services.trial import diff, proposal
from bot.services.trial.diff import SchemeDiff
from bot.wording.messages import TierLadder

MOVEMENT = ("margin_up", "margin_down", "confirm_up", "confirm_down", "min_dwell", "max_step")

Name = Annotated[
    str, typer.Argument(help="A file, a preset, or one that was used, as plain or plain@2 for its version 2.")
]


def check(
    names: Annotated[list[str] | None, typer.Argument(help="Files or preset names; none: all.")] = None,
) -> None:
    """Read schemes and report every problem with file, line, key and remedy."""
    found = checks.check_schemes(names or [], settings.load().schemes_dir)
    print_findings(found)
    if found.problems:
        sys.exit(BadInput.exit_code)
    say(f"{found.read} schemes are in order.")


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
        schemes_dir = bot.settings.schemes_dir
        text = proposal.propose_scheme(bot.database, preset, schemes_dir, as_of=day, today=bot.today())
    if target is None:
        sys.stdout.write(text)
        return
    if target.exists() and not force:
        raise BadInput(N_("%(file)s exists already. Choose another name, or --force."), file=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    say(f"Wrote {target}. Read it, change what you know better, then: tierbot grade --scheme {target}")


def list_schemes(as_json: AsJson = False) -> None:
    """Every scheme version that was used and where it stands, and the drafts in your schemes folder."""
    with opened() as bot:
        versions = status.listed(bot.database, named_actor(bot), bot.settings.schemes_dir, today=bot.today())
    if as_json:
        print_json([vars(version) for version in versions])
        return
    if not versions:
        say("No scheme was used yet. Start with: tierbot grade --scheme orders_only")
        return
    rows = [
        [
            version.name,
            version.version,
            version.sha256[:8],
            version.purpose,
            version.state.replace("_", " "),
            version.effective_from,
            version.until,
            version.by or version.source,
        ]
        for version in versions
    ]
    print_table(["name", "version", "hash", "purpose", "state", "from", "until", "by"], rows)
    coexisting = [version for version in versions if version.state in ("in_force", "approved")]
    if any(version.applies_to for version in coexisting):
        say("Each customer is graded by the first of its purpose that applies to it:")
        asked = [(v.purpose, number(v.place, "d", "last"), status.label(v), _audience(v)) for v in coexisting]
        print_table(["purpose", "asked", "scheme", "applies to"], asked)


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
    state = version.state.replace("_", " ")
    say(f"{version.name} version {version.version}, {version.sha256[:8]}, {version.purpose}: {state}")
    say(f"applies to {_audience(version)}")
    if shown.note:
        say(shown.note)
    for start, until, approved_by in shown.periods:
        say(f"in force from {start}{f' until {until}' if until else ''}, approved by {approved_by}")
    for held in shown.shadow:
        moved = held.problem or f"{held.movers:,} of {held.customers:,} customers would be in another tier"
        say(f"in the shadow, as of {held.as_of}: {moved}")
    rungs = [
        (
            one["id"],
            number(one["at"], "g"),
            number(one["rises_at"], "g"),
            number(one["falls_below"], "g"),
            one["name"],
        )
        for one in ladder_json(shown.ladder)
    ]
    print_table(["tier", "from", "up to it from", "down from it below", "name"], rungs)
    say(as_text(bot.renderer.slots(TierLadder(ladder=shown.ladder), bot.settings.language)))
    say(f"\n{shown.text}")


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
        f"{label} runs in the shadow. Who would move: tierbot scheme diff {label};"
        f" snapshot by snapshot: tierbot scheme show {label}",
    )


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
    lines = [f"{status.label(version)} grades ({version.purpose}) from {start} on, approved by {version.by}."]
    if version.applies_to:
        lines.append(f"It is asked at place {version.place} and applies to {_audience(version)}.")
    _print_version(version, as_json, *lines)


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
    _print_version(version, as_json, f"{status.label(version)} is retired.")


def compare(
    new: Name,
    old: Annotated[
        str | None,
        typer.Argument(help="What it is compared with; without it, the scheme in force for its customers."),
    ] = None,
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
            most=None if as_json else 20,
        )
    if as_json:
        print_json(diff_json(found))
    else:
        _show_diff(found)


def _show_diff(found: SchemeDiff) -> None:
    say(
        f"As of {found.as_of}, {found.customers:,} customers: {found.old.scheme}@{found.old.version} (rows)"
        f" and {found.new.scheme}@{found.new.version} (columns), by boundaries and gates alone."
    )
    tiers = found.words
    rows = [
        [tier, *(f"{found.matrix[tier][column]:,}" for column in tiers), f"{found.before[tier]:,}"]
        for tier in tiers
    ]
    rows.append(["sum", *(f"{found.after[tier]:,}" for tier in tiers), f"{found.customers:,}"])
    print_table(["", *tiers, "sum"], rows)
    total = max(found.customers, 1)
    shares = [
        [tier, f"{found.before[tier] / total:.1%}", f"{found.after[tier] / total:.1%}"] for tier in tiers
    ]
    print_table(["share", "before", "after"], shares)
    if found.drift is not None:
        say(
            f"PSI of the scores {found.drift.psi:.3f}, by chance alone about {found.drift.by_chance:.3f}:"
            f" {found.drift.verdict.replace('_', ' ')}."
        )
    sensitive = found.sensitivity
    say(
        f"With {sensitive.draws:,} other sets of weights within ±{sensitive.within:.0%} the new scheme would have"
        f" {sensitive.mean:.1%} of {len(sensitive.customers):,} customers with a score in another tier on average,"
        f" at most {sensitive.p95:.1%} in 95 % of them."
    )
    if not found.moved:
        say("Nobody would move.")
        return
    say(
        f"{found.moved:,} customers would move, {found.at_once:,} of them with the first snapshot and the others as"
        " margins, confirmations and the time in a tier allow. Those whose score changes most:"
    )
    movers = [
        (
            f"{mover.code} {mover.name}",
            f"{mover.before} to {mover.after}",
            "at once" if mover.at_once else "later",
            f"{number(mover.old_score, 'g', '-')} to {number(mover.new_score, 'g', '-')}",
            "; ".join(diff_cause(cause, found.old, found.new) for cause in mover.causes[:3]),
        )
        for mover in found.movers
    ]
    print_table(["customer", "tier", "when", "score", "why"], movers)


def _print_version(version: VersionStatus, as_json: bool, *lines: str) -> None:
    if as_json:
        print_json(vars(version))
    else:
        say(*lines)


def _audience(version: VersionStatus) -> str:
    """The customers it applies to."""
    conditions = version.applies_to.items()
    return "; ".join(f"{column}: {', '.join(values)}" for column, values in conditions) or "everybody"
