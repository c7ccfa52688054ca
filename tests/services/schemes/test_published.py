"""A version that was published with a key that is not applied grades, replays and verifies as it always did."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.errors import BadInput
from bot.services.grade import runs, verification
from bot.services.schemes import lifecycle, status, store
from bot.services.schemes.store import SchemeCache, SchemeFile
from bot.services.trial import replays
from db.engine import Database
from db.graded.runs import GradingRun
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import on_sqlite
from tests.db.test_migrations import ROWS
from tests.services.schemes.test_lifecycle import GRACE

MARCH, APRIL, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
# As a version before 0.2.0 took it, and the hash that it stored.
KEYS = "window_months: 24\nmissing: {show_interval: false}"
PUBLISHED = factories.PLAIN_SCHEME.replace("window_months: 12", KEYS)
FIRST_RELEASE = json.loads(ROWS.read_text("utf-8"))["scheme_version"]
SHA256 = "43d684b11a810d33de9d6c61526e39c9ab6f0cde7d393d58b7c177b1bb8de539"


@pytest.fixture
def book(database: Database) -> Database:
    """One customer of 0.6 × 80 + 0.4 × 60 = 72, graded twice by the published version."""
    scheme = parse_scheme(PUBLISHED, source="plain.yaml", published=True)
    file = SchemeFile(scheme=scheme, text=PUBLISHED, source="plain.yaml")
    with database.write() as session:
        store.put_in_force(session, file, actor="test", effective_from=factories.LONG_AGO, now=NOW)
        customer = factories.customer(session, "ACME", code="ACME")
        for field, value in (("quality", 80), ("service", 60)):
            factories.fact(session, customer, field, value)
    for day in (MARCH, APRIL):
        runs.grade_book(
            database, SchemeCache(), for_purpose="account", as_of=day, today=TODAY, now=NOW, notify=None
        )
    return database


@on_sqlite
def test_a_published_version_keeps_hash_gradings_and_commands(book: Database) -> None:
    found = verification.verify(book, SchemeCache(), ZoneInfo("UTC"), 1)
    assert (found.assessments, found.data_compared, found.differences) == (2, 2, [])
    with book.read() as session:
        file = status.find(session, "plain@1", None)
        assert session.get_one(GradingRun, 2).scheme_version_id == 1
    assert (file.scheme.sha256, file.scheme.window_months) == (SHA256, 24)
    assert [life.sha256 for life in status.listed(book, GRACE, None, today=TODAY)] == [SHA256]
    replayed = replays.replay(book, file.scheme, start=MARCH, end=APRIL, today=TODAY)
    assert [day.tiers for day in replayed.days] == [{"A": 1}, {"A": 1}]
    lifecycle.retire(book, GRACE, "plain@1", today=TODAY, now=NOW, sure=True)


@on_sqlite
def test_a_new_file_with_the_same_keys_is_refused_with_the_remedy(
    book: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("schemes") / "plain.yaml"
    path.write_text(PUBLISHED.replace("version: 1", "version: 2"), encoding="utf-8")
    with pytest.raises(BadInput, match=r"window_months: 24 is not applied.*; remove it"):
        store.find(str(path), None)
    with pytest.raises(SchemeError) as caught:
        parse_scheme(PUBLISHED, source="plain.yaml")
    assert [problem.key for problem in caught.value.problems] == ["window_months", "missing.show_interval"]
    remedied = PUBLISHED.replace(KEYS, "").replace("version: 1", "version: 2")
    assert parse_scheme(remedied, source="plain.yaml").version == 2


@pytest.mark.parametrize(
    "row", FIRST_RELEASE, ids=[f"{row['name']}@{row['version']}" for row in FIRST_RELEASE]
)
def test_every_scheme_that_the_first_release_stored_is_read_with_its_hash(row: dict[str, Any]) -> None:
    scheme = parse_scheme(row["content"], source="a published scheme version", published=True)
    assert scheme.identity == (row["name"], row["version"], row["sha256"])
