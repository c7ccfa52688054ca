"""Who may record a fact about a customer: who may log its contacts, and of what is masked who may see that too."""

from collections.abc import Callable

from bot.errors import N_, NotAllowed
from bot.services.access import Act, Actor, Owned, can
from bot.services.ask.masks import masked_fields
from grading.scheme.model import Scheme

MASKED_TO_YOU = N_("This figure is masked for you, so you cannot record it. Ask an admin.")


def recording_of(actor: Actor, customer: Owned, scheme: Scheme) -> Callable[[str], bool]:
    """Which fields of a scheme somebody may record about a customer."""
    may_log, may_unmask = can(actor, Act.LOG_CONTACT, customer), can(actor, Act.UNMASK, customer)
    masked = masked_fields(scheme)
    return lambda field: may_log and field in scheme.fields and (may_unmask or field not in masked)


def refuse_masked(actor: Actor, customer: Owned, *, is_masked: bool) -> None:
    """Raise NotAllowed for a field that the actor may not see without its mask."""
    if is_masked and not can(actor, Act.UNMASK, customer):
        raise NotAllowed(MASKED_TO_YOU)
