"""Whatever happened to a book, the figures of its accounts equal a slow count over what is in it now."""

import os
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.errors import BotError
from bot.services.grade import figures, first_orders, regrades, runs
from bot.services.imports import ImportOptions, ImportReport, import_file, join_customers, undo
from bot.services.privacy import erasure, subjects
from bot.services.privacy.erasure import Wording
from bot.services.reports import credit
from bot.services.reports.credit import ApprovalRequest
from bot.services.schemes.store import SchemeCache
from db.engine import Database
from tests import factories
from tests.services.grade.slow_figures import differences
from tests.services.reports.test_credit import CREDIT_SCHEME

START = date(2026, 4, 7)
ACCOUNTS = factories.PLAIN_SCHEME.replace("dimensions:", "constants: {usual_gap_days: 45}\ndimensions:", 1)
OPTIONS = {"create_customers": True}
ACCEPTED = ("order-number-reused", "invoice-number-reused")


class History:
    """A book with six customers to which something drawn happens day after day; `log` says what."""

    def __init__(self, database: Database, folder: Path, rng: random.Random, scheme: str) -> None:
        self.database, self.folder, self.rng = database, folder, rng
        self.today, self.cache, self.batches = START, SchemeCache(), list[int]()
        self.log: list[str] = []
        self.codes = [f"C{number}" for number in range(1, 7)]
        self.orders: list[str] = []
        with database.write() as session:
            factories.scheme(session, CREDIT_SCHEME)
            factories.scheme(session, scheme)
            self.ids = {code: factories.customer(session, f"Firm {code}", code=code) for code in self.codes}
            for customer in self.ids.values():
                factories.fact(session, customer, "standing", 80)

    @property
    def now(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 8, tzinfo=UTC)

    def day(self) -> date:
        return self.today - timedelta(days=int(self.rng.triangular(0, 900, 60)))

    def bring(self, kind: str, header: str, *lines: str) -> None:
        path = self.folder / f"{len(self.log)}-{kind}.csv"
        path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        report: ImportReport = import_file(
            self.database,
            kind=kind,
            path=path,
            clock=FixedClock(self.now),
            actor=factories.operator("test"),
            options=ImportOptions(source="erp", currency="EUR", kind_options=OPTIONS, accepted=ACCEPTED),
            rejects_dir=self.folder / "rejects",
        )
        if report.batch_id:
            self.batches.append(report.batch_id)

    def bring_orders(self) -> None:
        lines = []
        for _ in range(self.rng.randint(1, 12)):
            number = self.rng.choice(self.orders) if self.orders and self.rng.random() < 0.3 else ""
            number = number or f"O{len(self.orders) + 1}"
            self.orders += [number] * (number not in self.orders)
            amount = self.rng.randint(-40, 400) or 1
            cost = str(amount // 2) if self.rng.random() < 0.6 else ""
            lines.append(f"{number},{self.rng.choice(self.codes)},{self.day()},{amount},{cost}")
        by_number = {line.partition(",")[0]: line for line in lines}
        self.bring("orders", "order_no,customer,date,amount,cost", *by_number.values())

    def bring_lines(self) -> None:
        if not self.orders:
            return
        chosen = self.rng.sample(self.orders, min(3, len(self.orders)))
        lines = [
            f"{number},{line},pumps,{self.rng.randint(1, 90)},{self.rng.choice(['', '5'])}"
            for number in chosen
            for line in (1, 2)
        ]
        self.bring("order-lines", "order_no,line,product_type,amount,cost", *lines)

    def bring_invoices(self) -> None:
        lines = []
        for number in self.rng.sample(range(12), 4):
            day = self.day()
            paid = str(day + timedelta(days=40)) if self.rng.random() < 0.5 else ""
            amount = self.rng.randint(-20, 300) or 1
            lines.append(
                f"I{number},{self.rng.choice(self.codes)},{day},{day + timedelta(days=30)},{paid},{amount}"
            )
        self.bring("invoices", "invoice_no,customer,date,due,paid,amount", *lines)

    def undo(self) -> None:
        if self.batches:
            undo(
                self.database,
                self.rng.choice(self.batches),
                clock=FixedClock(self.now),
                actor=factories.operator(),
            )

    def join(self) -> None:
        one, other = self.rng.sample(self.codes, 2)
        report = join_customers(
            self.database,
            one,
            other,
            clock=FixedClock(self.now),
            actor=factories.operator(),
            prefer="into",
        )
        if report.batch_id:
            self.batches.append(report.batch_id)

    def erase(self) -> None:
        if self.rng.random() < 0.3:
            number = self.ids[self.rng.choice(self.codes)]
            erasure.erase(
                self.database,
                factories.operator(),
                partial(subjects.customer, customer_id=number),
                Wording(mark="[erased]", pseudonym="Former colleague {}".format),
                data_dir=self.folder,
                admins=(),
                today=self.today,
                now=self.now,
            )

    def approve(self) -> None:
        credit.approve(
            self.database,
            self.cache,
            factories.operator(),
            self.ids[self.rng.choice(self.codes)],
            ApprovalRequest(limit=Decimal(self.rng.randint(0, 900)), terms_days=30, reason="Known for years"),
            today=self.today,
            now=self.now,
        )

    def grade(self) -> None:
        for purpose in ("credit", "account"):
            runs.grade_book(
                self.database,
                self.cache,
                for_purpose=purpose,
                as_of=None,
                today=self.today,
                now=self.now,
                notify=None,
            )

    def sleep(self) -> None:
        self.today += timedelta(days=self.rng.randint(1, 25))

    def tick(self) -> None:
        """What the job does within ten seconds."""
        for step in (first_orders.follow_first_orders, regrades.regrade_touched):
            step(self.database, self.cache, today=self.today, now=self.now, notify=lambda *_: 0)
        figures.follow(self.database, self.cache, self.today)

    def go_on(self) -> None:
        """Something drawn; what the product refuses to do changes nothing."""
        acts = (
            *(self.bring_orders, self.bring_orders, self.bring_lines, self.bring_invoices, self.undo),
            *(self.undo, self.join, self.erase, self.approve, self.grade, self.sleep),
        )
        act = self.rng.choice(acts)
        try:
            act()
            self.log.append(f"{self.today} {act.__name__}")
        except BotError as refused:
            self.log.append(f"{self.today} {act.__name__}: {refused}")


@pytest.mark.parametrize("seed", range(int(os.environ.get("HISTORIES", "8"))))
def test_after_any_history_the_figures_equal_a_full_count(
    database: Database, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    has_gap = seed % 2 == 1
    history = History(database, tmp_path, rng, ACCOUNTS if has_gap else factories.PLAIN_SCHEME)
    history.bring_orders()
    history.grade()
    history.tick()
    for _ in range(14):
        for _ in range(rng.randint(1, 3)):
            history.go_on()
        history.tick()
        found = differences(database, history.today, 45.0 if has_gap else None)
        assert found == [], "\n".join(history.log)


def test_the_histories_do_all_that_they_can_draw(database: Database, tmp_path: Path) -> None:
    """So that the test above cannot pass because everything was refused."""
    history = History(database, tmp_path, random.Random(3), factories.PLAIN_SCHEME)
    for act in (history.bring_orders, history.bring_lines, history.bring_invoices, history.grade, history.approve,
                history.join, history.undo, history.erase, history.tick):  # fmt: skip
        act()
    assert len(history.batches) == 4
