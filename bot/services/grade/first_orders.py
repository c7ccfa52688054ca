"""With its first order a prospect becomes an account, by the rule of the prospects' scheme."""

from collections.abc import Sequence
from datetime import date, datetime

from bot.services.grade import scheme_choice
from bot.services.grade.regrades import regrade
from bot.services.grade.runs import CHUNK, Notify, RunReport
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db import processes
from db.book import imports
from db.book.customers import Customer
from db.engine import Database
from db.graded import first_orders, overrides, results, schemes
from db.graded.first_orders import RecordChange

CURSOR = "first_orders"  # what was there when prospects were last looked at
BATCH = 500  # customers to a transaction: short enough that a button pressed meanwhile does not wait
BY = "first order"  # who ended what was decided of the prospect


def follow_first_orders(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Make accounts of the prospects that have bought, and grade those as accounts; touches follow the tier.

    Nothing happens unless the scheme that grades the prospect says so (`on_first_order`) and one for accounts is in
    force: until then they stay prospects, with their tier and care. Safe to repeat: whoever could not be graded, because
    a run was under way or there was none yet, is in the next pass.
    """
    with database.read() as session:
        if not (schemes.in_force(session, "prospect", today) and schemes.in_force(session, "account", today)):
            return []
        rules = store.in_force(session, scheme_cache, "prospect", today)
        if all(rule.scheme.on_first_order is None for rule in rules):
            return []
        mark = repr((imports.newest_batch(session), [rule.version_id for rule in rules], str(today)))
        looked = processes.cursor(session, CURSOR) == mark
    after: int | None = None if looked else 0
    while after is not None:
        after = _move_some(database, rules, after, today, now)
    if not looked:
        with database.write() as session:
            processes.set_cursor(session, CURSOR, mark)
    with database.read() as session:
        waiting = first_orders.waiting(session)
    reports = [
        regrade(
            database,
            scheme_cache,
            waiting[start : start + CHUNK],
            for_purpose="account",
            today=today,
            now=now,
            notify=notify,
        )
        for start in range(0, len(waiting), CHUNK)
    ]
    return [report for report in reports if report is not None]


def _move_some(
    database: Database, rules: Sequence[SchemeInForce], after: int, today: date, now: datetime
) -> int | None:
    """Move the next ones behind a customer; the last one looked at, None when there are no more."""
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
            if not first_orders.is_recorded(session, customer.id, "account", day):
                newest = results.newest(session, customer.id, "prospect")
                session.add(
                    RecordChange(
                        customer_id=customer.id,
                        before=customer.record_type,
                        after="account",
                        effective_on=day,
                        since_before=customer.since,
                        tier_before=newest[0][0].tier if newest else None,
                        scheme_version_id=rule_of[customer.id],
                        changed_at=now,
                    )
                )
            decided = overrides.open_override(session, customer.id, "prospect")
            if decided is not None:
                decided.ended_at, decided.ended_by = now, BY
                session.add(decided)
            _become_account(customer, day)
            session.add(customer)
    return last


def _become_account(customer: Customer, day: date) -> None:
    customer.record_type = "account"
    customer.since = day  # it is new as a customer, however long it was known before
    customer.version += 1
