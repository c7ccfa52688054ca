"""The customer profile as those see it who may see the customer; personal values only for who may, and audited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.access import Act, Actor, can
from bot.services.traits.acts import state_of
from bot.services.traits.fields import TraitField, TraitFields
from bot.wording.actions import Pointer
from bot.wording.profiles import CustomerProfile, CustomerProfileInFull, TraitRow
from db.audit import AuditAction, ObjectKind
from db.book import customers, traits
from db.book.customers import CustomerRow
from db.book.traits import BY_HAND, Trait
from db.engine import Database
from grading.scheme.model import Name

MOST_SHOWN = 60  # rows of a view


@dataclass(frozen=True, kw_only=True)
class StoredTrait:
    """A value with all that is known of it, as a script reads it; `value` is None where it is masked."""

    field: str
    field_name: Name
    value: str | None
    value_name: Name | None
    masked: bool
    as_of: date
    source: str
    author: str | None
    recorded_at: datetime
    counts: bool  # else it is history


@dataclass(frozen=True, kw_only=True)
class ProfileToChange:
    """A customer's profile as a form shows it: the fields that the reader may change, with their values."""

    customer_id: int
    name: str
    code: str
    state: str  # as `acts.save` takes it
    fields: tuple[TraitField, ...]
    values: Mapping[str, tuple[str, ...]]


def shown(session: Session, actor: Actor, meant: int | Pointer, fields: TraitFields) -> CustomerProfile:
    """The profile with masks. Raises Hidden for a customer that the actor may not see."""
    customer = access.customer_for(session, actor, Act.SEE, meant)
    rows = rows_of(fields, traits.present(session, customer.id), in_full=False)
    return CustomerProfile(
        **_part(customer, rows),
        may_change=can(actor, Act.LOG_CONTACT, customer),
        may_unmask=can(actor, Act.UNMASK, customer),
    )


def in_full(
    database: Database, actor: Actor, meant: int | Pointer, fields: TraitFields
) -> CustomerProfileInFull:
    """The same without masks. Raises NotFound and NotAllowed for an actor who may not see that."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK, meant)
        present = traits.present(session, customer.id)
        _record(session, actor, fields, customer.id, present)
        return CustomerProfileInFull(**_part(customer, rows_of(fields, present, in_full=True)))


def stored(
    database: Database,
    actor: Actor,
    customer_id: int,
    fields: TraitFields,
    *,
    full: bool,
    with_history: bool = False,
) -> list[StoredTrait]:
    """All values of a customer, with those that count no more if asked for, by field and the newest first."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK if full else Act.SEE, customer_id)
        found = traits.history(session, customer.id)
        found = [one for one in found if with_history or one.superseded_at is None]
        if full:
            _record(session, actor, fields, customer.id, found)
        place = {field.id: number for number, field in enumerate(fields.fields)}
        found.sort(key=lambda one: place.get(one.field, len(place)))
        return [_stored(fields, one, full) for one in found]


def to_change(database: Database, actor: Actor, meant: int | Pointer, fields: TraitFields) -> ProfileToChange:
    """The profile for a form. Personal fields are in it for who may see them, and then the audit records that."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        may_unmask = can(actor, Act.UNMASK, customer)
        is_person = fields.is_person(customers.types_of(session, [customer.id]).get(customer.id))
        offered = tuple(
            field for field in fields.fields if field.suits(is_person) and (may_unmask or not field.personal)
        )
        known = {field.id for field in offered}
        present = [one for one in traits.present(session, customer.id) if one.field in known]
        _record(session, actor, fields, customer.id, present)
        return ProfileToChange(
            customer_id=customer.id,
            name=customer.name,
            code=customer.code,
            state=state_of(traits.last_change(session, customer.id)),
            fields=offered,
            values=_by_field(present),
        )


def form_values(database: Database, customer_id: int) -> dict[str, tuple[str, ...]]:
    """The values from which a form of a customer's profile was made, to find out what was changed in it."""
    with database.read() as session:
        return _by_field(traits.present(session, customer_id))


def _by_field(present: Iterable[Trait]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for one in present:
        values[one.field] = (*values.get(one.field, ()), one.value)
    return values


def _part(customer: CustomerRow, rows: Sequence[TraitRow]) -> dict[str, Any]:
    return {
        **access.about(customer),
        "traits": tuple(rows[:MOST_SHOWN]),
        "more": max(0, len(rows) - MOST_SHOWN),
    }


def rows_of(fields: TraitFields, present: Iterable[Trait], *, in_full: bool) -> list[TraitRow]:
    """Values in the order of the fields, those of a field that were stated together in one row."""
    place = {field.id: number for number, field in enumerate(fields.fields)}

    def key(one: Trait) -> tuple[Any, ...]:
        return place.get(one.field, len(place)), one.field, one.as_of, one.source, one.author or ""

    return [
        _row(fields, list(together), in_full=in_full)
        for _, together in groupby(sorted(present, key=key), key=key)
    ]


def _row(fields: TraitFields, together: Sequence[Trait], *, in_full: bool) -> TraitRow:
    first = together[0]
    masked = not in_full and fields.is_personal(first.field)
    field = fields.find(first.field)
    return TraitRow(
        field=fields.name(first.field),
        values=() if masked else tuple(shown_value(field, one.value) for one in together),
        masked=masked,
        as_of=first.as_of,
        source=None if first.source == BY_HAND else first.source,
        author=first.author,
    )


def shown_value(field: TraitField | None, value: str) -> Name:
    """A value as it is read; as it is stored where its field is not known any more."""
    return field.shown(value) if field is not None else Name(en=value, zh=value)


def _stored(fields: TraitFields, one: Trait, full: bool) -> StoredTrait:
    masked = not full and fields.is_personal(one.field)
    return StoredTrait(
        field=one.field,
        field_name=fields.name(one.field),
        value=None if masked else one.value,
        value_name=None if masked else shown_value(fields.find(one.field), one.value),
        masked=masked,
        as_of=one.as_of,
        source=one.source,
        author=one.author,
        recorded_at=one.recorded_at,
        counts=one.superseded_at is None,
    )


def _record(
    session: Session, actor: Actor, fields: TraitFields, customer_id: int, seen: Iterable[Trait]
) -> None:
    """Record which personal fields of a customer somebody sees."""
    names = sorted({one.field for one in seen if fields.is_personal(one.field)})
    if names:
        actor.record(
            session, AuditAction.PERSONAL_SHOWN, ObjectKind.CUSTOMER, customer_id, after={"fields": names}
        )
