"""`grade`, `tier`, `why`, `history`, `score`: tiers on the command line."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import replays
from bot.cli.console import (
    AsJson,
    AsOf,
    SchemeName,
    err,
    named_actor,
    opened,
    out,
    print_json,
    progress_bar,
    table,
    to_day,
)
from bot.clock import local_date
from bot.errors import N_, BadInput, NotFound

commands = typer.Typer()


@commands.command()
def grade(
    scheme: SchemeName = None,
    as_of: AsOf = None,
    purpose: Annotated[str, typer.Option(help="account, prospect or credit.")] = "account",
    dry_run: Annotated[bool, typer.Option(help="Only show what would change.")] = False,
    replay: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="FROM TO", help="Show what past snapshots would have said; nobody is told."),
    ] = None,
    keep: Annotated[
        bool, typer.Option(help="With --replay, before the first grading: put those snapshots down.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Grade the whole book. With --scheme, the first time, that scheme is put in force from the day graded."""
    from bot.services.grade import book_pass, runs
    from bot.services.schemes import lifecycle, store

    with opened() as bot:
        now = bot.clock.now()
        today = local_date(now, bot.settings.zone)
        if purpose not in store.PURPOSES:
            raise BadInput(
                N_("%(purpose)s is nothing that is graded; use one of %(purposes)s."),
                purpose=purpose,
                purposes=", ".join(store.PURPOSES),
            )
        if replay is not None:
            replays.show(bot, scheme, purpose, (to_day(replay[0]), to_day(replay[1])), keep, as_json)
            return
        day = to_day(as_of) if as_of else None
        if scheme is not None:
            if dry_run:
                raise BadInput(
                    N_("--dry-run shows the scheme in force. Grade with --scheme first, or leave one out.")
                )
            file = store.find(scheme, bot.settings.schemes_dir)
            purpose = store.purpose(file.scheme)
            with bot.database.write() as session:
                lifecycle.start(
                    session,
                    file,
                    named_actor(bot),
                    as_of=day or book_pass.default_day(today),
                    today=today,
                    now=now,
                )
        with progress_bar("Grading") as progress:
            report = runs.grade_book(
                bot.database,
                bot.scheme_cache,
                for_purpose=purpose,
                as_of=day,
                today=today,
                now=now,
                notify=bot.notify,
                dry_run=dry_run,
                progress=progress,
            )
        if as_json:
            print_json(runs.report_json(report))
            return
        out.print(
            f"{report.kind.capitalize()} as of {report.as_of} with {report.scheme} version {report.scheme_version}:"
            f" {report.customers:,} customers."
        )
        if len(report.schemes) > 1:
            shares = ", ".join(f"{scheme} {customers:,}" for scheme, customers in report.schemes.items())
            out.print(f"Schemes side by side: {shares}.", markup=False)
        if report.without_scheme:
            out.print(
                f"No scheme applies to {report.without_scheme:,} customers:"
                " tierbot review list --reason no_scheme"
            )
        out.print(table(["tier", "customers"], [[tier, f"{n:,}"] for tier, n in report.tiers.items()]))
        if report.unreadable_facts:
            err.print(
                f"{report.unreadable_facts} recorded facts do not fit their field's type and count as missing."
            )
        for shadow in report.shadows:
            label = f"{shadow.scheme}@{shadow.version}"
            if shadow.problem:
                err.print(f"In the shadow, {label} could not grade: {shadow.problem}", markup=False)
            else:
                out.print(
                    f"In the shadow, {label} would have {len(shadow.movers):,} customers in another tier:"
                    f" tierbot scheme diff {label}",
                    markup=False,
                )
        if report.silent:
            out.print("First grading: nobody was alerted.")
        else:
            out.print(f"{len(report.changes)} customers changed tier, {report.told} messages go out.")
            if dry_run and report.changes:
                out.print(
                    table(
                        ["customer", "from", "to"],
                        [list(row) for row in runs.named_changes(bot.database, report)],
                    )
                )


