"""With its first order a prospect becomes an account, by the rule of the prospects' scheme."""

from collections.abc import Sequence
from datetime import date, datetime

from bot.services.grade import figures, scheme_choice
from bot.services.grade.regrades import regrade_each
from bot.services.grade.runs import Notify, RunReport
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db import processes
from db.book import imports
from db.engine import Database
from db.graded import assessments, first_orders, overrides, schemes
from db.graded.first_orders import RecordChange
from db.graded.runs import Purpose

CURSOR = "first_orders"  # imports, schemes and day when prospects were last checked
BATCH = 500  # customers per transaction: short enough that a button pressed meanwhile does not wait
BY = "first order"  # who ended the prospect's override


def follow_first_orders(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Make accounts of the prospects that have bought, and grade those as accounts; touches follow the tier.

    Nothing happens unless the scheme that grades the prospect says so (`on_first_order`) and one for accounts is in
    force: until then they stay prospects, with their tier and care. Safe to repeat: a customer that could not be graded,
    because a run was running or there was none yet, is in the next call.
    """
    with database.read() as session:
        rules = store.rules_on(session, scheme_cache, Purpose.PROSPECT, today)
        if all(rule.scheme.on_first_order is None for rule in rules):
            return []
        if not schemes.in_force(session, Purpose.ACCOUNT, today):
            return []
        mark = repr((imports.newest_batch(session), [rule.version_id for rule in rules], str(today)))
        checked = processes.cursor(session, CURSOR) == mark
    after: int | None = None if checked else 0
    while after is not None:
        after = _move_some(database, rules, after, today, now)
    if not checked:
        with database.write() as session:
            processes.set_cursor(session, CURSOR, mark)
    with database.read() as session:
        waiting = first_orders.waiting(session)
    figures.write_some(database, scheme_cache, waiting, today)
    return regrade_each(
        database, scheme_cache, waiting, [Purpose.ACCOUNT], today=today, now=now, notify=notify
    )


def _move_some(
    database: Database, rules: Sequence[SchemeInForce], after: int, today: date, now: datetime
) -> int | None:
    """Move the next prospects after a customer; the last one checked, None when there are no more."""
    with database.write(lock="first orders") as session:
        found = first_orders.with_order(session, today, BATCH, after)
        if not found:
            return None
        last = max(customer.id or 0 for customer, _ in found)
        shares = scheme_choice.allot(session, rules, [customer.id or 0 for customer, _ in found])
        rule_of = {
            customer_id: rule.version_id
            for rule, customer_ids in shares.shares
            if rule.scheme.on_first_order is not None
            for customer_id in customer_ids or ()
        }
        for customer, day in found:
            if customer.id is None or customer.id not in rule_of:
                continue
            if not first_orders.is_recorded(session, customer.id, Purpose.ACCOUNT, day):
                newest = assessments.newest(session, customer.id, Purpose.PROSPECT)
                session.add(
                    RecordChange(
                        customer_id=customer.id,
                        before=customer.record_type,
                        after=Purpose.ACCOUNT,
                        effective_on=day,
                        since_before=customer.since,
                        tier_before=newest[0][0].tier if newest else None,
                        scheme_version_id=rule_of[customer.id],
                        changed_at=now,
                    )
                )
            override = overrides.open_override(session, customer.id, Purpose.PROSPECT)
            if override is not None:
                override.ended_at, override.ended_by = now, BY
                session.add(override)
            customer.record_type = Purpose.ACCOUNT
            customer.since = day  # it is new as a customer, however long it was known before
            customer.version += 1
            session.add(customer)
    return last
