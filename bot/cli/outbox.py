"""`outbox`, `catch-up`: messages that wait, were sent or could not be, and going on after a long stop."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

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
    say,
    utc,
)
from bot.cli.output.vocabulary import word
from bot.errors import N_, BadInput, ngettext
from bot.services.delivery import outbox, time_jump
from db.outbox import messages
from db.outbox.messages import MessageState, OutboxMessage

_BODY = ("body_json", "body_hash")
Id = Annotated[int, typer.Argument(metavar="ID", help="A message's number, as list shows it.")]
Ids = Annotated[list[int], typer.Argument(metavar="ID …", help="Messages' numbers, as list shows them.")]
Most = Annotated[int, typer.Option("--most", help="At most so many, the newest.", min=1)]


def list_messages(
    state: Annotated[
        str | None, typer.Option(help="pending, sending, sent, unknown or dead; all but sent if left out.")
    ] = None,
    most: Most = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Messages by state, the newest first."""
    if state is not None and state not in list(MessageState):
        raise BadInput(
            N_("%(state)s is not a state. Use one of %(states)s."),
            state=state,
            states=", ".join(MessageState),
        )
    _list(
        [state] if state is not None else [known for known in MessageState if known != MessageState.SENT],
        most,
        as_csv,
        as_json,
    )


def unknown(most: Most = 50, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Messages that may have arrived: Slack's answer was lost, and its history has not settled it yet."""
    _list([MessageState.UNKNOWN], most, as_csv, as_json)


def show(outbox_id: Id, as_json: AsJson = False) -> None:
    """One message with everything that is known of it."""
    with opened() as bot:
        row = outbox.show(bot.database, outbox_id)
    known = _columns(row) | {"body": json.loads(row.body_json)}
    if as_json:
        print_json(known)
    else:
        say(*(f"{name}: {value}" for name, value in known.items() if value is not None))


@acts
def retry(outbox_ids: Ids) -> None:
    """Send dead or unknown messages again; an unknown one then says that it may be a repeat."""
    with opened() as bot:
        actor = named_actor(bot)
        for outbox_id in outbox_ids:
            outbox.retry(bot.database, outbox_id, actor=actor, now=bot.clock.now())
            say(_("Message %(number)s is queued again.", number=outbox_id))


@acts
def drop(outbox_ids: Ids) -> None:
    """Never send messages that wait, are unknown or dead; the doctor no longer counts them."""
    with opened() as bot:
        actor = named_actor(bot)
        for outbox_id in outbox_ids:
            outbox.drop(bot.database, outbox_id, actor=actor)
            say(_("Message %(number)s is dropped.", number=outbox_id))


@acts
def catch_up(
    show: Annotated[bool, typer.Option("--show", help="Only show what waits; this is the default.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Go on from now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on after more than seven days without a sign of life, or after a clock was wrong. Shows first what waits."""
    apply = apply and not show
    with opened() as bot:
        now = bot.clock.now()
        gap = time_jump.gap(bot.database, now)
        held = time_jump.held(bot.database, now)
        if apply:
            time_jump.catch_up(bot.database, bot.clock, named_actor(bot))
    if as_json:
        print_json({**asdict(gap), "held": held})
        return
    say(
        _("Last sign of life: %(since)s. Now: %(now)s.", since=utc(gap.since), now=utc(gap.now)),
        _(
            "Waiting: %(steps)s, %(messages)s.",
            steps=ngettext(
                "%(count)s care step that has come due",
                "%(count)s care steps that have come due",
                gap.touches,
            ),
            messages=ngettext("%(count)s message", "%(count)s messages", gap.messages),
        ),
    )
    if apply:
        say(_("Going on from now."))
    elif held:
        say(
            _(
                "Nothing is said until somebody looks. If the time is right: %(command)s",
                command="tierbot catch-up --apply",
            )
        )
    else:
        say(_("Nothing is held."))


def _list(states: Sequence[str], most: int, as_csv: bool, as_json: bool) -> None:
    with opened() as bot, bot.database.read() as session:
        rows = messages.listed(session, states, most)
    if as_json or as_csv:
        print_records([_columns(row) for row in rows], as_csv)
    elif not rows:
        say(_("No messages."))
    else:
        print_table(
            [_("id"), _("state"), _("kind"), _("recipient"), _("written"), _("tries"), _("why")],
            (
                (
                    row.id,
                    word("message", row.state),
                    word("message", row.kind),
                    row.address,
                    utc(row.created_at),
                    row.attempt,
                    row.error,
                )
                for row in rows
            ),
        )


def _columns(row: OutboxMessage) -> dict[str, Any]:
    """The row without its body, in the order of the table's columns."""
    return {name: getattr(row, name) for name in OutboxMessage.model_fields if name not in _BODY}
