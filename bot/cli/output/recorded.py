"""What the commands that record, list and take back something share: options, the answer, and the end of a list."""

from decimal import Decimal
from typing import Annotated
from uuid import uuid4

import typer

from bot.app import Tierbot
from bot.cli.console import _, print_json, say
from bot.cli.output.presentation import as_text, message_json
from bot.services.reports.credit import to_limit
from bot.wording.message_base import Message
from db.processes import InboundKey

SOURCE = "tierbot"  # of what is recorded by command
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many, at most.")]
OwnId = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="A number of your own; the same one again corrects it."),
]


def external_id(own_id: str | None) -> str:
    """The id under which a command records something: one's own, else a new one."""
    return own_id or f"command:{uuid4().hex}"


def request() -> InboundKey:
    """The request of a command, which is taken once."""
    return InboundKey(team_id="", kind="command", key=uuid4().hex)


def to_amount(text: str | None) -> Decimal | None:
    """The amount of an option. Raises BadInput."""
    return to_limit(text) if text is not None else None


def print_message(bot: Tierbot, message: Message, as_json: bool, *more: str) -> None:
    """What a command has made of something, as JSON or in words with more sentences below."""
    if as_json:
        print_json(message_json(message))
        return
    say(as_text(bot.renderer.slots(message, bot.settings.language, mentions=False)))
    for sentence in more:
        say(sentence)


def say_rest(shown: int, total: int) -> None:
    """Say how many of a list are shown, and how to see more; nothing when all of them are."""
    if total > shown:
        say(
            _(
                "These are %(shown)s of %(total)s: %(option)s shows more.",
                shown=shown,
                total=f"{total:,}",
                option="--limit",
            )
        )
