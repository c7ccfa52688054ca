"""From files to graded customers: every field of every preset has a way in, and each preset grades a small book."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlmodel import select

from bot.clock import FixedClock
from bot.errors import BadInput
from bot.services.grade.computed import load_book, load_facts
from bot.services.imports import ImportOptions, import_file
from db.book.customers import Customer
from db.engine import Database
from grading.engine.scoring import grade
from grading.indicators.orders import window_start
from grading.indicators.sources import COMPUTED, JUDGED, RECORDED
from grading.scheme.model import Map, Scale, Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import all_on_postgresql, on_sqlite

AS_OF = date(2026, 10, 31)
CLOCK = FixedClock(datetime(2026, 11, 2, 9, tzinfo=UTC))
STRONG, WEAK, NAMES = "S", "W", ("S", "W", "S2", "W2", "NEW")
PRESETS = {name: parse_scheme(preset_text(name), source=name) for name in preset_names()}
# As `scheme propose` would fill them in for this book.
CONSTANTS = {"our_gross_margin_12m": 2_000_000.0, "product_types_sold": 4.0, "usual_gap_days": 30.0}
GATE_FACTS = {
    "credit_grade": "A",
    "operational_risk": "low",
    "market_risk": "low",
    "dishonest_list": "no",
    "insolvency": "no",
    "contact_permission": "yes",
    "blacklisted": "no",
    "identity_check": "valid",
    "loan_days_overdue": "0",
    "net_worth": "5000000",
    # X1 to X4 of Z'', and the statements behind them: safe.
    "working_capital_to_assets": "0.3",
    "retained_earnings_to_assets": "0.2",
    "ebit_to_assets": "0.1",
    "equity_to_liabilities": "1.5",
    "working_capital": "3000000",
    "retained_earnings": "2000000",
    "ebit": "1000000",
    "equity": "6000000",
    "total_assets": "10000000",
    "total_liabilities": "4000000",
}


def completed(scheme: Scheme) -> Scheme:
    """A preset with the constants of this book."""
    text = preset_text(scheme.scheme)
    for name, value in CONSTANTS.items():
        text = text.replace(f"{name}: null", f"{name}: {value}")
    if "constants:" not in text:
        text = text.replace(
            "as_of:", f"constants: {{usual_gap_days: {CONSTANTS['usual_gap_days']}}}\nas_of:", 1
        )
    return parse_scheme(text, source=scheme.scheme)


def write(folder: Path, kind: str, header: str, rows: Iterable[Sequence[object]]) -> Path:
    path = folder / f"{kind}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(), *rows])
    return path


def bring(database: Database, folder: Path, kind: str, header: str, rows: list[Any], **options: Any) -> None:
    report = import_file(
        database,
        kind=kind,
        path=write(folder, kind, header, rows),
        clock=CLOCK,
        actor=factories.operator("mia@example.com"),
        options=ImportOptions(source="erp", **options),
        rejects_dir=folder / "rejects",
    )
    assert report.rejected == 0, report.first_rejects


def months(first: int, last: int, step: int = 1) -> list[date]:
    """The same day each so many months, from `first` to `last` months before the day graded."""
    return [window_start(AS_OF, back) - timedelta(days=5) for back in range(first, last, -step)]


def good(scheme: Scheme, field: str, best: bool) -> str | None:
    """A value of a recorded indicator that scores 100, or the worst that has a score."""
    indicator = next((one for one in scheme.indicators if one.id == field), None)
    if indicator is None:
        return GATE_FACTS[field]
    score = indicator.score
    if isinstance(score, Map):
        ranked = sorted(score.values.items(), key=lambda item: item[1])
        return str(ranked[-1 if best else 0][0])
    if isinstance(score, Scale):
        return f"{score.maximum if best else score.minimum:g}"
    knots = sorted(getattr(score, "knots", ()), key=lambda knot: knot[1])
    return f"{knots[-1 if best else 0][0]:g}"


@pytest.fixture
def book(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """Two strong customers, two weak ones and a newcomer, for the preset asked for."""
    scheme: Scheme = PRESETS[request.param]
    since = {"NEW": AS_OF - timedelta(days=20)}
    customers = [
        (code, f"Customer {code}", scheme.record_type, since.get(code, date(2015, 1, 1))) for code in NAMES
    ]
    bring(database, tmp_path, "customers", "code name record_type since", customers)
    orders, lines, invoices, activities, facts = [], [], [], [], []
    for code in NAMES[:4]:
        strong = code.startswith(STRONG)
        for number, day in enumerate(months(26, 0) if strong else months(26, 4, 3)):
            amount = 400_000 + 10_000 * number if strong else 300 - 5 * number
            cost = amount * (6 if strong else 97) // 10 // (1 if strong else 10)
            orders.append((f"{code}-{number}", code, day, amount, cost))
            types = ("pumps", "seals", "valves", "hoses") if strong else ("pumps",)
            lines += [
                (f"{code}-{number}", place, kind, amount / len(types), "") for place, kind in enumerate(types)
            ]
            due = day + timedelta(days=30)
            paid = due if strong else due + timedelta(days=100)
            invoices.append((f"I{code}-{number}", code, day, due, paid if paid <= AS_OF else "", amount))
            if strong:
                activities += [
                    (code, day, kind) for kind in ("visit", "call", "meeting", "training", "referral")
                ]
        activities += [] if strong else [(code, day, "complaint") for day in months(10, 0)]
        for field in scheme.fields:
            if field not in COMPUTED:
                judge = ("Mia", "visited it") if field in JUDGED else ("", "")
                facts.append((code, field, good(scheme, field, strong), date(2026, 10, 1), *judge))
    bring(database, tmp_path, "orders", "order_no customer date amount cost", orders, currency="CNY")
    bring(database, tmp_path, "order-lines", "order_no line product_type amount cost", lines, currency="CNY")
    bring(
        database, tmp_path, "invoices", "invoice_no customer date due paid amount", invoices, currency="CNY"
    )
    kinds = ("visit", "call", "meeting", "training", "referral", "complaint")
    bring(
        database,
        tmp_path,
        "activities",
        "customer date kind",
        activities,
        kind_options={"covers": [f"{kind}=2024-11-01..2026-10-31" for kind in kinds]},
    )
    if facts:
        bring(database, tmp_path, "facts", "customer field value date author evidence", facts)
    return database


def by_code(database: Database, frame: pd.DataFrame) -> pd.DataFrame:
    with database.read() as session:
        codes = {row.id: row.code for row in session.exec(select(Customer))}
    return frame.rename(index=codes)


@all_on_postgresql
@pytest.mark.parametrize("book", preset_names(), indirect=True)
def test_every_field_of_a_preset_has_a_way_in_and_the_book_is_graded(
    book: Database, request: pytest.FixtureRequest
) -> None:
    scheme = completed(PRESETS[request.node.callspec.params["book"]])
    with book.read() as session:
        loaded = load_book(session, scheme, AS_OF)
    facts = by_code(book, loaded.facts)
    assert loaded.unreadable == 0
    for field in scheme.fields:
        assert facts[field].notna()[STRONG], field
    graded = grade(facts, scheme, AS_OF).results
    best, worst = scheme.tiers[0].id, scheme.tiers[-1].id
    assert graded.loc[["S", "S2"], "tier"].tolist() == [best, best]
    assert graded.loc[["W", "W2"], "tier"].tolist() == [worst, worst]
    assert graded.loc[[STRONG, WEAK], "coverage"].tolist() == [1, 1]
    assert graded.loc["NEW", "tier"] in ("new", "unrated")


def test_the_table_of_fields_is_what_the_code_does() -> None:
    page = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
    table = page[page.index("## Where each field comes from") :]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.+?) \|$", table, flags=re.MULTILINE)
    assert len(rows) == len({row[0] for row in rows})
    in_presets = {field for scheme in PRESETS.values() for field in scheme.fields}
    assert {row[0] for row in rows} == in_presets | set(COMPUTED)
    for field, way, window, unit in rows:
        if field in COMPUTED:
            computed = COMPUTED[field]
            assert (way, window, unit) == (computed.source, computed.window, computed.unit)
        else:
            assert (way, window) == ("facts, judged" if field in JUDGED else "facts", "newest")
            assert unit == RECORDED[field]
    assert set(RECORDED) == {row[0] for row in rows} - set(COMPUTED)


def test_what_presets_ask_people_for_is_what_needs_an_author() -> None:
    manual = {one.id for scheme in PRESETS.values() for one in scheme.indicators if one.manual}
    assert manual == JUDGED


@pytest.mark.parametrize("book", ["b2b_accounts"], indirect=True)
def test_invoices_in_another_currency_than_the_scheme_are_not_mixed_in(
    book: Database, tmp_path: Path
) -> None:
    row = [("E1", STRONG, date(2026, 1, 1), date(2026, 2, 1), "", 5)]
    bring(book, tmp_path, "invoices", "invoice_no customer date due paid amount", row, currency="EUR")
    with book.read() as session, pytest.raises(BadInput, match="there are invoices in EUR"):
        load_book(session, PRESETS["b2b_accounts"], AS_OF)


def test_a_recent_fact_above_a_count_that_may_be_short_counts_instead(
    database: Database, tmp_path: Path
) -> None:
    bring(database, tmp_path, "customers", "code name", [("C1", "One"), ("C2", "Two")])
    training = [(code, date(2026, 9, day), "training") for code in ("C1", "C2") for day in (1, 2)]
    bring(database, tmp_path, "activities", "customer date kind", training)
    # Of C2 older than the window, of C1 within it.
    known = [
        ("C1", "training_sessions_12m", 6, date(2026, 10, 1)),
        ("C2", "training_sessions_12m", 0, date(2023, 5, 1)),
    ]
    bring(database, tmp_path, "facts", "customer field value date", known)

    def sessions() -> list[float]:
        with database.read() as session:
            facts = by_code(database, load_book(session, PRESETS["b2b_accounts"], AS_OF).facts)
        return facts.loc[["C1", "C2"], "training_sessions_12m"].tolist()

    assert sessions() == [6, 2]
    declared = ("training=2025-11-01..2026-10-31",)
    bring(database, tmp_path, "activities", "customer date kind", training, kind_options={"covers": declared})
    assert sessions() == [2, 2]


@on_sqlite
def test_a_quarter_s_last_day_counts_in_its_own_quarter(database: Database) -> None:
    with database.write() as session:
        acme = factories.customer(session, "ACME")
        for day in (date(2025, 7, 15), date(2026, 3, 31), date(2026, 4, 10)):
            factories.order(session, acme, day, 100)
    scheme = PRESETS["orders_only"]
    with database.read() as session:
        found = load_facts(session, scheme, date(2026, 6, 30)).facts.loc[acme]
        older = load_facts(session, scheme, date(2026, 6, 30), edition=1).facts.loc[acme]
    assert found["active_quarter_rate"] == 3 / 4  # July to September, January to March, April to June
    assert older["active_quarter_rate"] == 2 / 4  # 31 March was taken for the second quarter
