"""`audit`: who did what, whether the record is whole, and the record as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    named_actor,
    opened,
    print_json,
    print_records,
    print_table,
    progress_bar,
    say,
    to_day,
    warn,
)
from bot.cli.output.audited import cells
from bot.cli.output.personal import ShowPersonal, look
from bot.cli.output.recorded import Limit
from bot.clock import local_instant
from bot.errors import N_, BadInput, ngettext
from bot.services.ask import lookup
from bot.services.ops import audit_log
from bot.services.ops.audit_log import AuditQuery
from db.audit import AuditAction

BROKEN = 8  # exit code


@acts
def show(
    customer: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only what was done to this customer.")
    ] = None,
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what this person did, or what was done to them.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="From this day on, as 2026-03-31.")] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(metavar="ACTION", help="Only this, as --json calls it; may be repeated."),
    ] = None,
    most: Limit = 50,
    personal: ShowPersonal = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Who did what to whom and when, the newest on top."""
    with opened(create=False) as bot:
        actor = named_actor(bot)
        query = AuditQuery(
            customer_id=None if customer is None else lookup.one(bot.database, actor, customer),
            email=person,
            since=None if since is None else local_instant(to_day(since), 0, 0, bot.settings.zone),
            actions=tuple(map(_action, action or ())),
            most=most,
        )
        found = audit_log.show(bot.database, actor, query)
        if personal:
            look(bot, actor, query.customer_id, audit_log.LIMITS)
        else:
            found = [audit_log.masked(one) for one in found]
    if as_json or as_csv:
        print_records([vars(one) for one in found], as_csv)
        return
    if not found:
        say(_("The audit has no such row."))
        return
    print_table(
        [_("number"), _("time"), _("who"), _("door"), _("action"), _("object"), _("before"), _("after")],
        map(cells, found),
    )
    if len(found) == most:
        say(_("There may be more than these %(limit)s: %(option)s shows them.", limit=most, option="--most"))


def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option(metavar="COUNT:HASH", help="What the log said on some day; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute every hash again: exit code 8 with the first row that was edited, removed, inserted or moved."""
    with opened(create=False) as bot:
        anchors = [audit_log.parse_anchor(one) for one in anchor or ()]
        with progress_bar(_("Verifying")) as progress:
            found = audit_log.verify(bot.database, anchors, progress)
    if as_json:
        print_json({**vars(found), "anchor": found.anchor, "is_sound": found.problem is None})
    elif found.problem is None:
        say(
            ngettext(
                "%(count)s row is as it was written. Anchor: %(anchor)s",
                "%(count)s rows are as they were written. Anchor: %(anchor)s",
                found.rows,
                anchor=found.anchor,
            )
        )
        if not anchors:
            warn(
                _(
                    "Whoever can write to the database can replace all rows. Compare with an anchor from the log: %(option)s",
                    option="--anchor COUNT:HASH",
                )
            )
    else:
        warn(_("Row %(row)s of the audit is wrong: %(problem)s.", row=found.row, problem=found.problem))
    if found.problem is not None:
        sys.exit(BROKEN)


@acts
def export(file: Annotated[Path, typer.Argument(help="A new file, one line of JSON for each row.")]) -> None:
    """Write the whole audit to a file. That it was exported is its last row."""
    with opened(create=False) as bot:
        if file.exists():
            raise BadInput(N_("%(file)s exists already. Name a file that does not."), file=file)
        count = audit_log.export(bot.database, named_actor(bot), file)
    say(ngettext("Wrote %(count)s row to %(file)s.", "Wrote %(count)s rows to %(file)s.", count, file=file))


def _action(text: str) -> AuditAction:
    try:
        return AuditAction(text)
    except ValueError:
        raise BadInput(
            N_("--action %(text)s: there is no such action; there are %(actions)s."),
            text=text,
            actions=", ".join(AuditAction),
        ) from None
