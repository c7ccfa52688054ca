"""`outbox`, `catch-up`: messages that wait, were sent or could not be, and going on after a long stop."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli.console import AsJson, opened, print_json, print_table, say, utc, whoami
from bot.errors import N_, BadInput
from bot.services.delivery import outbox, time_jump
from db.outbox import messages
from db.outbox.messages import MessageState, OutboxMessage

_BODY = ("body_json", "body_hash")
Id = Annotated[int, typer.Argument(metavar="ID", help="A message's number, as list shows it.")]
Most = Annotated[int, typer.Option("--most", help="At most so many, the newest.", min=1)]


def list_messages(
    state: Annotated[
        str | None, typer.Option(help="pending, sending, sent, unknown or dead; all but sent if left out.")
    ] = None,
    most: Most = 50,
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
        as_json,
    )


def unknown(most: Most = 50, as_json: AsJson = False) -> None:
    """Messages that may have arrived: Slack's answer was lost, and its history has not settled it yet."""
    _list([MessageState.UNKNOWN], most, as_json)


def show(outbox_id: Id, as_json: AsJson = False) -> None:
    """One message with everything that is known of it."""
    with opened() as bot:
        row = outbox.show(bot.database, outbox_id)
    known = _columns(row) | {"body": json.loads(row.body_json)}
    if as_json:
        print_json(known)
    else:
        say(*(f"{name}: {value}" for name, value in known.items() if value is not None))


def retry(outbox_id: Id) -> None:
    """Send a dead or unknown message again; an unknown one then says that it may be a repeat."""
    with opened() as bot:
        outbox.retry(bot.database, outbox_id, actor=whoami(), now=bot.clock.now())
    say(f"Message {outbox_id} is queued again.")


def drop(outbox_id: Id) -> None:
    """Never send a message that waits or is unknown."""
    with opened() as bot:
        outbox.drop(bot.database, outbox_id, actor=whoami())
    say(f"Message {outbox_id} is dropped.")


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
            time_jump.catch_up(bot.database, bot.clock)
    if as_json:
        print_json({**asdict(gap), "held": held})
        return
    say(
        f"Last sign of life: {utc(gap.since)}. Now: {utc(gap.now)}.",
        f"Waiting: {gap.touches} care steps that have come due, {gap.messages} messages.",
    )
    if apply:
        say("Going on from now.")
    elif held:
        say("Nothing is said until somebody looks. If the time is right: tierbot catch-up --apply")
    else:
        say("Nothing is held.")


def _list(states: Sequence[str], most: int, as_json: bool) -> None:
    with opened() as bot, bot.database.read() as session:
        rows = messages.listed(session, states, most)
    if as_json:
        print_json([_columns(row) for row in rows])
    elif not rows:
        say("No messages.")
    else:
        print_table(
            ["id", "state", "kind", "to", "written", "tries", "why"],
            (
                (row.id, row.state, row.kind, row.address, utc(row.created_at), row.attempt, row.error)
                for row in rows
            ),
        )


def _columns(row: OutboxMessage) -> dict[str, Any]:
    """The row without its body, in the order of the table's columns."""
    return {name: getattr(row, name) for name in OutboxMessage.model_fields if name not in _BODY}