@commands.command()
def tier(
    name: Annotated[str, typer.Argument(help="Code, name, part of a name, or pinyin.")],
    as_json: AsJson = False,
) -> None:
    """What /tier NAME would answer an admin."""
    from bot.cli import presentation
    from bot.services.ask import lookup
    from bot.wording.messages import TierCard

    with opened() as bot:
        actor = presentation.console_actor(bot.settings)
        message = lookup.answer(
            bot.database,
            bot.scheme_cache,
            bot.rules,
            actor,
            name,
            local_date(bot.clock.now(), bot.settings.zone),
        )
        if as_json:
            if isinstance(message, TierCard):
                print_json(lookup.explained(bot.database, bot.scheme_cache, actor, message))
            else:
                print_json(presentation.listed(message))
        else:
            out.print(
                presentation.as_text(bot.renderer.slots(message, bot.settings.language, mentions=False)),
                markup=False,
            )
        if not presentation.is_answer(message):
            sys.exit(NotFound.exit_code)


@commands.command()
def why(
    name: Annotated[str, typer.Argument(help="Code, name, part of a name, or pinyin.")],
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Compare with what stood on this day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What changed a customer's score, what its tier waits for, and what would lift it."""
    from bot.cli import presentation
    from bot.services.ask import explanation, lookup
    from bot.wording.messages import Pointer

    with opened() as bot:
        actor = presentation.console_actor(bot.settings)
        day, today = to_day(since) if since else None, local_date(bot.clock.now(), bot.settings.zone)
        if day is not None and day > today:
            raise BadInput(N_("%(day)s lies in the future; today is %(today)s."), day=day, today=today)
        explained = explanation.why(
            bot.database, bot.scheme_cache, actor, Pointer(id=lookup.one(bot.database, actor, name)), day
        )
        if as_json:
            print_json(explained.data)
        else:
            slots = bot.renderer.slots(explained.message, bot.settings.language, mentions=False)
            out.print(presentation.as_text(slots), markup=False)


@commands.command()
def history(
    name: Annotated[str, typer.Argument(help="Code, name, part of a name, or pinyin.")],
    as_json: AsJson = False,
) -> None:
    """A customer's tiers and scores, grading by grading."""
    from bot.cli import presentation
    from bot.services.ask import history as service
    from bot.services.ask import lookup

    with opened() as bot:
        actor = presentation.console_actor(bot.settings)
        entries = service.history(
            bot.database, bot.scheme_cache, actor, lookup.one(bot.database, actor, name)
        )
    if as_json:
        print_json([vars(entry) for entry in entries])
        return
    if not entries:
        out.print("Nothing was graded yet of this customer.")
        return
    rows = [
        [
            str(entry.as_of),
            entry.kind,
            entry.tier,
            "" if entry.score is None else f"{entry.score:g}",
            "" if entry.change is None else f"{entry.change:+.1f}",
            ", ".join(
                note
                for note, holds in (
                    ("held: data missing", entry.held),
                    (f"capped by {entry.capped_by}", entry.capped_by),
                    ("set by hand", entry.overridden),
                )
                if holds
            ),
            f"{entry.scheme} {entry.version}" if entry.scheme else "no scheme applies",
        ]
        for entry in entries
    ]
    out.print(table(["as of", "grading", "tier", "score", "change", "", "scheme"], rows))


@commands.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV: code, name, one column per field of the scheme.")],
    scheme: Annotated[str, typer.Option(help="A scheme file, or the name of a preset.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")],
    strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grade a flat table without a database."""
    from bot import settings as settings_module
    from bot.logs import configure
    from bot.services.grade import score_file
    from bot.services.schemes import store

    settings = settings_module.load()
    configure(settings.log_level)
    chosen = store.find(scheme, settings.schemes_dir)
    report = score_file.score_table(file, chosen.scheme, to_day(as_of))
    for line in report.rejected:
        err.print(f"rejected: {line}", markup=False)
    if report.ignored:
        err.print(f"ignored columns: {', '.join(report.ignored)}", markup=False)
    if as_json:
        print_json(report.customers)
    else:
        rows = [
            [
                item["code"],
                item["name"],
                item["tier"],
                "" if item["score"] is None else f"{item['score']:.{chosen.scheme.display_decimals}f}",
                f"{item['coverage']:.0%}",
                ", ".join(item["gates"]),
            ]
            for item in report.customers
        ]
        out.print(table(["code", "name", "tier", "score", "coverage", "gates"], rows))
    if strict and report.rejected:
        sys.exit(7)
