"""`verify`: what gradings stored, compared with what it follows from."""

import sys
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    customers,
    in_language,
    is_chinese,
    listed,
    named_actor,
    opened,
    print_json,
    print_records,
    print_table,
    progress_bar,
    say,
    warn,
)
from bot.cli.output.personal import ShowPersonal, look
from bot.errors import N_, BadInput, ngettext
from bot.masking import MASK
from bot.services import access
from bot.services.access import Act
from bot.services.ask import lookup
from bot.services.grade import verification
from bot.services.grade.evidence.findings import DATA, MOST_LISTED, Mismatch, Verified
from bot.services.grade.evidence.limits import LIMITS
from db import privacy

DIFFERENT = 8  # exit code


@acts
def verify(
    name: Annotated[str | None, typer.Argument(help="Code, name or pinyin, written in full.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every customer; this is the default.")] = False,
    personal: ShowPersonal = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Compare what gradings stored with what it follows from, back to the book. Exit code 8 when a value differs."""
    if name is not None and everybody:
        raise BadInput(N_("Give a name or --all, not both."))
    with opened() as bot:
        actor = named_actor(bot)
        if name is None:
            access.require(actor, Act.SEE)
        customer = None if name is None else lookup.one(bot.database, actor, name)
        with progress_bar(_("Verifying")) as progress:
            found = verification.verify(bot.database, bot.scheme_cache, bot.settings.zone, customer, progress)
        if personal:
            look(bot, actor, customer, {one.what for one in found.differences if _is_masked(one)})
        else:
            found.differences = [_masked(one) for one in found.differences]
    if as_csv:
        print_records([asdict(one) for one in found.differences], as_csv)
    elif as_json:
        print_json({**asdict(found), "is_sound": found.is_sound, "limits": LIMITS})
    else:
        _show_differences(found)
    if not found.is_sound:
        sys.exit(DIFFERENT)


def _show_differences(found: Verified) -> None:
    say(
        ngettext(
            "%(count)s assessment recomputed, %(differing)s differ.",
            "%(count)s assessments recomputed, %(differing)s differ.",
            found.assessments,
            differing=f"{found.differing:,}",
        )
    )
    if found.bytes_each is not None:
        size = f"{found.bytes_each * found.assessments / 1_000_000:,.1f}"
        each = f"{found.bytes_each:,.0f}"
        say(_("They take up %(size)s MB: %(each)s bytes each, indexes included.", size=size, each=each))
    if found.without_state:
        count = f"{found.without_state:,}"
        say(_("%(count)s of them by score only: the run before them is no longer stored.", count=count))
    say(
        _(
            "%(compared)s compared with the book: the data of %(differing)s was changed by no import, of %(changed)s by"
            " imports and the like since.",
            compared=f"{found.data_compared:,}",
            differing=f"{found.data_differing:,}",
            changed=f"{found.data_changed:,}",
        )
    )
    for why, number in found.data_unknown.items():
        count = f"{number:,}"
        say(_("The data of %(count)s cannot be compared: %(why)s.", count=count, why=in_language(why)))
    say(
        ngettext(
            "Runs, tier changes, overrides, schemes and imports: %(count)s value is not what it should be.",
            "Runs, tier changes, overrides, schemes and imports: %(count)s values are not what they should be.",
            found.others_differing,
        )
    )
    for run in found.unfinished:
        say(_("Run %(run)s was started and not published.", run=run))
    if found.differences:
        rows = [
            (d.customer or d.row, d.as_of, d.run_id, d.what, _cell(d.stored), _cell(d.computed))
            for d in found.differences
        ]
        print_table([_("of"), _("as of"), _("run"), _("what"), _("stored"), _("follows from the rest")], rows)
        if found.is_cut:
            warn(_("Of each table only the first %(most)s values are listed.", most=MOST_LISTED))
    if found.totals:
        warn(
            _(
                "The kept totals of %(customers)s are not what their orders come to, such as of %(customer)s. Make them anew: %(command)s",
                customers=customers(len(found.totals)),
                customer=found.totals[0].customer,
                command="tierbot db recount",
            )
        )
    if found.changes:
        changes = [(c.customer, c.as_of, c.run_id, ", ".join(c.fields), listed(c.by)) for c in found.changes]
        print_table([_("data of"), _("as of"), _("run"), _("fields"), _("changed since by")], changes)
        if found.data_changed > len(found.changes):
            warn(_("Only the first %(most)s are listed.", most=MOST_LISTED))
    say(
        _(
            "This cannot find %(limits)s: %(page)s",
            limits=("；" if is_chinese() else "; ").join(map(in_language, LIMITS.values())),
            page="docs/verifying.md",
        )
    )


def _masked(found: Mismatch) -> Mismatch:
    return replace(found, stored=MASK, computed=MASK) if _is_masked(found) else found


def _is_masked(found: Mismatch) -> bool:
    """Whether the values that differ are masked where they are shown to people."""
    table, _, column = found.what.partition(".")
    return privacy.is_masked(privacy.of_field(column) if table == DATA else privacy.of_column(table, column))


def _cell(value: Any) -> str:
    return "" if value is None else str(in_language(value))
