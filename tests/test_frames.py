"""Facts as texts of a field and day become typed columns: the newest of each customer, whatever order they came in."""

from datetime import date

import numpy as np
import pytest

from bot.frames import SourceRows, book_of, put_grades, read_facts
from db.book.facts import BETWEEN
from grading.indicators.sources import COMPUTED
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme

SCHEME = parse_scheme(preset_text("b2b_accounts"), source="b2b_accounts.yaml")
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
WHO = np.array([3, 5, 8])


def day(field: str, on: date, *facts: tuple[int, int, str]) -> tuple[str, date, str, str, str]:
    """Facts as (customer, id, value)."""
    customers, ids, values = zip(*facts, strict=True)
    return field, on, ",".join(map(str, customers)), ",".join(map(str, ids)), BETWEEN.join(values)


def test_the_newest_fact_counts_and_of_one_day_the_one_recorded_last() -> None:
    found = [
        day("net_margin", MAY, (5, 9, "0.5"), (3, 1, "0.1"), (4, 2, "0.9")),
        day("net_margin", JUNE, (3, 7, "0.4"), (3, 4, "0.3")),
    ]
    columns = read_facts(found, WHO, SCHEME)[0]
    assert columns["net_margin"].tolist()[:2] == [0.4, 0.5]  # 4 is nobody of ours
    assert np.isnan(columns["net_margin"][2])
    assert columns["net_margin@date"].tolist() == [JUNE, MAY, None]


def test_an_unreadable_fact_is_missing_and_counted_and_no_older_one_replaces_it() -> None:
    found = [
        day("net_margin", MAY, (3, 1, "0.1"), (5, 2, "12 %"), (8, 3, "1,200.5")),
        day("net_margin", JUNE, (3, 4, "1.2.3")),
    ]
    columns, unreadable = read_facts(found, WHO, SCHEME)
    assert unreadable == 1
    assert np.isnan(columns["net_margin"][0])
    assert columns["net_margin"].tolist()[1:] == [12 / 100, 1200.5]


def test_a_grade_of_an_assessment_counts_unless_a_later_one_was_recorded() -> None:
    columns, _ = read_facts([day("credit_grade", JUNE, (3, 1, "D"), (5, 2, "D"))], WHO, SCHEME)
    put_grades(columns, "credit_grade", {3: ("A", MAY), 5: ("B", JUNE), 8: ("C", MAY), 9: ("A", JUNE)}, WHO)
    assert columns["credit_grade"].tolist() == ["D", "B", "C"]
    assert columns["credit_grade@date"].tolist() == [JUNE, JUNE, MAY]


AS_OF = date(2026, 10, 31)
ACTIVITIES = [name for name, how in COMPUTED.items() if how.source == "activities"]
KNOWN, NOBODY = 1, 2  # a customer with records of every kind, and one without any
OLD = date(2019, 5, 1)
RECORDS = SourceRows(
    orders=[
        # net, the year before, orders, net with a cost, cost, quarters, first and last day, days, gap, since, returns
        (KNOWN, 900.0, 600.0, 40, 900.0, 500.0, 3, OLD, date(2026, 10, 1), 50, 20.0, None, 0),
        (NOBODY, *[None] * 11, 0),
    ],
    lines=[(KNOWN, 3, None, None, 0, 0)],
    invoices=[(KNOWN, 100.0, 50.0, 10.0, date(2026, 9, 1), 5, 500.0, 400.0, 900.0)],
    activities=[(KNOWN, *[6] * 6)],
    faded={"contact_points": [(KNOWN, 2.5)], "complaint_points": [(KNOWN, 2.5)]},
)
# By the formulas of the indicators, from these records: six of each activity, of three kinds of contact.
COUNTED = {
    "training_sessions_12m": 6,
    "contacts_12m": 3 * 6,
    "referrals_24m": 6,
    "complaints_per_100_orders": 100 * (6 + 20 * 0.1) / (40 + 20),
    "contact_points": 2.5,
    "complaint_points": 2.5,
}


def scheme_of_all_computed(**keys: int) -> Scheme:
    """A scheme with an indicator for every computed field; `keys` are of each indicator."""
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    weights = [100 - len(COMPUTED) + 1] + [1] * (len(COMPUTED) - 1)
    indicators = "\n".join(
        f"      - {{id: {name}, name: {{en: a, zh: a}}, weight: {weight}{more},"
        " score: {fn: points, knots: [[0, 0], [1, 100]]}}"
        for name, weight in zip(COMPUTED, weights, strict=True)
    )
    text = f"""\
scheme: all
version: 1
name: {{en: a, zh: a}}
record_type: account
constants: {{our_gross_margin_12m: 1000, product_types_sold: 4, complaint_rate: 0.1, on_time_rate: 0.9,
  event_half_life_days: 90, usual_gap_days: 30}}
dimensions:
  - id: all
    name: {{en: a, zh: a}}
    weight: 100
    indicators:
{indicators}
tiers:
  - {{id: A, at: 0, name: {{en: a, zh: a}}}}
"""
    return parse_scheme(text, source="all.yaml")


ALL = scheme_of_all_computed()


def counts(field: str, value: float, on: date, scheme: Scheme = ALL) -> list[tuple[float, date | None]]:
    """(value, its day when it is a fact) of the two customers, with one fact about each."""
    facts = [day(field, on, (KNOWN, 1, str(value)), (NOBODY, 2, str(value)))]
    found = book_of(RECORDS, facts, {}, scheme, AS_OF).columns
    return list(zip(found[field].tolist(), found[f"{field}@date"].tolist(), strict=True))


@pytest.mark.parametrize("field", sorted(COMPUTED.keys() - set(ACTIVITIES)))
@pytest.mark.parametrize("on", [OLD, AS_OF])
def test_what_is_computed_counts_before_any_fact_and_a_fact_only_where_nothing_is(
    field: str, on: date
) -> None:
    computed = book_of(RECORDS, [], {}, ALL, AS_OF).columns[field].tolist()
    assert computed[0] == computed[0]
    assert counts(field, 7.0, on) == [(computed[0], None), (7.0, on)]


@pytest.mark.parametrize("field", ACTIVITIES)
def test_a_fact_counts_instead_of_a_count_that_may_be_short_where_it_is_recent_and_higher(field: str) -> None:
    count = pytest.approx(COUNTED[field])
    before = date(2024, 10, 31) if "24" in COMPUTED[field].window else date(2025, 10, 31)
    first = date(2024, 11, 1) if before.year == 2024 else date(2025, 11, 1)
    more, fewer = COUNTED[field] + 1, 0.0
    # (fact, its day) -> which of the two counts for the customer with records
    assert counts(field, more, before) == [(count, None), (more, before)]
    assert counts(field, more, first) == [(more, first), (more, first)]
    assert counts(field, fewer, AS_OF) == [(count, None), (fewer, AS_OF)]
    assert counts(field, fewer, OLD) == [(count, None), (fewer, OLD)]


def test_a_fact_older_than_the_scheme_allows_does_not_replace_a_count() -> None:
    half = scheme_of_all_computed(max_age_days=180)
    for on, known in ((date(2026, 5, 4), (50.0, date(2026, 5, 4))), (date(2026, 5, 3), (18.0, None))):
        assert counts("contacts_12m", 50.0, on, half)[0] == known  # 180 and 181 days before
