"""`grade`, `score`: gradings of the whole book and of a flat table."""

import sys
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsCsv,
    AsJson,
    AsOf,
    _,
    acts,
    customers,
    load_settings,
    named_actor,
    number,
    opened,
    print_json,
    print_records,
    print_table,
    progress_bar,
    reads_file,
    say,
    show_personal,
    to_day,
    warn,
)
from bot.cli.output.presentation import finding_lines, rejected_lines, report_json
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_, BadInput, ngettext
from bot.services import access, alerts
from bot.services.access import Act
from bot.services.grade import book_pass, runs, score_file
from bot.services.grade.runs import RunReport
from bot.services.imports import ImportOptions
from bot.services.schemes import lifecycle, status, store
from bot.services.trial import replays
from bot.wording.rendering import rounded_down
from db.graded.runs import Purpose

REJECTED = 7  # exit code


@acts
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
        with progress_bar(_("Grading")) as progress:
            report = runs.grade_book(
                bot.database,
                bot.scheme_cache,
                for_purpose=purpose,
                as_of=day,
                today=today,
                now=now,
                notify=bot.notify,
                actor=named_actor(bot),
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
            changes = runs.named_changes(bot.database, report)
            print_table(
                [_("customer"), _("from"), _("to")],
                ([who, tier_word(before), tier_word(after)] for who, before, after in changes),
            )


def _show(report: RunReport) -> None:
    say(
        _(
            "%(kind)s as of %(as_of)s with %(scheme)s version %(version)s: %(customers)s.",
            kind=word("run", report.kind),
            as_of=report.as_of,
            scheme=report.scheme,
            version=report.scheme_version,
            customers=customers(report.customers),
        )
    )
    if len(report.schemes) > 1:
        shares = ", ".join(f"{scheme} {count:,}" for scheme, count in report.schemes.items())
        say(_("Schemes side by side: %(shares)s.", shares=shares))
    if report.without_scheme:
        say(
            _(
                "No scheme applies to %(customers)s: %(command)s",
                customers=customers(report.without_scheme),
                command="tierbot review list --reason no_scheme",
            )
        )
    print_table(
        [_("tier"), _("customers")], ((tier_word(tier), f"{count:,}") for tier, count in report.tiers.items())
    )
    if report.unreadable_facts:
        warn(
            ngettext(
                "%(count)s recorded fact does not fit its field's type and counts as missing.",
                "%(count)s recorded facts do not fit their field's type and count as missing.",
                report.unreadable_facts,
            )
        )
    for shadow in report.shadows:
        label = f"{shadow.scheme}@{shadow.version}"
        if shadow.problem:
            warn(
                _(
                    "In the shadow, %(label)s could not grade: %(problem)s",
                    label=label,
                    problem=shadow.problem,
                )
            )
        else:
            say(
                _(
                    "In the shadow, %(label)s would have %(customers)s in another tier: %(command)s",
                    label=label,
                    customers=customers(len(shadow.movers)),
                    command=f"tierbot scheme diff {label}",
                )
            )
    if report.silent:
        say(_("First grading: nobody was alerted."))
    else:
        say(
            ngettext(
                "%(customers)s changed tier, %(count)s message goes out.",
                "%(customers)s changed tier, %(count)s messages go out.",
                report.told,
                customers=customers(len(report.changes)),
            )
        )


def _note_unreached(bot: Tierbot, report: RunReport) -> None:
    """Say how many changes are not told to the customer's owner directly."""
    with bot.database.read() as session:
        unreached = alerts.count_unreached(session, report.changes, bot.clock.now(), bot.settings.admins)
    if unreached:
        warn(
            _(
                "Customers whose owner has no Slack user, and gets no direct message: %(count)s."
                " tierbot doctor says more.",
                count=unreached,
            )
        )


def _keep(bot: Tierbot, scheme: str | None, period: tuple[date, date]) -> None:
    """Store the replayed snapshots as the past that a live start continues."""
    if scheme is None:
        raise BadInput(N_("--keep needs the scheme to start with: --scheme NAME."))
    now = bot.clock.now()
    with progress_bar(_("Grading")) as progress:
        reports = replays.keep(
            bot.database,
            bot.scheme_cache,
            store.find(scheme, bot.settings.schemes_dir),
            start=period[0],
            end=period[1],
            today=bot.today(now),
            now=now,
            actor=named_actor(bot),
            progress=progress,
        )
    say(
        ngettext(
            "%(count)s snapshot is stored, of %(first)s.",
            "%(count)s snapshots are stored, from %(first)s to %(last)s.",
            len(reports),
            first=reports[0].as_of,
            last=reports[-1].as_of,
        )
    )


def _replay(bot: Tierbot, scheme: str | None, purpose: str, period: tuple[date, date], as_json: bool) -> None:
    """Print the results of past snapshots under a scheme, or under those in force today."""
    access.require(named_actor(bot), Act.GRADE)
    today = bot.today()
    with bot.database.read() as session:
        if scheme is not None:
            asked = [status.find(session, scheme, bot.settings.schemes_dir).scheme]
        else:
            asked = [rule.scheme for rule in store.in_force(session, bot.scheme_cache, purpose, today)]
    with progress_bar(_("Replaying")) as progress:
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
    print_table([_("as of"), *map(tier_word, tiers), _("moves"), _("without rules")], rows)
    for title, moves in (
        (N_("With the movement rules"), found.with_rules),
        (N_("Without"), found.without_rules),
    ):
        per_hundred = 100 * moves.moves / found.rated if found.rated else 0.0
        undone = f" ({moves.undone / moves.moves:.0%})" if moves.moves else ""
        say(
            _(
                "%(title)s: moves %(moves)s, %(per_hundred)s per 100 customers and snapshot; undone by the next snapshot %(undone)s.",
                title=_(title),
                moves=f"{moves.moves:,}",
                per_hundred=f"{per_hundred:.1f}",
                undone=f"{moves.undone:,}{undone}",
            )
        )
    if (ahead := found.ahead) is None:
        return
    say(
        _(
            "Of the sales from %(as_of)s to %(until)s, by the tiers of %(as_of)s (which saw none of them):",
            as_of=ahead.as_of,
            until=ahead.until,
        )
    )
    shares = [
        [tier_word(tier), f"{ahead.customers.get(tier, 0):.1%}", f"{ahead.sales.get(tier, 0):.1%}"]
        for tier in [*tiers, replays.ABSENT]
        if tier in ahead.customers or tier in ahead.sales
    ]
    print_table([_("tier"), _("of the customers"), _("of the sales")], shares)


@reads_file
def score(
    file: Annotated[Path, typer.Argument(help="CSV: code, name, one column per field of the scheme.")],
    *,
    scheme: Annotated[str, typer.Option(help="A scheme file, or the name of a preset.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")],
    reading: ImportOptions,
    percent: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Numbers of this field are percent.")
    ] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Grade a flat table without a database."""
    loaded = load_settings()
    chosen = store.find(scheme, loaded.schemes_dir).scheme
    options = replace(
        reading,
        timezone=loaded.timezone,
        firm_currency=loaded.currency,
        kind_options={"percent": percent},
    )
    show_personal()  # the file is the caller's own, and no book is read
    report = score_file.score_table(file, chosen, to_day(as_of), options)
    warn(*(_("rejected: %(line)s", line=line) for line in rejected_lines(report.rejected)))
    warn(*finding_lines(report.findings))
    if as_json or as_csv:
        print_records(report.customers, as_csv)
    else:
        rows = [
            [
                item["code"],
                item["name"],
                tier_word(item["tier"]),
                number(item["score"], f".{chosen.display_decimals}f"),
                f"{rounded_down(item['coverage']):.0%}",
                ", ".join(item["gates"]),
            ]
            for item in report.customers
        ]
        print_table([_("code"), _("name"), _("tier"), _("score"), _("coverage"), _("gates")], rows)
    if report.rejected and (strict or not report.customers):
        sys.exit(REJECTED)
