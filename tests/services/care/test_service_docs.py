"""docs/service-promise.md and its Chinese sister are held against the model, the shipped plans and the counts."""

import dataclasses
import re
from datetime import date
from pathlib import Path

import pytest

from bot.services.care.plan import Revisit
from bot.services.care.plan_file import FOLDER, load_plan
from bot.services.care.service.counts import KINDS, Promised, counts
from bot.services.schemes.store import SchemeCache
from bot.wording.service_parts import COUNTED, promise_of
from db.engine import Database
from db.graded.changes import StoredTierChange
from grading.scheme.model import Service
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["service-promise.md", "service-promise.zh.md"]
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
HOW = {
    "in time": "in_time",
    "late": "late",
    "missed": "missed",
    "按时": "in_time",
    "逾期": "late",
    "已错过": "missed",
}


@pytest.mark.parametrize("page", PAGES)
def test_the_table_has_every_key_in_its_order_and_says_whether_it_is_counted(page: str) -> None:
    rows = re.findall(r"(?m)^\| `(\w+)` \|.*\| (\S+) \|$", TEXTS[page])
    assert [key for key, _ in rows] == [field.name for field in dataclasses.fields(Service)]
    assert {key for key, said in rows if said in ("yes", "是")} == set(COUNTED)


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_promise_is_read(page: str) -> None:
    (block,) = re.findall(r"(?s)```yaml\n(.*?)```", TEXTS[page])
    plain = factories.PLAIN_SCHEME
    text = plain.replace(plain[plain.index("tiers:") : plain.index("  - {id: B")], block)
    promise = promise_of(parse_scheme(text, source=page).tiers[0])
    assert promise is not None
    assert {term.key for term in promise.terms} == {
        "visits_a_year",
        "response_days",
        "delivery_priority",
        "text",
    }


def test_the_example_is_counted_as_the_page_says(database: Database) -> None:
    text = factories.PLAIN_SCHEME
    for tier, number in (("A", 4), ("B", 2)):
        text = text.replace(
            f"{{id: {tier},", f"{{id: {tier}, policy: {{service: {{visits_a_year: {number}}}}},"
        )
    with database.write() as session:
        acme = factories.customer(session)
        for day in (date(2025, 3, 10), date(2025, 8, 5), date(2025, 10, 20)):
            factories.contact(session, acme, day)
        factories.graded(session, {acme: "A"}, as_of=date(2025, 1, 1), text=text)
        run = factories.graded(session, {acme: "B"}, as_of=date(2025, 9, 1), text=text)
        changed = {"purpose": "account", "run_id": run, "as_of": date(2025, 9, 1)}
        session.add(StoredTierChange(customer_id=acme, from_tier="A", to_tier="B", **changed))
        session.get_one(factories.Customer, acme).created_at = factories.AT.replace(year=2024)

    def how(start: date, end: date) -> list[tuple[int, int, int, int]]:
        with database.read() as session:
            found = counts(session, SchemeCache(), start=start, end=end, today=date(2026, 3, 1))
        return [(one.owed, one.in_time, one.late, one.missed) for one in found]

    for page in PAGES:
        rows = re.findall(r"(?m)^\| (\d{4}-\d\d-\d\d) \|.*\| (\S.*?) \|$", TEXTS[page])
        assert len(rows) == 3
        for day, said in rows:
            expected = tuple(int(name == HOW[said]) for name in ("in_time", "late", "missed"))
            assert how(date.fromisoformat(day), date.fromisoformat(day)) == [(1, *expected)], (page, day)
    assert sum(owed for owed, *_ in how(date(2025, 1, 1), date(2025, 12, 31))) == 3


@pytest.mark.parametrize("name", [one for one in preset_names() if one != "credit_assessment"])
def test_a_shipped_plan_asks_for_every_contact_as_often_as_the_shipped_scheme_promises_it(name: str) -> None:
    scheme, plan = parse_scheme(preset_text(name), source=name), load_plan(FOLDER / f"{name}.yaml")
    promised = {tier.id: tier.service for tier in scheme.tiers}
    assert all(promised.values()), "every tier of a shipped scheme is promised something"
    for tier, service in promised.items():
        steps = [step for step in plan.tiers[tier].steps if isinstance(step, Revisit)]
        for thing, kinds in KINDS.items():
            number = getattr(service, f"{thing}_a_year")
            days = [step.every_days for step in steps if set(step.counts) <= set(kinds)]
            assert number is None or any(365 // every >= number for every in days), (tier, thing)


def test_everything_that_is_counted_is_a_key_or_a_deadline() -> None:
    keys = {f"{thing}_a_year" for thing in KINDS} | {"response_days"}
    assert keys == set(COUNTED)
    assert set(Promised) == {*KINDS, Promised.RESPONSE, Promised.COMPLAINTS}
