"""The demo's book is like a real one, and the same day and seed give the same files."""

import csv
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.birthdays import read_birthday
from bot.demo.book.files import DemoBook, write_book
from bot.demo.book.orders import spring_festival
from bot.demo.book.stories import write_new_orders
from bot.demo.staff import ANNA, LIN

TODAY = date(2026, 3, 5)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> DemoBook:
    return write_book(tmp_path_factory.mktemp("book"), today=TODAY)


@pytest.fixture(scope="module")
def customers(book: DemoBook) -> list[dict[str, str]]:
    return rows(book.file("customers"))


@pytest.fixture(scope="module")
def orders(book: DemoBook) -> list[dict[str, str]]:
    return rows(book.file("orders"))


def sales(orders: list[dict[str, str]], customers: list[dict[str, str]], years_back: int) -> np.ndarray:
    """Net sales per customer in the year that ended `years_back` years before TODAY."""
    end = TODAY.replace(year=TODAY.year - years_back)
    start = end.replace(year=end.year - 1)
    total: dict[str, float] = defaultdict(float)
    for order in orders:
        if start < date.fromisoformat(order["date"]) <= end:
            total[order["customer"]] += float(order["amount"])
    return np.array([total[customer["code"]] for customer in customers])


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.argsort().argsort(), other.argsort().argsort())[0, 1])


def test_the_same_day_and_seed_give_the_same_bytes(book: DemoBook, tmp_path: Path) -> None:
    again = write_book(tmp_path, today=TODAY)
    assert [path.read_bytes() for path in again.files] == [path.read_bytes() for path in book.files]


def test_another_seed_gives_another_book(book: DemoBook, tmp_path: Path) -> None:
    other = write_book(tmp_path, today=TODAY, seed=8, customers=60)
    assert other.file("orders").read_bytes() != book.file("orders").read_bytes()
    assert other.file("customers").read_bytes() != book.file("customers").read_bytes()


def test_on_another_day_the_customers_are_the_same_ones(book: DemoBook, tmp_path: Path) -> None:
    later = write_book(tmp_path, today=TODAY + timedelta(days=77))
    named = [
        [row["name"] for row in rows(path)] for path in (book.file("customers"), later.file("customers"))
    ]
    assert named[0] == named[1]


def test_the_book_has_a_realistic_size_and_its_files_stay_small(book: DemoBook) -> None:
    assert [path.name for path in book.files] == [
        "people.csv",
        "teams.csv",
        "customers.csv",
        "orders.csv",
        "activities.csv",
        "complaints.csv",
        "facts.csv",
        "contact-persons.csv",
        "customer-profiles.csv",
    ]
    assert book.rows == {path.stem: len(rows(path)) for path in book.files}
    assert book.rows["customers"] == 240
    assert 8_000 <= book.rows["orders"] <= 12_000
    assert sum(path.stat().st_size for path in book.files) < 2_000_000


def test_everything_refers_to_something_that_is_there(
    book: DemoBook, customers: list[dict[str, str]]
) -> None:
    people = {row["email"]: row for row in rows(book.file("people"))}
    teams = {row["name"]: row for row in rows(book.file("teams"))}
    codes = {row["code"] for row in customers}
    assert len(codes) == 240
    assert {row["team"] for row in people.values()} == set(teams)
    assert {row["lead"] for row in teams.values()} <= set(people)
    assert {people[row["owner"]]["role"] for row in customers} == {"account_manager"}
    for path in (*map(book.file, ("orders", "activities", "facts", "contact-persons", "customer-profiles")),):
        assert {row["customer"] for row in rows(path)} <= codes
    assert {row["person"] for row in rows(book.file("activities"))} <= set(people)
    assert {row["author"] for row in rows(book.file("facts"))} <= set(people)


def test_contact_people_have_birthdays_of_both_calendars_and_numbers_of_nobody(book: DemoBook) -> None:
    people = rows(book.file("contact-persons"))
    birthdays = [read_birthday(row["birthday"]) for row in people if row["birthday"]]
    assert {one.lunar for one in birthdays} == {one.year is None for one in birthdays} == {True, False}
    assert all(row["email"].endswith(".example") and row["phone"].startswith("+000 ") for row in people)
    assert len({row["id"] for row in people}) == len(people) >= 120


def test_no_row_comes_twice(book: DemoBook, orders: list[dict[str, str]]) -> None:
    assert Counter(row["order_no"] for row in orders).most_common(1)[0][1] == 1
    contacts = Counter((row["customer"], row["date"], row["kind"]) for row in rows(book.file("activities")))
    assert contacts.most_common(1)[0][1] == 1
    facts = Counter((row["customer"], row["field"], row["date"]) for row in rows(book.file("facts")))
    assert facts.most_common(1)[0][1] == 1


def test_every_row_is_dated_between_the_start_of_its_customer_and_yesterday(
    book: DemoBook, customers: list[dict[str, str]], orders: list[dict[str, str]]
) -> None:
    since = {row["code"]: row["since"] for row in customers}
    dated = [*orders, *rows(book.file("activities")), *rows(book.file("facts"))]
    assert [row for row in dated if not since[row["customer"]] <= row["date"] < TODAY.isoformat()] == []
    earliest = min(row["date"] for row in orders)
    assert date(2023, 3, 1) <= date.fromisoformat(earliest) <= date(2023, 3, 31)


