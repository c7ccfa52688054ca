"""What a demo begins with: the invented book, and its gradings of the last month ends."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from bot.app import Tierbot
from bot.clock import local_date
from bot.demo.book.files import SEED, write_book
from bot.services.grade import runs
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes import store
from bot.services.trial import proposal
from db import schema

SCHEME = "b2b_accounts"
_WORDS = {"contact-persons": "contact people", "customer-profiles": "customer profiles"}
SNAPSHOTS = 5  # month ends before today: enough that every tier has been held for the minimum time
Say = Callable[[str], None]


def fill(bot: Tierbot, say: Say) -> None:
    """Everything that a demo begins with, without a workspace."""
    bring_book(bot, say)
    grade_past(bot, say)


def bring_book(bot: Tierbot, say: Say) -> None:
    """Create the database and import the book."""
    schema.upgrade(bot.database)
    today = local_date(bot.clock.now(), bot.settings.zone)
    book = write_book(bot.settings.data_dir / "book", today=today)
    counts = ", ".join(_count(rows, kind) for kind, rows in book.rows.items())
    say(f"An invented book of customers, seed {SEED}: {counts}.")
    for path in book.files:
        import_rows(bot, path)


def _count(rows: int, kind: str) -> str:
    if kind in _WORDS:
        return f"{rows:,} {_WORDS[kind]}"
    return f"{rows:,} {kind.removesuffix('s') if rows == 1 else kind}"


def grade_past(bot: Tierbot, say: Say) -> None:
    """Grade the last month ends; only the newest sends alerts."""
    today = local_date(bot.clock.now(), bot.settings.zone)
    days = [store.last_cadence_day("month_end", today)]
    while len(days) < SNAPSHOTS:
        days.insert(0, store.last_cadence_day("month_end", days[0]))
    now = bot.clock.now()
    scheme = proposal.fill_in_constants(bot.database, store.find(SCHEME, None), days[0])
    with bot.database.write() as session:
        store.put_in_force(session, scheme, actor="demo", effective_from=days[0], now=now)
    for day in days:
        # Gradings that notify of nothing are those of the first one's moment: `tierbot verify` relies on it.
        report = grade(bot, day, now, bot.notify if day == days[-1] else None)
        tiers = ", ".join(f"{tier} {count}" for tier, count in report.tiers.items())
        say(f"Graded as of {day}: {tiers}.")


def import_rows(bot: Tierbot, path: Path) -> int:
    """Import one of the book's files; the number of accepted rows."""
    report = import_file(
        bot.database,
        kind="orders" if path.stem.startswith("orders") else path.stem,
        path=path,
        clock=bot.clock,
        actor=None,
        options=ImportOptions(source="demo"),
        rejects_dir=bot.settings.data_dir / "rejects",
    )
    if report.rejected:
        raise ValueError(f"{path.name}: {report.first_rejects[0]}")
    return report.accepted


def grade(bot: Tierbot, as_of: date, now: datetime, notify: runs.Notify | None) -> runs.RunReport:
    """Grade the whole book as of a day."""
    return runs.grade_book(
        bot.database,
        bot.scheme_cache,
        for_purpose="account",
        as_of=as_of,
        today=local_date(now, bot.settings.zone),
        now=now,
        notify=notify,
    )
