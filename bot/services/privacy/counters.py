"""Stored counts that include rows of an erased customer: of gradings, shadow gradings and imports."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Table, func, select
from sqlmodel import Session

from bot.services.imports.kinds import KINDS
from db import traces
from db.book.facts import Fact
from db.book.imports import ImportBatch, table
from db.graded.runs import Assessment, GradingRun
from db.graded.shadows import ShadowMove, ShadowRun

_assessment, _run, _move, _shadow = (table(one) for one in (Assessment, GradingRun, ShadowMove, ShadowRun))
_batch, _fact, _change = table(ImportBatch), table(Fact), traces.CHANGE


def subtract(session: Session, customer_ids: Collection[int]) -> None:
    """Subtract what is about to be deleted, so that `tierbot verify` finds counts and rows equal."""
    for run_id, number in _counted(session, _assessment, customer_ids, _assessment.c.run_id):
        session.execute(_run.update().where(_run.c.id == run_id).values(customers=_run.c.customers - number))
    columns = _move.c.run_id, _move.c.scheme_version_id
    for run_id, version, number in _counted(session, _move, customer_ids, *columns):
        of_run = _shadow.c.run_id == run_id, _shadow.c.scheme_version_id == version
        session.execute(_shadow.update().where(*of_run).values(movers=_shadow.c.movers - number))
    for target in {kind.writes[0].table for kind in KINDS.values()}:
        if target in traces.customer_tables():
            _subtract_imported(session, target, customer_ids)


def _subtract_imported(session: Session, target: Table, customer_ids: Collection[int]) -> None:
    created = Counter(dict(_pairs(session, target, customer_ids, target.c.batch_id)))
    if target is _fact:  # a correction is a new row, which supersedes the old one
        changed = Counter(dict(_pairs(session, target, customer_ids, target.c.superseded_by_batch)))
        created -= changed
    else:
        rows = select(target.c.id).where(traces.about_customers(target, customer_ids))
        of_rows = _change.c.table_name == target.name, _change.c.row_id.in_(rows)
        found = select(_change.c.batch_id, func.count()).where(*of_rows).group_by(_change.c.batch_id)
        changed = Counter({row[0]: row[1] for row in session.execute(found)})
    _update(session, target, "created", created)
    subtract_changes(session, target, changed)


def subtract_row(session: Session, target: Table, row_id: int) -> None:
    """Subtract one row that is about to be deleted, and its changes."""
    created = session.scalars(select(target.c.batch_id).where(target.c.id == row_id)).all()
    _update(session, target, "created", Counter(one for one in created if one is not None))
    subtract_changes(session, target, Counter(batches_that_changed(session, target, row_id)))


def subtract_changes(session: Session, target: Table, changed: Mapping[int, int]) -> None:
    """Subtract changes of rows of a table from what imports counted."""
    _update(session, target, "changed", changed)


def batches_that_changed(session: Session, target: Table, row_id: int) -> list[int]:
    """The imports that changed a row."""
    of_row = _change.c.table_name == target.name, _change.c.row_id == row_id
    return list(session.scalars(select(_change.c.batch_id).where(*of_row)))


def cut_parents(session: Session, customer_ids: Collection[int]) -> None:
    """Let no customer, nor what an undo would restore of one, refer to these customers as its parent."""
    customer = traces.CUSTOMER
    others = customer.c.id.not_in(customer_ids)
    session.execute(
        customer.update()
        .where(customer.c.parent_id.in_(customer_ids), others)
        .values(parent_id=None, version=customer.c.version + 1)
    )
    before = select(_change.c.id, _change.c.before).where(
        _change.c.table_name == customer.name,
        _change.c.row_id.not_in(customer_ids),
        _change.c.before.contains('"parent_id"'),
    )
    for number, text in session.execute(before).all():
        values = json.loads(text)
        if values.get("parent_id") in customer_ids:
            values["parent_id"] = None
            stored = json.dumps(values, ensure_ascii=False)
            session.execute(_change.update().where(_change.c.id == number).values(before=stored))


def _update(session: Session, target: Table, column: str, numbers: Mapping[int, int]) -> None:
    kinds = [name for name, kind in KINDS.items() if kind.writes[0].table is target]
    for batch_id, number in numbers.items():
        of_kind = _batch.c.id == batch_id, _batch.c.kind.in_(kinds)
        session.execute(_batch.update().where(*of_kind).values({column: _batch.c[column] - number}))


def _pairs(session: Session, of: Table, customer_ids: Collection[int], column: Any) -> list[tuple[int, int]]:
    return [(row[0], row[1]) for row in _counted(session, of, customer_ids, column) if row[0] is not None]


def _counted(session: Session, of: Table, customer_ids: Collection[int], *columns: Any) -> list[Any]:
    """Rows about customers, counted by some columns."""
    found = select(*columns, func.count()).where(traces.about_customers(of, customer_ids)).group_by(*columns)
    return list(session.execute(found).all())
