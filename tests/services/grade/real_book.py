"""A book as the bot makes it: imported, corrected, graded by several schemes, with overrides, alerts and credit."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.services import alerts
from bot.services.access import Actor
from bot.services.care import answers
from bot.services.grade import first_orders, overrides, regrades, runs, verification
from bot.services.grade.evidence.findings import Verified
from bot.services.grade.overrides import OverrideRequest
from bot.services.imports import ImportOptions, import_file, join_customers, undo
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.engine import Database
from db.graded.runs import GradingRun
from tests import factories
from tests.services import book as care
from tests.services.book import SETTINGS
from tests.services.imports.conftest import Snapshot
from tests.services.reports.test_credit import CREDIT_SCHEME

FEBRUARY, MARCH, APRIL, MAY = date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 3)
ADMIN = Actor(
    person_id=None,  # type: ignore[arg-type]  # a contact by nobody in the list
    name="Lin Wei",
    role="admin",
    team_id=None,
    led_teams=frozenset(),
    slack_user_id="U1",
    language="en",
    timezone="UTC",
)


def _indicator(name: str, worst: float, best: float, weight: int = 50) -> str:
    knots = f"[[{worst}, 0], [{best}, 100]]" if worst < best else f"[[{best}, 100], [{worst}, 0]]"
    return (
        f"      - {{id: {name}, name: {{en: {name}, zh: {name}}}, weight: {weight},"
        f" score: {{fn: points, knots: {knots}}}}}\n"
    )


ACCOUNTS = (
    """\
scheme: firm
version: 1
name: {en: Firm, zh: 公司}
record_type: account
currency: EUR
as_of: month_end
min_coverage: 0.3
dimensions:
  - id: value
    name: {en: Value, zh: 价值}
    weight: 60
    indicators:
"""
    + _indicator("net_revenue_12m", 0, 40_000)
    + _indicator("gross_margin_rate", 0, 0.5)
    + """\
  - id: relation
    name: {en: Relation, zh: 关系}
    weight: 40
    indicators:
"""
    + _indicator("quality", 0, 100, 40)
    + _indicator("product_types_12m", 0, 4, 20)
    + _indicator("overdue_share", 1, 0, 20)
    + _indicator("contacts_12m", 0, 10, 20)
    + """\
tiers:
  - {id: A, at: 70, name: {en: Key, zh: 重点}}
  - {id: B, at: 45, name: {en: Important, zh: 重要}}
  - {id: C, at: 0, name: {en: Ordinary, zh: 普通}}
gates:
  - {id: credit, name: {en: Bad credit, zh: 信用差}, when: {field: credit_grade, in: [D]}, cap: C}
