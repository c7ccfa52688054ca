"""`scheme list|show|shadow|approve|retire|diff`: which scheme grades, decided by a person."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import AsJson, named_actor, opened, out, print_json, table, to_day
from bot.clock import local_date

if TYPE_CHECKING:
    from bot.services.schemes.status import VersionStatus

commands = typer.Typer()
Name = Annotated[
    str, typer.Argument(help="A file, a preset, or one that was used, as plain or plain@2 for its version 2.")
]


@commands.command("list")
def list_schemes(as_json: AsJson = False) -> None:
    """Every scheme version that was used and where it stands, and the drafts in your schemes folder."""
    from bot.services.schemes import status

    with opened() as bot:
        today = local_date(bot.clock.now(), bot.settings.zone)
        lives = status.listed(bot.database, named_actor(bot), bot.settings.schemes_dir, today=today)
    if as_json:
        print_json([vars(life) for life in lives])
        return
    if not lives:
        out.print("No scheme was used yet. Start with: tierbot grade --scheme orders_only")
        return
    rows = [
        [
            life.name,
            str(life.version),
            life.sha256[:8],
            life.purpose,
            life.state.replace("_", " "),
            str(life.effective_from or ""),
            str(life.until or ""),
            life.by or life.source or "",
        ]
        for life in lives
    ]
    out.print(table(["name", "version", "hash", "purpose", "state", "from", "until", "by"], rows))
    beside = [life for life in lives if life.state in ("in_force", "approved")]
    if any(life.applies_to for life in beside):
        out.print("Each customer is graded by the first of its purpose that applies to it:")
        asked = [
            [
                life.purpose,
                "last" if life.place is None else str(life.place),
                f"{life.name}@{life.version}",
                _audience(life),
            ]
            for life in beside
        ]
        out.print(table(["purpose", "asked", "scheme", "applies to"], asked))


def _audience(life: "VersionStatus") -> str:
    """Whom it applies to, in words."""
    return (
        "; ".join(f"{column}: {', '.join(words)}" for column, words in life.applies_to.items()) or "everybody"
    )


@commands.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """A scheme's text, its tiers, the days it was in force, and what it did in the shadow."""
    from bot.services.schemes import status

    with opened() as bot:
        today = local_date(bot.clock.now(), bot.settings.zone)
        shown = status.shown(bot.database, named_actor(bot), name, bot.settings.schemes_dir, today=today)
    life = shown.life
    if as_json:
        periods = [
            {"from": start, "until": until, "approved_by": approved_by}
            for start, until, approved_by in shown.periods
        ]
        tiers = [{"id": tier, "at": at, "name": text} for tier, at, text in shown.tiers]
        print_json(
            {
                **vars(life),
                "tiers": tiers,
                "in_force": periods,
                "shadow": [vars(held) for held in shown.shadow],
                "note": shown.note,
                "text": shown.text,
            }
        )
        return
    out.print(
        f"{life.name} version {life.version}, {life.sha256[:8]}, {life.purpose}: {life.state.replace('_', ' ')}",
        markup=False,
    )
    out.print(f"applies to {_audience(life)}", markup=False)
    if shown.note:
        out.print(shown.note, markup=False)
    for start, until, approved_by in shown.periods:
        out.print(
            f"in force from {start}{f' until {until}' if until else ''}, approved by {approved_by}",
            markup=False,
        )
    for held in shown.shadow:
        moved = held.problem or f"{held.movers:,} of {held.customers:,} customers would be in another tier"
        out.print(f"in the shadow, as of {held.as_of}: {moved}", markup=False)
    out.print(table(["tier", "from", "name"], [[tier, f"{at:g}", text] for tier, at, text in shown.tiers]))
    out.print(f"\n{shown.text}", markup=False)


@commands.command("shadow")
def shadow(name: Name, as_json: AsJson = False) -> None:
    """From now on grade every snapshot under this scheme too, beside the one in force. Nobody is told."""
    from bot.services.schemes import lifecycle, status

    with opened() as bot:
        now = bot.clock.now()
        with bot.database.read() as session:
            file = status.find(session, name, bot.settings.schemes_dir)
        life = lifecycle.shadow(
            bot.database, named_actor(bot), file, today=local_date(now, bot.settings.zone), now=now
        )
    if as_json:
        print_json(vars(life))
        return
    label = f"{life.name}@{life.version}"
    out.print(
        f"{label} runs in the shadow. Who would move: tierbot scheme diff {label};"
        f" snapshot by snapshot: tierbot scheme show {label}",
        markup=False,
    )


