"""`grade`, `score`, `verify`: gradings of the whole book, of a flat table, and recomputed."""

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import logs, settings
from bot.app import Tierbot
from bot.cli.console import (
    Accepted,
    AsJson,
    AsOf,
    Century,
    DateOrder,
    DecimalSign,
    Delimiter,
    Encoding,
    Mapped,
    columns_of,
    console_actor,
    named_actor,
    number,
    opened,
    print_json,
    print_table,
    progress_bar,
    say,
    to_day,
    warn,
    whoami,
)
from bot.cli.presentation import finding_lines, rejected_lines, report_json
from bot.errors import N_, BadInput
from bot.services import alerts
from bot.services.ask import lookup
from bot.services.grade import book_pass, runs, score_file, verification
from bot.services.grade.evidence.findings import MOST_LISTED, Verified
from bot.services.grade.evidence.limits import LIMITS
from bot.services.grade.runs import RunReport
from bot.services.imports import ImportOptions
from bot.services.schemes import lifecycle, status, store
from bot.services.trial import replays
from db.graded.runs import Purpose

REJECTED, DIFFERENT = 7, 8  # exit codes


def grade(
    scheme: Annotated[
        str | None, typer.Option("--scheme", help="A scheme file, or the name of a preset.")
    ] = None,
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
    with opened() as bot:
        if purpose not in list(Purpose):
            raise BadInput(
                N_("%(purpose)s is nothing that is graded; use one of %(purposes)s."),
                purpose=purpose,
                purposes=", ".join(Purpose),
            )
        if replay is not None:
            period = to_day(replay[0]), to_day(replay[1])
            if keep:
                _keep(bot, scheme, period)
            else:
                _replay(bot, scheme, purpose, period, as_json)
            return
        now = bot.clock.now()
        today = bot.today(now)
        day = to_day(as_of) if as_of else None
        if scheme is not None:
            if dry_run:
                raise BadInput(
                    N_("--dry-run shows the scheme in force. Grade with --scheme first, or leave one out.")
                )
            file = store.find(scheme, bot.settings.schemes_dir)
            purpose = store.purpose(file.scheme)
            start = day or book_pass.default_day(today)
            with bot.database.write() as session:
                lifecycle.start(session, file, named_actor(bot), as_of=start, today=today, now=now)
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
            print_json(report_json(report))
            return
        _show(report)
        if report.changes and not report.silent and not dry_run:
            _note_unreached(bot, report)
        if dry_run and report.changes and not report.silent:
            print_table(["customer", "from", "to"], runs.named_changes(bot.database, report))


def _show(report: RunReport) -> None:
    say(
        f"{report.kind.capitalize()} as of {report.as_of} with {report.scheme} version {report.scheme_version}:"
        f" {report.customers:,} customers."
    )
    if len(report.schemes) > 1:
        shares = ", ".join(f"{scheme} {customers:,}" for scheme, customers in report.schemes.items())
        say(f"Schemes side by side: {shares}.")
    if report.without_scheme:
        say(
            f"No scheme applies to {report.without_scheme:,} customers:"
            " tierbot review list --reason no_scheme"
        )
    print_table(["tier", "customers"], ((tier, f"{count:,}") for tier, count in report.tiers.items()))
    if report.unreadable_facts:
        warn(f"{report.unreadable_facts} recorded facts do not fit their field's type and count as missing.")
    for shadow in report.shadows:
        label = f"{shadow.scheme}@{shadow.version}"
        if shadow.problem:
            warn(f"In the shadow, {label} could not grade: {shadow.problem}")
        else:
            say(
                f"In the shadow, {label} would have {len(shadow.movers):,} customers in another tier:"
                f" tierbot scheme diff {label}"
            )
    if report.silent:
        say("First grading: nobody was alerted.")
    else:
        say(f"{len(report.changes)} customers changed tier, {report.told} messages go out.")


def _note_unreached(bot: Tierbot, report: RunReport) -> None:
    """Say how many changes are not told to the customer's owner directly."""
    with bot.database.read() as session:
        unreached = alerts.count_unreached(session, report.changes)
    if unreached:
        warn(
            f"Customers whose owner has no Slack user, and gets no direct message: {unreached}."
            " tierbot doctor says more."
        )


def _keep(bot: Tierbot, scheme: str | None, period: tuple[date, date]) -> None:
    """Store the replayed snapshots as the past that a live start continues."""
    if scheme is None:
        raise BadInput(N_("--keep needs the scheme to start with: --scheme NAME."))
    now = bot.clock.now()
    with progress_bar("Grading") as progress:
        reports = replays.keep(
            bot.database,
            bot.scheme_cache,
            store.find(scheme, bot.settings.schemes_dir),
            start=period[0],
            end=period[1],
            today=bot.today(now),
            now=now,
            actor=whoami(),
            progress=progress,
        )
    say(f"{len(reports)} snapshots are put down, from {reports[0].as_of} to {reports[-1].as_of}.")


def _replay(bot: Tierbot, scheme: str | None, purpose: str, period: tuple[date, date], as_json: bool) -> None:
    """Print the results of past snapshots under a scheme, or under those in force today."""
    today = bot.today()
    with bot.database.read() as session:
        if scheme is not None:
            asked = [status.find(session, scheme, bot.settings.schemes_dir).scheme]
        else:
            asked = [rule.scheme for rule in store.in_force(session, bot.scheme_cache, purpose, today)]
    with progress_bar("Replaying") as progress:
        found = replays.replay(
            bot.database,
            asked[0],
            start=period[0],
            end=period[1],
            today=today,
            progress=progress,
            beside=asked[1:],
        )
    if as_json:
        print_json(asdict(found))
        return
    tiers = list(dict.fromkeys(tier.id for scheme in asked for tier in scheme.tiers))
    tiers += ["new", "unrated", "blocked"]
    rows = []
    for day in found.days:
        counts = [*(day.tiers.get(tier, 0) for tier in tiers), day.moves, day.moves_without_rules]
        rows.append([day.as_of, *(f"{count:,}" for count in counts)])
    print_table(["as of", *tiers, "moves", "without rules"], rows)
    for title, moves in (("With the movement rules", found.with_rules), ("Without", found.without_rules)):
        per_hundred = 100 * moves.moves / found.rated if found.rated else 0.0
        undone = f", {moves.undone / moves.moves:.0%} of them" if moves.moves else ""
        say(
            f"{title}: {moves.moves:,} moves, {per_hundred:.1f} per 100 customers and snapshot;"
            f" {moves.undone:,} undone by the next snapshot{undone}."
        )
    if (ahead := found.ahead) is None:
        return
    say(
        f"Of the sales from {ahead.as_of} to {ahead.until}, by the tiers of {ahead.as_of}"
        " (which saw none of them):"
    )
    shares = [
        [tier, f"{ahead.customers.get(tier, 0):.1%}", f"{ahead.sales.get(tier, 0):.1%}"]
        for tier in [*tiers, replays.ABSENT]
        if tier in ahead.customers or tier in ahead.sales
    ]
    print_table(["tier", "of the customers", "of the sales"], shares)


def score(
    file: Annotated[Path, typer.Argument(help="CSV: code, name, one column per field of the scheme.")],
    scheme: Annotated[str, typer.Option(help="A scheme file, or the name of a preset.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")],
    mapped: Mapped = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    date_order: DateOrder = None,
    century: Century = None,
    decimal: DecimalSign = None,
    percent: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Numbers of this field are percent.")
    ] = None,
    accepted: Accepted = None,
    strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grade a flat table without a database."""
    loaded = settings.load()
    logs.configure(loaded.log_level)
    chosen = store.find(scheme, loaded.schemes_dir).scheme
    options = ImportOptions(
        columns=columns_of(mapped or []),
        encoding=encoding,
        delimiter=delimiter,
        date_order=date_order,
        century=century,
        decimal=decimal,
        accepted=tuple(accepted or ()),
        timezone=loaded.timezone,
        kind_options={"percent": percent},
    )
    report = score_file.score_table(file, chosen, to_day(as_of), options)
    warn(*(f"rejected: {line}" for line in rejected_lines(report.rejected)))
    warn(*finding_lines(report.findings))
    if as_json:
        print_json(report.customers)
    else:
        rows = [
            [
                item["code"],
                item["name"],
                item["tier"],
                number(item["score"], f".{chosen.display_decimals}f"),
                f"{item['coverage']:.0%}",
                ", ".join(item["gates"]),
            ]
            for item in report.customers
        ]
        print_table(["code", "name", "tier", "score", "coverage", "gates"], rows)
    if strict and report.rejected:
        sys.exit(REJECTED)


def verify(
    name: Annotated[str | None, typer.Argument(help="Code, name, part of a name, or pinyin.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every customer; this is the default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what gradings stored with what it follows from, back to the book. Exit code 8 when a value differs."""
    if name is not None and everybody:
        raise BadInput(N_("Give a name or --all, not both."))
    with opened() as bot:
        customer = None if name is None else lookup.one(bot.database, console_actor(bot.settings), name)
        with progress_bar("Verifying") as progress:
            found = verification.verify(bot.database, bot.scheme_cache, bot.settings.zone, customer, progress)
    if as_json:
        print_json({**asdict(found), "is_sound": found.is_sound, "limits": LIMITS})
    else:
        _show_differences(found)
    if not found.is_sound:
        sys.exit(DIFFERENT)


def _show_differences(found: Verified) -> None:
    say(f"{found.assessments:,} assessments recomputed, {found.differing:,} differ.")
    if found.bytes_each is not None:
        size = found.bytes_each * found.assessments / 1_000_000
        say(f"They take up {size:,.1f} MB: {found.bytes_each:,.0f} bytes each, indexes included.")
    if found.without_state:
        say(f"{found.without_state:,} of them by score only: the run before them is no longer stored.")
    say(
        f"{found.data_compared:,} compared with the book: the data of {found.data_differing:,} was changed by no"
        f" import, of {found.data_changed:,} by imports and the like since."
    )
    for why, count in found.data_unknown.items():
        say(f"The data of {count:,} cannot be compared: {why}.")
    say(
        f"Runs, tier changes, overrides, schemes and imports: {found.others_differing:,} values are not what they"
        " should be."
    )
    for run in found.unfinished:
        say(f"Run {run} was started and not published.")
    if found.differences:
        rows = [
            (d.customer or d.row, d.as_of, d.run_id, d.what, _cell(d.stored), _cell(d.computed))
            for d in found.differences
        ]
        print_table(["of", "as of", "run", "what", "stored", "follows from the rest"], rows)
        if found.is_cut:
            warn(f"Of each table only the first {MOST_LISTED} values are listed.")
    if found.totals:
        warn(
            f"The kept totals of {len(found.totals):,} customers are not what their orders come to, such as of"
            f" {found.totals[0].customer}. Make them anew: tierbot db recount"
        )
    if found.changes:
        changes = [
            (c.customer, c.as_of, c.run_id, ", ".join(c.fields), ", ".join(c.by)) for c in found.changes
        ]
        print_table(["data of", "as of", "run", "fields", "changed since by"], changes)
        if found.data_changed > len(found.changes):
            warn(f"Only the first {MOST_LISTED} are listed.")
    say(f"This cannot find {'; '.join(LIMITS.values())}: docs/verifying.md")


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