movement: {margin_up: 1, margin_down: 1, confirm_up: 1, confirm_down: 2, min_dwell: 1, max_step: 1}
override: {allowed: true, needs: [reason], max_days: 60}
"""
)
BANKS = ACCOUNTS.replace("scheme: firm", "scheme: banks\napplies_to: {industry: [finance]}")
PROSPECTS = factories.PLAIN_SCHEME.replace(
    "record_type: account", "record_type: prospect\non_first_order: {move_to: account}"
).replace("scheme: plain", "scheme: leads")
CUSTOMERS = """\
code,name,record_type,industry,since
ACME,Acme,,machines,2020-01-01
BETA,Beta,,machines,2021-06-01
CITY,City Bank,,finance,2019-03-01
DOCK,Dock,,shipping,2022-02-01
EAST,East,,shipping,2023-05-01
LEAD,Lead,prospect,shipping,
"""
ORDERS = [  # customer, day, amount, cost
    *[("ACME", f"2025-{month:02}-10", 3000, 2000) for month in range(6, 13)],
    ("ACME", "2026-02-10", 9000, 5000),
    *[("BETA", f"2025-{month:02}-12", 1000, 900) for month in range(5, 13)],
    ("BETA", "2026-03-12", 2000, 1800),
    *[("CITY", f"2025-{month:02}-14", 5000, 3000) for month in range(7, 13)],
    ("DOCK", "2025-11-11", 7000, 4000),
    ("EAST", "2023-07-07", 500, 400),
    ("EAST", "2026-01-07", 800, 700),
]
AT = datetime(2026, 4, 1, 8, tzinfo=UTC)


@dataclass
class RealBook:
    """The book, and what a test does to it."""

    database: Database
    folder: Path
    clock: FixedClock

    def bring(self, kind: str, *lines: str) -> int:
        path = self.folder / f"{kind}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        report = import_file(
            self.database,
            kind=kind,
            path=path,
            clock=self.clock,
            actor=factories.operator("test"),
            options=ImportOptions(currency="EUR", firm_currency="EUR"),
            rejects_dir=self.folder,
        )
        assert report.rejected == 0, report.first_rejects
        assert report.batch_id is not None
        return report.batch_id

    def undo(self, batch_id: int) -> None:
        undo(self.database, batch_id, clock=self.clock, actor=factories.operator("test"))

    def join(self, code: str, into: str) -> int:
        batch = join_customers(
            self.database, code, into, clock=self.clock, actor=factories.operator("test"), prefer="into"
        ).batch_id
        assert batch is not None
        return batch

    def go(self, month: int, day: int, hour: int) -> None:
        """To a moment of 2026."""
        self.clock.advance(datetime(2026, month, day, hour, tzinfo=UTC) - self.clock.now())

    @property
    def notify(self) -> runs.Notify:
        return partial(
            alerts.enqueue_alerts, scheme_cache=SchemeCache(), default_channel="#managers", language="en"
        )

    def grade(self, as_of: date, purpose: str = "account", *, silent: bool = False) -> None:
        runs.grade_book(
            self.database,
            SchemeCache(),
            for_purpose=purpose,
            as_of=as_of,
            today=self.clock.now().date(),
            now=self.clock.now(),
            notify=None if silent else self.notify,
        )

    def regrade(self) -> None:
        """What the jobs do after news."""
        for step in (regrades.regrade_touched, first_orders.follow_first_orders, regrades.follow_credit):
            step(
                self.database,
                SchemeCache(),
                today=self.clock.now().date(),
                now=self.clock.now(),
                notify=self.notify,
            )

    def override(self, code: str, tier: str, days: int) -> None:
        today = self.clock.now().date()
        overrides.set_override(
            self.database,
            SchemeCache(),
            ADMIN,
            self.ids()[code],
            OverrideRequest(tier=tier, reason="strategic", expires_on=today + timedelta(days=days)),
            settings=SETTINGS,
            today=today,
            now=self.clock.now(),
            notify=self.notify,
        )

    def end_overrides(self) -> None:
        regrades.end_overrides(
            self.database,
            SchemeCache(),
            today=self.clock.now().date(),
            now=self.clock.now(),
            notify=self.notify,
        )

    def visit(self, code: str, day: date) -> None:
        answers.log_contact(
            self.database,
            ADMIN,
            meant=self.ids()[code],
            kind="visit",
            happened_on=day,
            note=None,
            form_id=f"{code}{day}",
            rules=care.rules(),
            now=self.clock.now(),
        )

    def ids(self) -> dict[str, int]:
        with self.database.read() as session:
            return {
                code: number for code, number in session.exec(select(Customer.code, Customer.id)) if number
            }

    def runs(self) -> list[GradingRun]:
        with self.database.read() as session:
            return list(session.exec(select(GradingRun).order_by(col(GradingRun.id))))

    def verify(self, code: str | None = None) -> Verified:
        customer = None if code is None else self.ids()[code]
        return verification.verify(self.database, SchemeCache(), ZoneInfo("UTC"), customer)

    def make(self) -> None:
        """Two months, told day by day."""
        with self.database.write() as session:
            for text in (BANKS, ACCOUNTS, PROSPECTS, CREDIT_SCHEME):
                factories.scheme(session, text)
        self.bring("customers", *CUSTOMERS.splitlines())
        numbered = [f"O{number},{','.join(map(str, row))},EUR" for number, row in enumerate(ORDERS, 1)]
        self.bring("orders", "order_no,customer,date,amount,cost,currency", *numbered)
        lines = [f"O{number},1,type{number % 5},{row[2]}" for number, row in enumerate(ORDERS, 1)]
        self.bring("order-lines", "order_no,line,product_type,amount", *lines)
        self.bring(
            "invoices",
            "invoice_no,customer,date,due,paid,amount,currency",
            "I1,ACME,2026-01-05,2026-02-04,2026-02-01,4000,EUR",
            "I2,BETA,2026-01-05,2026-02-04,2026-03-20,1000,EUR",
            "I3,CITY,2026-02-05,2026-03-07,,5000,EUR",
        )
        self.bring(
            "activities",
            "customer,date,kind,id",
            "ACME,2026-01-15,visit,V1",
            "ACME,2026-02-15,call,V2",
            "BETA,2025-12-15,visit,V3",
        )
        facts = [("ACME", 80), ("BETA", 60), ("CITY", 70), ("DOCK", 50), ("EAST", 20), ("LEAD", 60)]
        facts_of_march = [("ACME", 82), ("BETA", 30), ("CITY", 75)]
        standing = [("ACME", 90), ("BETA", 50), ("CITY", 80), ("DOCK", 20)]
        self.bring(
            "facts",
            "customer,field,value,date",
            *(f"{code},quality,{value},2026-02-20" for code, value in facts),
            *(f"{code},quality,{value},2026-03-20" for code, value in facts_of_march),
            *(f"{code},standing,{value},2025-12-20" for code, value in standing),
        )
        self.go(4, 1, 9)
        self.grade(FEBRUARY, silent=True)
        self.go(4, 1, 10)
        self.grade(date(2025, 12, 31), "credit")
        self.grade(MARCH, "prospect")
        self.grade(MARCH)
        self.go(4, 10, 8)  # corrections of what March was graded on, and an order that came late
        self.bring(
            "orders",
            "order_no,customer,date,amount,cost,currency",
            "O8,ACME,2026-02-11,9500,8000,EUR",
            "O90,BETA,2026-03-30,30000,12000,EUR",
        )
        self.bring("facts", "customer,field,value,date", "ACME,quality,40,2026-03-20")
        self.regrade()
        self.go(4, 12, 8)
        self.visit("BETA", date(2026, 3, 25))
        self.go(4, 15, 8)
        self.override("DOCK", "A", 30)
        self.go(4, 20, 8)
        mistaken = self.bring("facts", "customer,field,value,date", "CITY,quality,1,2026-03-25")
        self.go(4, 21, 8)
        self.undo(mistaken)
        self.go(4, 22, 8)
        self.grade(MARCH, "credit")
        self.regrade()
        self.go(5, 1, 8)
        self.grade(APRIL)
        self.go(5, 2, 8)  # a payment of April is known in May
        self.bring(
            "invoices",
            "invoice_no,customer,date,due,paid,amount,currency",
            "I3,CITY,2026-02-05,2026-03-07,2026-04-28,5000,EUR",
        )
        self.bring("customers", *CUSTOMERS.splitlines()[:1], "BETA,Beta,,finance,2018-01-01")
        self.bring(
            "orders", "order_no,customer,date,amount,cost,currency", "O91,LEAD,2026-04-29,2500,1000,EUR"
        )
        self.regrade()
        self.go(5, 4, 8)
        self.grade(MAY)


_kept: dict[bool, Snapshot] = {}


@pytest.fixture
def real_book(database: Database, tmp_path: Path) -> RealBook:
    """The book, made once for each kind of database."""
    book = RealBook(database, tmp_path, FixedClock(AT))
    if database.is_sqlite in _kept:
        _kept[database.is_sqlite].put_into(database)
        book.go(5, 4, 8)
    else:
        book.make()
        _kept[database.is_sqlite] = Snapshot.of(database)
    return book