@commands.command("approve")
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
    from bot.services.schemes import lifecycle, status

    with opened() as bot:
        now = bot.clock.now()
        with bot.database.read() as session:
            file = status.find(session, name, bot.settings.schemes_dir)
        life = lifecycle.approve(
            bot.database,
            named_actor(bot),
            file,
            effective_from=to_day(start),
            today=local_date(now, bot.settings.zone),
            now=now,
            place=place,
        )
    if as_json:
        print_json(vars(life))
        return
    out.print(
        f"{life.name}@{life.version} grades ({life.purpose}) from {start} on, approved by {life.by}.",
        markup=False,
    )
    if life.applies_to:
        out.print(f"It is asked at place {life.place} and applies to {_audience(life)}.", markup=False)


@commands.command("retire")
def retire(
    name: Annotated[str, typer.Argument(help="One that is in use, as plain or plain@2 for its version 2.")],
    yes: Annotated[bool, typer.Option("--yes", help="Also when nothing takes its place.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a scheme: out of the shadow, before its day, or, with --yes, out of force without a successor."""
    from bot.services.schemes import lifecycle

    with opened() as bot:
        now = bot.clock.now()
        life = lifecycle.retire(
            bot.database, named_actor(bot), name, today=local_date(now, bot.settings.zone), now=now, sure=yes
        )
    if as_json:
        print_json(vars(life))
        return
    out.print(f"{life.name}@{life.version} is retired.", markup=False)


@commands.command("diff")
def diff(
    new: Name,
    old: Annotated[
        str | None,
        typer.Argument(help="What it is compared with; without it, the scheme in force for its customers."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Grade the last snapshot's customers under two schemes: who would move and why, shares, drift, sensitivity."""
    from bot.services.trial import diff as comparing

    with opened() as bot:
        found = comparing.diff(
            bot.database,
            bot.scheme_cache,
            named_actor(bot),
            new,
            old,
            bot.settings.schemes_dir,
            today=local_date(bot.clock.now(), bot.settings.zone),
            most=None if as_json else 20,
        )
    if as_json:
        print_json(comparing.as_json(found))
        return
    out.print(
        f"As of {found.as_of}, {found.customers:,} customers: {found.old.scheme}@{found.old.version} (rows)"
        f" and {found.new.scheme}@{found.new.version} (columns), by boundaries and gates alone.",
        markup=False,
    )
    rows = [
        [word, *(f"{found.matrix[word][column]:,}" for column in found.words), f"{found.before[word]:,}"]
        for word in found.words
    ]
    rows.append(["sum", *(f"{found.after[word]:,}" for word in found.words), f"{found.customers:,}"])
    out.print(table(["", *found.words, "sum"], rows))
    total = max(found.customers, 1)
    shares = [
        [word, f"{found.before[word] / total:.1%}", f"{found.after[word] / total:.1%}"]
        for word in found.words
    ]
    out.print(table(["share", "before", "after"], shares))
    if found.drift is not None:
        out.print(
            f"PSI of the scores {found.drift.psi:.3f}, by chance alone about {found.drift.by_chance:.3f}:"
            f" {found.drift.verdict.replace('_', ' ')}."
        )
    sensitive = found.sensitivity
    out.print(
        f"With {sensitive.draws:,} other sets of weights within ±{sensitive.within:.0%} the new scheme would have"
        f" {sensitive.mean:.1%} of {len(sensitive.customers):,} customers with a score in another tier on average,"
        f" at most {sensitive.p95:.1%} in 95 % of them."
    )
    if not found.moved:
        out.print("Nobody would move.")
        return
    out.print(
        f"{found.moved:,} customers would move, {found.at_once:,} of them with the first snapshot and the others as"
        " margins, confirmations and the time in a tier allow. Those whose score changes most:"
    )
    movers = [
        [
            f"{mover.code} {mover.name}",
            f"{mover.before} to {mover.after}",
            "at once" if mover.at_once else "later",
            " to ".join(
                "-" if score is None else f"{score:g}" for score in (mover.old_score, mover.new_score)
            ),
            "; ".join(comparing.explain(cause, found.old, found.new) for cause in mover.causes[:3]),
        ]
        for mover in found.movers
    ]
    out.print(table(["customer", "tier", "when", "score", "why"], movers))