def test_names_come_in_four_languages_and_two_of_them_also_in_latin_letters(
    customers: list[dict[str, str]],
) -> None:
    chinese = [row for row in customers if re.search(r"[一-鿿]", row["name"])]
    arabic = [row for row in customers if re.search(r"[؀-ۿ]", row["name"])]
    german = [row for row in customers if re.search(r"(GmbH|AG|KG)$", row["name"])]
    english = [row for row in customers if re.search(r"(Ltd|plc|Inc\.|LLC)$", row["name"])]
    assert len(chinese) + len(arabic) + len(german) + len(english) + 1 == 240  # the other one is ACME
    assert min(len(chinese), len(german), len(english)) >= 40
    assert len(arabic) >= 20
    assert [row["name"] for row in chinese + arabic if not re.match(r"[A-Z][a-z]", row["aliases"])] == []
    assert any(re.search("[äöü]", row["name"]) for row in german)
    assert len({row["name"] for row in customers}) == 240


def test_acme_is_one_customer_of_anna(customers: list[dict[str, str]]) -> None:
    found = [row for row in customers if "acme" in row["name"].lower()]
    assert [(row["code"], row["name"], row["owner"]) for row in found] == [("C-0001", "ACME", ANNA.email)]


def test_lin_looks_after_the_chinese_and_anna_after_the_others(customers: list[dict[str, str]]) -> None:
    for owner, from_china in ((LIN.email, 0.9), (ANNA.email, 0.1)):
        own = [row["country"] == "CN" for row in customers if row["owner"] == owner]
        assert len(own) > 60
        assert sum(own) / len(own) == pytest.approx(from_china, abs=0.1)


def test_a_fifth_of_the_customers_brings_two_thirds_of_the_sales(
    customers: list[dict[str, str]], orders: list[dict[str, str]]
) -> None:
    year = np.sort(sales(orders, customers, 0))[::-1]
    assert 0.60 <= year[: 240 // 5].sum() / year.sum() <= 0.75


def test_sales_of_two_years_are_correlated_but_not_equal(
    customers: list[dict[str, str]], orders: list[dict[str, str]]
) -> None:
    this, last = sales(orders, customers, 0), sales(orders, customers, 1)
    assert 0.5 <= rank_correlation(this, last) <= 0.7
    both = (this > 0) & (last > 0)
    assert 0.5 <= rank_correlation(this[both], last[both]) <= 0.7


def test_some_lose_money_some_are_silent_some_are_new(
    customers: list[dict[str, str]], orders: list[dict[str, str]]
) -> None:
    margin: dict[str, float] = defaultdict(float)
    last: dict[str, date] = {}
    for order in orders:
        day = date.fromisoformat(order["date"])
        last[order["customer"]] = day
        if day > TODAY.replace(year=TODAY.year - 1) and order["cost"]:
            margin[order["customer"]] += float(order["amount"]) - float(order["cost"])
    assert 7 <= sum(value < 0 for value in margin.values()) <= 20
    assert sum(TODAY - day > timedelta(days=150) for day in last.values()) >= 10
    started = [date.fromisoformat(row["since"]) for row in customers]
    assert 8 <= sum(TODAY - day < timedelta(days=90) for day in started) <= 16
    assert len(last) == 240  # each has ordered at least once


def test_returns_are_few_and_old_orders_may_lack_a_cost(orders: list[dict[str, str]]) -> None:
    assert 0.02 <= np.mean([float(row["amount"]) < 0 for row in orders]) <= 0.05
    assert {row["currency"] for row in orders} == {"CNY"}
    without = [date.fromisoformat(row["date"]) for row in orders if not row["cost"]]
    assert 100 < len(without) < 1_000
    assert max(without) < TODAY - timedelta(days=800)


def test_orders_come_weekly_to_yearly(orders: list[dict[str, str]]) -> None:
    recent = Counter(row["customer"] for row in orders if row["date"] > "2025-03-05")
    assert max(recent.values()) >= 45
    assert sum(count <= 2 for count in recent.values()) >= 10


def test_the_spring_festival_is_found_and_quiet(
    customers: list[dict[str, str]], orders: list[dict[str, str]]
) -> None:
    known = {2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6)}
    assert {year: (spring_festival(year).month, spring_festival(year).day) for year in known} == known
    china = {row["code"] for row in customers if row["country"] == "CN"}
    near, total = 0.0, 0.0
    for order in orders:
        day, amount = date.fromisoformat(order["date"]), float(order["amount"])
        if order["customer"] in china and day.year in (2024, 2025):
            total += amount
            near += amount if abs((day - spring_festival(day.year)).days - 3) <= 10 else 0
    assert 0.4 < (near / (2 * 21)) / (total / 731) < 0.85  # sales a day, near the festival and on the whole


def test_new_orders_are_dated_in_the_last_days_with_unique_numbers(book: DemoBook, tmp_path: Path) -> None:
    calls = [
        (TODAY, 1, "acme_wins"),
        (TODAY, 1, "big_return"),
        (TODAY, 1, "quarter_rush"),
        (TODAY, 2, "acme_wins"),
        (TODAY + timedelta(days=1), 1, "acme_wins"),
    ]
    numbers = [row["order_no"] for row in rows(book.file("orders"))]
    for today, seed, story in calls:
        path = write_new_orders(tmp_path, today=today, seed=seed, story=story)
        found = rows(path)
        numbers += [row["order_no"] for row in found]
        days = [date.fromisoformat(row["date"]) for row in found]
        assert today - timedelta(days=8) < min(days) <= max(days) < today
        assert (
            path.read_bytes() == write_new_orders(tmp_path, today=today, seed=seed, story=story).read_bytes()
        )
    assert len(set(numbers)) == len(numbers)


def test_an_unknown_story_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="acme_wins, big_return, quarter_rush"):
        write_new_orders(tmp_path, today=TODAY, seed=1, story="happy_end")
