"""Facts as texts of a field and day become typed columns: the newest of each customer, whatever order they came in."""

from datetime import date

import numpy as np

from bot.frames import put_grades, read_facts
from db.book.facts import BETWEEN
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
