"""Setting and removing values of a customer profile, by those who look after the customer; within minutes taken back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, NotFound, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.traits.fields import TraitField, TraitFields, folded
from bot.services.traits.values import PresentValue, WrongTraits, check_values, compare
from bot.wording.actions import Pointer
from db.audit import AuditAction, ObjectKind
from db.book import customers, traits
from db.book.customers import CustomerRow
from db.book.traits import BY_HAND, Trait
from db.care import marks, touches
from db.engine import Database
from db.processes import InboundKey, take_request

UNDO = timedelta(minutes=10)
_ONE, _EPOCH = timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)
CHANGED = N_("Somebody has changed this customer profile meanwhile. Close this and open it again.")
TOO_LATE = N_("This could be taken back for ten minutes, and they are over. It stays as it is.")


@dataclass(frozen=True, kw_only=True)
class SavedProfile:
    """What was set or removed of a customer profile, and the moment by which it can be taken back."""

    customer_id: int
    name: str
    code: str
    set: tuple[str, ...]  # fields that have other values now
    removed: tuple[str, ...]  # fields that have none any more
    past: tuple[str, ...] = ()  # fields of which a later day is known: what was said is kept as history
    moment: datetime | None = None  # None where nothing has changed


def save(
    database: Database,
    actor: Actor,
    meant: int | Pointer,
    fields: TraitFields,
    given: Mapping[str, Sequence[str]],
    *,
    as_of: date | None = None,
    state: str | None = None,
    now: datetime,
    request: InboundKey | None = None,
    before_commit: Callable[[], None] = lambda: None,
) -> SavedProfile:
    """Give fields exactly these values as of a day, by default today; a field without a value has none any more.

    Raises WrongTraits, BadInput for a day to come, Conflict when the profile is not in this `state` any more, NotFound
    and NotAllowed.
    """
    stated, day = _checked(fields, given), as_of or actor.today(now)
    if day > actor.today(now):
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day.")).of("day")
    with database.write() as session:
        if request is not None:
            take_request(session, request, now)
        customer, last = _locked(session, actor, meant)
        if state is not None and state != state_of(last):
            raise Conflict(CHANGED)
        _refuse_unsuited(session, fields, customer, [field for field, values in stated.items() if values])
        moment = _moment(last, now)
        saved = _write(session, actor, customer, stated, day, moment)
        if saved.moment is not None:
            done = {"set": list(saved.set), "removed": list(saved.removed), "past": list(saved.past)}
            _record(session, actor, customer.id, {name: those for name, those in done.items() if those})
        before_commit()
        return saved


def remove(
    database: Database,
    actor: Actor,
    customer_id: int,
    fields: TraitFields,
    name: str,
    texts: Sequence[str],
    *,
    now: datetime,
) -> SavedProfile:
    """Remove these values of a field from what counts, or all of it; also of a field that the file has no more.

    Raises NotFound for a value that the field does not have, and the same as `save`.
    """
    with database.write() as session:
        customer, last = _locked(session, actor, customer_id)
        present = traits.present(session, customer.id)
        known = [one for one in present if one.field == name]
        if not known:
            field = fields.require(name)
            known = [one for one in present if one.field == field.id]
        ended = [_meant(fields, known, text) for text in texts] or known
        moment = _moment(last, now)
        traits.end(session, [one.id or 0 for one in ended], moment)
        names = tuple(sorted({one.field for one in ended}))
        if names:
            _record(session, actor, customer.id, {"removed": list(names)})
        return SavedProfile(
            customer_id=customer.id,
            name=customer.name,
            code=customer.code,
            set=(),
            removed=names,
            moment=moment if names else None,
        )


def _meant(fields: TraitFields, known: Sequence[Trait], text: str) -> Trait:
    """The value that counts and is called so."""
    for one in known:
        field = fields.find(one.field)
        of_choice = field.find(text) if field is not None else None
        if folded(one.value) == folded(text if of_choice is None else of_choice.id):
            return one
    raise NotFound(N_("There is no such value: %(value)s."), value=text)


def undo(
    database: Database,
    actor: Actor,
    meant: int | Pointer,
    state: str,
    *,
    now: datetime,
    request: InboundKey | None = None,
) -> SavedProfile:
    """Take back the last change of a customer's profile within ten minutes.

    `state` names the change. Raises Conflict when another one came after it, or it is too late.
    """
    with database.write() as session:
        if request is not None:
            take_request(session, request, now)
        customer, last = _locked(session, actor, meant)
        if last is None or state_of(last) != state:
            raise Conflict(CHANGED)
        if now - last > UNDO:
            raise Conflict(TOO_LATE)
        recorded, ended = traits.changed_at(session, customer.id, last)
        if any(one.source != BY_HAND for one in recorded) or any(one.superseded_by_batch for one in ended):
            raise Conflict(CHANGED)
        names = sorted({one.field for one in (*recorded, *ended)})
        traits.take_back(session, [one.id or 0 for one in recorded], [one.id or 0 for one in ended])
        _record(session, actor, customer.id, {"undone": names})
        return SavedProfile(
            customer_id=customer.id, name=customer.name, code=customer.code, set=tuple(names), removed=()
        )


def state_of(last: datetime | None) -> str:
    """The state of a customer's profile: another one after every change."""
    return "0" if last is None else str((last - _EPOCH) // _ONE)


def _locked(session: Session, actor: Actor, meant: int | Pointer) -> tuple[CustomerRow, datetime | None]:
    """The customer, if the actor may change its profile, locked, and when the profile was changed last."""
    customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
    touches.lock(session, [customer.id])
    return customer, traits.last_change(session, customer.id)


def _moment(last: datetime | None, now: datetime) -> datetime:
    """When a change is recorded: later than the last one, so that taking it back finds what was done together."""
    return now if last is None else max(now, last + _ONE)


def _checked(fields: TraitFields, given: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    stated: dict[str, tuple[str, ...]] = {}
    problems: dict[str, Phrase] = {}
    for name, texts in given.items():
        if not texts:
            stated[name] = ()
            continue
        field = fields.require(name)
        try:
            stated[field.id] = check_values(field, texts)
        except ValueError as error:
            problems[field.id] = error.args[0]
    if problems:
        raise WrongTraits(problems)
    return stated


def _refuse_unsuited(
    session: Session, fields: TraitFields, customer: CustomerRow, given: Collection[str]
) -> None:
    """Refuse fields that customers of this type do not have."""
    kind = customers.types_of(session, [customer.id]).get(customer.id)
    is_person = fields.is_person(kind)
    problems = {
        name: unsuited(field, kind) for name in given if not (field := fields.require(name)).suits(is_person)
    }
    if problems:
        raise WrongTraits(problems)


def unsuited(field: TraitField, customer_type: str | None) -> Phrase:
    """Why customers of this type do not have a field."""
    msgid = N_("is for companies, and the customer type %(type)s is a person's")
    if field.of == "persons":
        msgid = N_("is for persons, and the customer type %(type)s is not a person's")
    return Phrase(msgid, type=repr(customer_type))


def _write(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    stated: Mapping[str, Sequence[str]],
    day: date,
    moment: datetime,
) -> SavedProfile:
    present: dict[str, list[PresentValue]] = {}
    for one in traits.present(session, customer.id):
        present.setdefault(one.field, []).append(PresentValue(one.id or 0, one.value, one.as_of))
    rows: list[Trait] = []
    ended: list[int] = []
    changed, removed, past = list[str](), list[str](), list[str]()
    for field, values in stated.items():
        known = present.get(field, [])
        found = compare(known, values, day, day)
        if not (found.added or found.ended):
            continue
        (past if found.is_past else changed if values else removed).append(field)
        ended += found.ended
        rows += [
            Trait(
                customer_id=customer.id,
                field=field,
                value=value,
                as_of=day,
                source=BY_HAND,
                author=actor.name,
                recorded_at=moment,
                superseded_at=moment if found.is_past else None,
            )
            for value in found.added
        ]
    traits.end(session, ended, moment)
    traits.add(session, rows)
    return SavedProfile(
        customer_id=customer.id,
        name=customer.name,
        code=customer.code,
        set=tuple(changed),
        removed=tuple(removed),
        past=tuple(past),
        moment=moment if rows or ended else None,
    )


def _record(session: Session, actor: Actor, customer_id: int, what: Mapping[str, object]) -> None:
    """Record an act in the audit, and let the care of the customer be planned again."""
    actor.record(session, AuditAction.PROFILE_CHANGED, ObjectKind.CUSTOMER, customer_id, after=what)
    marks.mark_planned(session.connection(), [customer_id])
