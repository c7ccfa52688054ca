"""What commands show without masks, and the lists of customers that they print: both are recorded in the audit."""

from collections.abc import Collection
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import show_personal
from bot.services.access import Actor
from bot.services.ask import unmasked
from bot.wording.private import MaskedFields
from db.audit import AuditAction, ObjectKind

ShowPersonal = Annotated[
    bool,
    typer.Option("--show-personal", help="Show personal and financial fields in full; the audit records it."),
]


def in_full(bot: Tierbot, actor: Actor, customer_id: int) -> MaskedFields:
    """What is masked of a customer. Raises NotFound as `unmask`."""
    found = unmasked.unmask(bot.database, bot.scheme_cache, actor, customer_id)
    show_personal()
    return found


def look(bot: Tierbot, actor: Actor, customer_id: int | None, fields: Collection[str]) -> None:
    """Record that the actor sees these fields of a customer, or of the whole book, and mask nothing from here on."""
    with bot.database.write() as session:
        unmasked.record_look(session, actor, customer_id, fields)
    show_personal()


def record_list(bot: Tierbot, actor: Actor, name: str, customers: int) -> None:
    """Record that a list of customers is printed."""
    with bot.database.write() as session:
        actor.record(
            session,
            AuditAction.EXPORTED,
            ObjectKind.BOOK,
            f"tierbot {name}",
            after={"customers": customers},
        )
