"""`complaint list|show|add|step|close|reopen`: complaints by command."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.app import Tierbot
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
    say,
    to_day,
)
from bot.cli.output.personal import record_list
from bot.cli.output.presentation import local_name
from bot.cli.output.recorded import SOURCE, Limit, OwnId, external_id, print_message, request, say_rest
from bot.cli.output.vocabulary import word
from bot.services.ask import lookup
from bot.services.care import complaints
from bot.services.care.complaints import Acted, Report, listing
from bot.services.care.complaints.listing import ComplaintQuery, ListedComplaint

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", help="As `complaint list` shows it.", min=1, max=sys.maxsize)
]


@acts
def list_complaints(
    customer: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="Only of this customer: code or name.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only of customers of this account manager.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their deadline.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Limit = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Open complaints: since when, until when, and who handles them; the earliest deadline on top."""
    with opened() as bot:
        actor = named_actor(bot)
        query = ComplaintQuery(
            customer_id=lookup.one(bot.database, actor, customer) if customer is not None else None,
            owner=owner,
            is_open=None if everything else True,
            overdue=overdue,
            most=limit,
        )
        with bot.database.read() as session:
            found = listing.list_complaints(
                session, actor, bot.rules_in(session).complaints, query, bot.today()
            )
        record_list(bot, actor, "complaint list", len({one.code for one in found.complaints}))
    if as_json or as_csv:
        print_records([_record(one) for one in found.complaints], as_csv)
        return
    if not found.complaints:
        say(_("No complaint is open.") if not everything else _("There is no complaint."))
        return
    print_table(
        [
            *(_("complaint"), _("code"), _("name"), _("kind"), _("reported on"), _("deadline")),
            *(_("days over"), _("handled by"), _("steps"), _("state")),
        ],
        [
            [
                *(one.id, one.code, one.customer, local_name(one.names), one.reported_on, one.deadline),
                *(one.days_over or None, one.handler, one.steps or None, word("complaint", one.state)),
            ]
            for one in found.complaints
        ],
    )
    say_rest(len(found.complaints), found.total)


@acts
def show_complaint(number: Number, as_json: AsJson = False) -> None:
    """Show a complaint: what happened, what was done about it, and how it ended."""
    with opened() as bot, bot.database.read() as session:
        actor, kinds = named_actor(bot), bot.rules_in(session).complaints
        found = listing.show_complaint(session, actor, kinds, number, bot.today())
    if as_json:
        rest = {name: value for name, value in asdict(found).items() if name != "listed"}
        print_json({**_record(found.listed), **rest})
        return
    one = found.listed
    say(f"{one.id} · {one.code} {one.customer} · {local_name(one.names)} · {word('complaint', one.state)}")
    say(_("Reported on %(day)s; deadline %(deadline)s.", day=one.reported_on, deadline=one.deadline or "–"))
    lines = (
        (_("What happened"), one.what),
        (_("Who complained"), found.reported_by),
        (_("Recorded by"), found.recorded_by),
        (_("Handled by"), one.handler),
        *((str(step.taken_on), " · ".join(filter(None, (step.by, step.text)))) for step in found.taken),
        (_("Closed on"), found.closed_on),
        (_("What was done"), found.outcome),
        (_("The customer agrees"), found.agreed and word("agreed", found.agreed)),
    )
    say(*(f"  {label}: {value}" for label, value in lines if value))


@acts
def add_complaint(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="One of the kinds of the firm: quality, delivery …")
    ],
    what: Annotated[str, typer.Option(metavar="TEXT", help="What happened.")],
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it was reported; by default today.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who complained.")] = None,
    handler: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who handles it; by default the account manager.")
    ] = None,
    deadline: Annotated[
        str | None, typer.Option(metavar="DATE", help="Until when; by default as its kind and the tier say.")
    ] = None,
    own_id: OwnId = None,
    as_json: AsJson = False,
) -> None:
    """Record a complaint of a customer; the next grading counts it."""
    with opened() as bot:
        actor = named_actor(bot)
        now = bot.clock.now()
        report = Report(
            kind=kind,
            reported_on=to_day(on) if on is not None else actor.today(now),
            what=what,
            reported_by=by,
            handler=handler,
            deadline=to_day(deadline) if deadline is not None else None,
        )
        acted = complaints.record_complaint(
            bot.database,
            actor,
            report,
            meant=lookup.one_to_change(bot.database, actor, customer),
            source=SOURCE,
            external_id=external_id(own_id),
            rules=bot.rules,
            settings=bot.settings,
            now=now,
        )
        _print(bot, acted, as_json)


@acts
def add_step(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was done.")],
    on: Annotated[str | None, typer.Option(metavar="DATE", help="When; by default today.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record something that was done about an open complaint."""
    _act(number, as_json, complaints.add_step, text=text, taken_on=to_day(on) if on is not None else None)


@acts
def close_complaint(
    number: Number,
    outcome: Annotated[str, typer.Option(metavar="TEXT", help="What was done.")],
    agreed: Annotated[
        str, typer.Option(metavar="yes|no|not_asked", help="Whether the customer agrees.")
    ] = "not_asked",
    as_json: AsJson = False,
) -> None:
    """Close a complaint with what was done and whether the customer agrees."""
    _act(number, as_json, complaints.close, outcome=outcome, agreed=agreed)


@acts
def reopen_complaint(number: Number, as_json: AsJson = False) -> None:
    """Open a closed complaint again, with its deadline and its steps as they were."""
    _act(number, as_json, complaints.reopen)


def _act(number: int, as_json: bool, how: Callable[..., Acted], **asked: Any) -> None:
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            pointer = listing.pointer(session, actor, number)
        acted = how(
            bot.database,
            actor,
            pointer,
            rules=bot.rules,
            now=bot.clock.now(),
            request=request(),
            **asked,
        )
        _print(bot, acted, as_json)


def _print(bot: Tierbot, acted: Acted, as_json: bool) -> None:
    print_message(bot, acted.message, as_json, _("Complaint %(number)s.", number=acted.complaint_id))


def _record(one: ListedComplaint) -> dict[str, Any]:
    return vars(one) | {"names": local_name(one.names)}
