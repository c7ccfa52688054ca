"""`outbox`: what the bot has to say, and what became of it."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.console import AsJson, opened, out, print_json, table, whoami
from bot.errors import N_, BadInput

if TYPE_CHECKING:
    from db.outbox.messages import OutboxMessage

commands = typer.Typer(no_args_is_help=True, help="Messages: what waits, what was sent, what could not be.")

Id = Annotated[int, typer.Argument(metavar="ID", help="A message's number, as list shows it.")]
Most = Annotated[int, typer.Option("--most", help="At most so many, the newest.", min=1)]


@commands.command("list")
def list_messages(
    state: Annotated[
        str | None, typer.Option(help="pending, sending, sent, unknown or dead; all but sent if left out.")
    ] = None,
    most: Most = 50,
    as_json: AsJson = False,
) -> None:
    """Messages by state, the newest first."""
    from db.outbox.messages import MessageState

    if state is not None and state not in list(MessageState):
        raise BadInput(
            N_("%(state)s is not a state. Use one of %(states)s."),
            state=state,
            states=", ".join(MessageState),
        )
    states = [state] if state is not None else [str(one) for one in MessageState if one != MessageState.SENT]
    _print(states, most, as_json)


@commands.command()
def unknown(most: Most = 50, as_json: AsJson = False) -> None:
    """Messages that may have arrived: Slack's answer was lost, and its history has not settled it yet."""
    _print(["unknown"], most, as_json)


@commands.command()
def show(outbox_id: Id, as_json: AsJson = False) -> None:
    """One message with everything that is known of it."""
    from bot.services.delivery import outbox

    with opened() as bot:
        row = outbox.show(bot.database, outbox_id)
    known = _data(row) | {"body": json.loads(row.body_json)}
    if as_json:
        print_json(known)
        return
    for name, value in known.items():
        if value is not None:
            out.print(f"{name}: {value}", markup=False)


@commands.command()
def retry(outbox_id: Id) -> None:
    """Send a dead or unknown message again; an unknown one then says that it may be a repeat."""
    from bot.services.delivery import outbox

    with opened() as bot:
        outbox.retry(bot.database, outbox_id, actor=whoami(), now=bot.clock.now())
    out.print(f"Message {outbox_id} is queued again.")


@commands.command()
def drop(outbox_id: Id) -> None:
    """Never send a message that waits or is unknown."""
    from bot.services.delivery import outbox

    with opened() as bot:
        outbox.drop(bot.database, outbox_id, actor=whoami())
    out.print(f"Message {outbox_id} is dropped.")


def _print(states: list[str], most: int, as_json: bool) -> None:
    from db.outbox import messages

    with opened() as bot, bot.database.read() as session:
        rows = messages.listed(session, states, most)
    if as_json:
        print_json([_data(row) for row in rows])
        return
    if not rows:
        out.print("No messages.")
        return
    cells = [
        [
            str(row.id),
            row.state,
            row.kind,
            row.address,
            _when(row.created_at),
            str(row.attempt),
            row.error or "",
        ]
        for row in rows
    ]
    out.print(table(["id", "state", "kind", "to", "written", "tries", "why"], cells))


def _data(row: "OutboxMessage") -> dict[str, Any]:
    return row.model_dump(exclude={"body_json", "body_hash"})


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
