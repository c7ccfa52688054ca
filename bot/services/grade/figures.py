"""Writes the figures of accounts (`db.graded.figures`): all of them after a grading of the book, some after news.

Each chunk is read, computed and written in one transaction under a lock, so that figures never replace newer ones. What
changes after that marks its customers, or is an import that the next regrade follows.
"""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache
from db import processes
from db.book import customers
from db.book.trade import order_totals
from db.engine import Database
from db.graded import figures, runs
from db.graded.figures import CURSOR
from db.graded.runs import Purpose

DUE = "due:"
CHUNK = 2_500  # customers of one transaction: others write in between
ORDERS = 250_000  # of a chunk of several customers, so that its memory is the same in any book
LOCK = "figures"
OVERDUE = "figures overdue"  # the cursor with the day up to which overdue invoices are in the figures


def mark_due(session: Session, run_id: int) -> None:
    """Say in the transaction that publishes a run of the whole book that the figures must follow it."""
    _, _, day = (processes.cursor(session, CURSOR) or "").partition("@")
    processes.set_cursor(session, CURSOR, f"{DUE}{run_id}@{day}")


def is_due(session: Session) -> bool:
    """Whether the figures of the whole book are older than its newest grading."""
    written = processes.cursor(session, CURSOR)
    if written is None:
        return runs.last_snapshot(session, Purpose.ACCOUNT) is not None
    return written.startswith(DUE)


def is_written(session: Session) -> bool:
    """Whether the figures of the whole book were ever written."""
    return processes.cursor(session, CURSOR) is not None


def write_book(database: Database, scheme_cache: SchemeCache, today: date) -> int:
    """Write the figures of all accounts as of a day, in chunks; how many differ. If interrupted, call it again."""
    with database.read() as session:
        begun = processes.cursor(session, CURSOR) or ""
        newest = runs.last_published(session, Purpose.ACCOUNT)
    done, after = 0, 0
    while True:
        with database.write(lock=LOCK) as session:
            ids = _fitting(session, customers.ids_after(session, Purpose.ACCOUNT, after, CHUNK))
            if not ids:
                break
            everybody = range(after + 1, ids[-1] + 1)
            done += _write(session, scheme_cache, ids, everybody, today, redated=False)
            after = ids[-1]
    with database.write(lock=LOCK) as session:
        figures.delete_foreign(session, after)
        # A run that was published meanwhile needs another pass.
        if (processes.cursor(session, CURSOR) or "") == begun:
            number = begun.removeprefix(DUE).partition("@")[0] or str(newest.id if newest else 0)
            processes.set_cursor(session, CURSOR, f"{number}@{today}")
    return done


def write_some(
    database: Database, scheme_cache: SchemeCache, customer_ids: Sequence[int], today: date
) -> int:
    """Write the figures of some customers; how many differ. Nothing before the first grading, which writes all."""
    done = 0
    for start in range(0, len(customer_ids), CHUNK):
        with database.write(lock=LOCK) as session:
            if not is_written(session):
                return done
            done += write(session, scheme_cache, customer_ids[start : start + CHUNK], today)
    return done


def follow(database: Database, scheme_cache: SchemeCache, today: date) -> int:
    """Write the figures that are due: of the whole book after an interrupted pass, and of marked customers.

    Once a day customers are marked of whom an invoice has become overdue.
    """
    with database.read() as session:
        is_new_day = processes.cursor(session, OVERDUE) != str(today)
    if is_new_day:
        with database.write(lock=LOCK) as session:
            figures.mark_newly_overdue(session, today)
            processes.set_cursor(session, OVERDUE, str(today))
    with database.read() as session:
        due, marked = is_due(session), figures.stale(session, CHUNK)
    done = write_book(database, scheme_cache, today) if due else 0
    while marked:
        with database.write(lock=LOCK) as session:
            done += write(session, scheme_cache, marked, today)
        with database.read() as session:
            marked = figures.stale(session, CHUNK)
    return done


def write(session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], today: date) -> int:
    """Write the figures of some customers, and of those that were joined into them, within a transaction."""
    everybody, done = figures.with_joined(session, customer_ids), 0
    while everybody:
        some = _fitting(session, everybody)
        accounts = figures.accounts(session, some)
        done += _write(session, scheme_cache, accounts, some, today, redated=True)
        everybody = everybody[len(some) :]
    return done


def _fitting(session: Session, customer_ids: list[int]) -> list[int]:
    """The first of some customers, without those with whom a chunk would have too many orders."""
    while len(customer_ids) > 1 and order_totals.orders_of(session, customer_ids) > ORDERS:
        customer_ids = customer_ids[: len(customer_ids) // 2]
    return customer_ids


def _write(
    session: Session,
    scheme_cache: SchemeCache,
    accounts: Sequence[int],
    customer_ids: Sequence[int],
    today: date,
    *,
    redated: bool,
) -> int:
    """Write the figures of those of some customers that are accounts, and delete those of the others."""
    from bot.services.grade.figure_columns import compute  # pandas: only when something is graded

    columns = compute(session, scheme_cache, accounts, today)
    return figures.write(session, columns, customer_ids, today, redated=redated)
