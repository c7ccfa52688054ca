"""Showing what is masked: who looked at what is recorded in the audit before it is shown."""

from collections.abc import Collection, Iterator

from sqlmodel import Session

from bot.masking import mask_text
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask.graded import Graded, as_read, graded_of, unit_as_read
from bot.services.ask.masks import masked_fields
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.private import MaskedFact, MaskedFields, MaskedFigure
from db.audit import AuditAction, ObjectKind
from db.book import facts
from db.engine import Database
from db.privacy import is_masked, of_field

MOST_FACTS = 50


def unmask(database: Database, scheme_cache: SchemeCache, actor: Actor, meant: int | Pointer) -> MaskedFields:
    """A customer's masked figures and facts, the newest of each field.

    Raises NotFound for a customer that the actor may not see like this, as for one that does not exist.
    """
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK, meant)
        graded = graded_of(session, scheme_cache, customer)
        figures = dict(_figures(graded)) if graded else {}
        known = {field: fact for field, fact in _facts(session, customer.id).items() if field not in figures}
        texts = {"code": customer.code, "name": customer.name}
        looked_at = [*figures, *known, *(field for field, text in texts.items() if mask_text(text) != text)]
        _record(session, actor, customer.id, looked_at)
    return MaskedFields(
        name=customer.name,
        code=customer.code,
        figures=tuple(figures.values()),
        facts=tuple(known.values()),
        as_of=graded.run.as_of if graded and figures else None,
    )


def record_look(session: Session, actor: Actor, customer_id: int | None, fields: Collection[str]) -> None:
    """Record that somebody sees these fields, of a customer or of the whole book, without their masks.

    Raises NotFound or NotAllowed for an actor who may not.
    """
    if customer_id is None:
        access.require(actor, Act.UNMASK)
    else:
        access.customer_for(session, actor, Act.UNMASK, customer_id)
    _record(session, actor, customer_id, fields)


def _record(session: Session, actor: Actor, customer_id: int | None, fields: Collection[str]) -> None:
    actor.record(
        session,
        AuditAction.PERSONAL_SHOWN,
        ObjectKind.BOOK if customer_id is None else ObjectKind.CUSTOMER,
        customer_id,
        after={"fields": sorted(fields)},
    )


def _figures(graded: Graded) -> Iterator[tuple[str, MaskedFigure]]:
    """The indicators that count with a value that is masked."""
    masked = masked_fields(graded.scheme)
    indicators = {indicator.id: indicator for indicator in graded.scheme.indicators}
    for line in graded.breakdown.data["breakdown"]:
        if line["indicator"] in masked and line["value"] is not None:
            indicator = indicators[line["indicator"]]
            yield (
                indicator.id,
                MaskedFigure(
                    names=indicator.name,
                    unit=unit_as_read(indicator),
                    value=as_read(indicator, line["value"]),
                ),
            )


def _facts(session: Session, customer_id: int) -> dict[str, MaskedFact]:
    """The newest valid fact of each field that is masked."""
    found: dict[str, MaskedFact] = {}
    for field, value, day in facts.current(session, customer_id):
        masked = is_masked(of_field(field)) or mask_text(value) != value
        if masked and field not in found and len(found) < MOST_FACTS:
            found[field] = MaskedFact(field=field, value=value, measured_on=day)
    return found
