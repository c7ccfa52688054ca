"""What the database keeps about customers and people: which rows are about them, and which texts may name them.

It follows from the foreign keys. Only what does not is written down here, and a test compares it with the tables: a new
column that refers to a person, or that holds free text, must be added before it is released.
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    Table,
    TypeDecorator,
    and_,
    cast,
    false,
    or_,
    select,
)

from db import tables
from db.audit import AuditEntry, ObjectKind, person_actor
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.imports import ImportChange, table
from db.book.people import Person

CUSTOMER, PERSON, CONTACT = (table(one) for one in (Customer, Person, ContactPerson))
CHANGE, AUDIT = table(ImportChange), table(AuditEntry)

# Columns that refer to a customer without making their row one about it; an erasure empties them.
POINTERS = frozenset({"customer.parent_id", "customer.joined_into"})
# Columns that refer to a person: the number stays after an erasure, and means a former colleague.
OF_PEOPLE = frozenset(
    {
        "ownership.person_id",
        "activity.person_id",
        "note_version.changed_by",
        "note_version.person_id",
        "complaint.closed_by",
        "complaint.handler_id",
        "complaint_step.person_id",
        "gift.giver_id",
        "gift.owner_id",
        "gift.recorded_by",
        "handover.from_id",
        "handover.recorded_by",
        "handover.to_id",
        "promise.closed_by",
        "promise.closed_for",
        "promise.keeper_id",
        "promise.made_by",
        "promise_delay.person_id",
        "proposal.decider_id",
        "proposal.proposer_id",
        "outbox.recipient",
        "tier_override.approver_id",
        "touch.closed_by",
        "touch.assignee_id",
    }
)
LEADS = frozenset({"team.lead_id"})  # emptied instead
ENDING = frozenset(
    {
        "absence.person_id",
        "asked_customer.person_id",
        "calendar_entry.person_id",
        "calendar_feed.person_id",
        "daily_use.person_id",
        "deputy.deputy_id",
        "deputy.person_id",
        "personal_setting.person_id",
        "touch_act.person_id",
    }
)  # the row is deleted
# Columns that may name a contact person, of rows that are about nobody else; an erasure empties all others.
OF_CONTACT_PEOPLE = frozenset({"touch.contact_person_id"})
# Columns that name a contact person in rows that count for the customer -> the texts that an erasure empties with them.
EMPTIED_WITH = {"gift.contact_person_id": ("what", "reason")}
# Numbers that look as if they referred to a person or customer, and do not.
OTHER_NUMBERS = frozenset(
    {
        "assessment.scheme_version_id",
        "customer_care.scheme_version_id",
        "import_change.row_id",
        "tier_change.outbox_id",
        "touch.outbox_id",
        "touch.activity_id",
        "touch_act.activity_id",
        "note_version.activity_id",
        "weekly_report.team_id",
    }
)

_PEOPLE = OF_PEOPLE | LEADS | ENDING


def _columns(by_table: dict[str, str]) -> frozenset[str]:
    return frozenset(f"{place}.{name}" for place, names in by_table.items() for name in names.split())


# Texts that hold nothing but the name or the address of who did something.
DOERS = _columns(
    {
        "fact": "author",
        "trait": "author",
        "tier_override": "approver set_by ended_by",
        "credit_approval": "approved_by",
        "proposal": "proposed_by decided_by",
        "review_answer": "answered_by",
        "care_plan_decision": "actor",
        "scheme_step": "actor",
        "import_batch": "actor undone_by",
    }
)
# Texts that people wrote or files brought, in which anybody may be named.
FREE = _columns(
    {
        "activity": "note",
        "note_version": "note",
        "column_mapping": "column",
        "contact_person": "role interests note",
        "gift": "what reason",
        "handover": "note",
        "complaint": "outcome reported_by",
        "complaint_step": "text",
        "credit_approval": "reason",
        "fact": "evidence",
        "trait": "value",
        "import_batch": "file_name",
        "outbox": "error",
        "promise": "what reason",
        "promise_delay": "told",
        "proposal": "reason answer",
        "review_answer": "note",
        "shadow_run": "problem",
        "tier_override": "reason end_reason",
        "touch": "reason",
    }
)
# The same, as JSON.
FREE_JSON = _columns(
    {"import_answer": "value", "import_change": "before", "outbox": "body_json", "touch_act": "before"}
)
# Data about others and rules, in which somebody may be named; an erasure says so, and leaves them.
DATA = _columns(
    {
        "care_plan_version": "content",
        "customer": "name industry customer_type region country",
        "customer_name": "name",
        "fact": "value",
        "order_line": "product product_type",
        "scheme_version": "content",
        "team": "name",
    }
)
# Codes, numbers and words of our own, and what is about the customer or person of the row.
FIXED = _columns(
    {
        "activity": "source external_id kind",
        "activity_period": "kind source",
        "note_version": "kind",
        "audit_entry": "actor operator door action object_kind object_id before after hash",
        "assessment": "tier computed_tier capped_by standing clean inputs",
        "calendar_entry": "uid shown",
        "calendar_feed": "token_hash",
        "care_plan_decision": "plan state",
        "care_plan_version": "name sha256",
        "channel_name": "name channel_id",
        "circuit": "workspace reason sentence",
        "column_mapping": "source kind field",
        "complaint": "source external_id kind agreed",
        "survey_score": "source external_id score scale value",
        "credit_approval": "grade currency",
        "contact_person": "source external_id name channel email phone language zone country culture birthday greetings",
        "cursor": "name value",
        "customer": "code record_type language",
        "customer_care": "tier gates credit lifecycle quadrant rfm owed_since trouble",
        "customer_figures": "currency basis owed_currency limit_currency",
        "customer_key": "source external_id",
        "customer_name": "kind key",
        "customer_order": "source external_id currency original_currency",
        "exchange_rate": "firm_currency currency rate",
        "fact": "field source",
        "gift": "source external_id currency occasion state",
        "handover": "source external_id state",
        "trait": "field source",
        "grading_run": "purpose kind beside status",
        "heartbeat": "role boot_id",
        "import_answer": "source kind option",
        "import_batch": "kind source file_sha256 status",
        "import_change": "table_name",
        "inbox": "team_id kind key",
        "invoice": "source external_id currency original_currency",
        "lane": "name",
        "name_token": "token",
        "order_line": "line",
        "order_total": "currency",
        "outbox": "dedupe_key kind address channel body_hash state attempt_id slack_ts slack_channel error_class",
        "ownership": "role",
        "person": "email name role slack_user_id language timezone country working_days works_from works_until slack_team"
        " slack_status slack_timezone slack_language",
        "personal_setting": "remind_at muted",
        "promise": "source external_id outcome",
        "promise_message": "role",
        "proposal": "kind tier currency state",
        "redraw": "mark",
        "record_change": "before after tier_before",
        "review_answer": "reason item",
        "scheme_step": "purpose state scheme applies_to",
        "scheme_version": "name sha256",
        "shadow_move": "tier shadow_tier",
        "slack_connection": "boot_id problem",
        "tally": "name",
        "team": "channel language",
        "tier_change": "purpose from_tier to_tier",
        "tier_override": "purpose tier",
        "tombstone": "hash salt subject erasure what",
        "touch": "dedupe_key plan step occasion kind tier who state",
        "touch_act": "act",
        "touch_message": "role",
        "complaint_message": "role",
    }
)


def name_of(column: Column[Any]) -> str:
    """TABLE.COLUMN."""
    return f"{column.table.name}.{column.name}"


def columns_named(names: Iterable[str]) -> list[Column[Any]]:
    """The columns of TABLE.COLUMN names, in order."""
    return [
        tables.metadata.tables[place].c[column]
        for place, column in (name.split(".") for name in sorted(names))
    ]


@cache
def customer_tables() -> tuple[Table, ...]:
    """The tables whose rows are about a customer; those that others refer to come last."""
    return tuple(one for one in reversed(tables.metadata.sorted_tables) if _links(one) or one is CUSTOMER)


@cache
def _links(of: Table) -> tuple[Column[Any], ...]:
    """The columns by which the rows of a table are about a customer: itself, or a row that is about one."""
    found: list[Column[Any]] = []
    for key in of.foreign_keys:
        column, target = key.parent, key.column.table
        if name_of(column) in POINTERS or target is of or target is PERSON:
            continue
        if target is CUSTOMER or (_links(target) and not column.nullable):
            found.append(column)
    return tuple(sorted(found, key=name_of))


def about_customers(of: Table, customer_ids: Collection[int]) -> ColumnElement[bool]:
    """Condition: rows of a table that are about these customers."""
    if of is CUSTOMER:
        return CUSTOMER.c.id.in_(customer_ids)
    if of is CHANGE:
        return _changes_of([one for one in customer_tables() if "id" in one.c], customer_ids)
    if of is AUDIT:
        contacts = select(CONTACT.c.id).where(CONTACT.c.customer_id.in_(customer_ids))
        return or_(
            _audited(ObjectKind.CUSTOMER, customer_ids),
            and_(
                AUDIT.c.object_kind == ObjectKind.CONTACT_PERSON,
                AUDIT.c.object_id.in_(select(cast(contacts.subquery().c.id, String))),
            ),
        )
    conditions = []
    for column in _links(of):
        target = next(key.column.table for key in column.foreign_keys)
        if target is CUSTOMER:
            conditions.append(column.in_(customer_ids))
        else:
            conditions.append(column.in_(select(target.c.id).where(about_customers(target, customer_ids))))
    return or_(*conditions) if conditions else false()


def _changes_of(of: Iterable[Table], customer_ids: Collection[int]) -> ColumnElement[bool]:
    """Condition: previous values of rows that are about these customers."""
    return or_(
        *(
            and_(
                CHANGE.c.table_name == one.name,
                CHANGE.c.row_id.in_(select(one.c.id).where(about_customers(one, customer_ids))),
            )
            for one in of
        )
    )


def _audited(kind: ObjectKind, ids: Collection[int]) -> ColumnElement[bool]:
    """Condition: acts on these objects."""
    return and_(AUDIT.c.object_kind == kind, AUDIT.c.object_id.in_(list(map(str, ids))))


def about_person(of: Table, person_id: int) -> ColumnElement[bool]:
    """Condition: rows of a table that refer to this person."""
    if of is PERSON:
        return PERSON.c.id == person_id
    if of is CHANGE:
        return and_(CHANGE.c.table_name == PERSON.name, CHANGE.c.row_id == person_id)
    if of is AUDIT:
        return or_(AUDIT.c.actor == person_actor(person_id), _audited(ObjectKind.PERSON, [person_id]))
    conditions = [column == person_id for column in of.c if name_of(column) in _PEOPLE]
    return or_(*conditions) if conditions else false()


def person_tables() -> list[Table]:
    """The tables with rows that refer to people, and the people."""
    wanted = {name.partition(".")[0] for name in _PEOPLE} | {PERSON.name, CHANGE.name, AUDIT.name}
    return [one for one in tables.metadata.sorted_tables if one.name in wanted]


def about_contact_person(of: Table, contact_person_id: int) -> ColumnElement[bool]:
    """Condition: rows of a table that are about this contact person, or name them."""
    if of is CONTACT:
        return CONTACT.c.id == contact_person_id
    if of is CHANGE:
        return and_(CHANGE.c.table_name == CONTACT.name, CHANGE.c.row_id == contact_person_id)
    if of is AUDIT:
        return _audited(ObjectKind.CONTACT_PERSON, [contact_person_id])
    conditions = [column == contact_person_id for column in contact_columns() if column.table is of]
    return or_(*conditions) if conditions else false()


def contact_columns() -> list[Column[Any]]:
    """The columns that refer to a contact person."""
    return [
        column
        for one in tables.metadata.sorted_tables
        for column in one.c
        if column.name == "contact_person_id" or column.references(CONTACT.c.id)
    ]


def contact_tables() -> list[Table]:
    """The tables with rows that are about contact people or name them."""
    wanted = {column.table for column in contact_columns()} | {CONTACT, CHANGE, AUDIT}
    return [one for one in tables.metadata.sorted_tables if one in wanted]


def ever_naming(column: Column[Any], contact_person_id: int) -> Select[int]:
    """A SELECT of the rows that name a contact person in this column, or did before an import changed them."""
    own = column.table.c.id
    named = or_(*(CHANGE.c.before.contains(f'"{column.name}": {contact_person_id}{end}') for end in ",}"))
    changed = select(CHANGE.c.row_id).where(CHANGE.c.table_name == column.table.name, named)
    return select(own).where(or_(column == contact_person_id, own.in_(changed)))


def goes_with_contact_person(column: Column[Any]) -> bool:
    """Whether a row goes with the contact person whom this column names; otherwise only the column is emptied."""
    return not column.nullable or name_of(column) in OF_CONTACT_PEOPLE


def unsorted() -> list[str]:
    """Columns that are in none of the sets above, and ought to be: they refer to somebody, or hold text."""
    found = []
    for one in tables.metadata.sorted_tables:
        for column in one.c:
            name, targets = name_of(column), {key.column.table for key in column.foreign_keys}
            if PERSON in targets or (not targets and _looks_like_a_reference(column)):
                found += [name] * (
                    name not in _PEOPLE | OTHER_NUMBERS | OF_CONTACT_PEOPLE | EMPTIED_WITH.keys()
                )
            elif CUSTOMER in targets and column.nullable:
                found += [name] * (name not in POINTERS)
            elif _is_text(column):
                found += [name] * (name not in DOERS | FREE | FREE_JSON | DATA | FIXED)
    return found


def _looks_like_a_reference(column: Column[Any]) -> bool:
    return not _is_text(column) and column.name.endswith(("_id", "_by")) and column.name != "batch_id"


def _is_text(column: Column[Any]) -> bool:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(kind, String | LargeBinary)
