"""The parts of `make bench` on a few rows, without measuring."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from bot.services.ops import audit_log
from db.engine import Database, open_database
from db.schema import upgrade
from tests.bench import (
    bench_aggregates,
    bench_audit,
    bench_grading,
    bench_imports,
    bench_tier,
    books,
    care_worker,
    claims_worker,
    due_worker,
    grading_worker,
    imports_worker,
)
from tests.bench.bench_scoring import generate
from tests.bench.measurement import Table, percentile


def test_both_ways_of_importing_store_the_same_orders(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    bench_imports.write_orders(path, 20)
    imports_worker.prepare(database, path)
    imports_worker.bare(database, path)
    query = text(
        "SELECT external_id, customer_id, ordered_on, amount, cost FROM customer_order ORDER BY external_id"
    )
    with database.write() as session:
        bare = session.execute(query).all()
        session.execute(text("DELETE FROM customer_order"))
    imports_worker.tierbot(database, path)
    with database.read() as session:
        assert session.execute(query).all() == bare
    assert len(bare) == 20


def test_a_claims_worker_sends_every_message_once(database_url: str) -> None:
    claims_worker.prepare("ours", database_url, 12)
    assert claims_worker.pass_until_empty(database_url, batch=5, number=1, ready=lambda: None) == 12
    assert claims_worker.pass_until_empty(database_url, batch=5, number=1, ready=lambda: None) == 0


def test_the_bench_of_tier_gets_cards() -> None:
    assert [row[0] for row in bench_tier.main(small=True).rows][-2:] == ["/tier CODE", "/tier exact name"]


def test_the_book_of_the_benches_is_graded_twice(database_url: str) -> None:
    names = books.create(database_url, customers=5, seed=1)
    database = open_database(database_url)
    with database.read() as session:
        found = session.execute(
            text("SELECT count(*), count(DISTINCT customer_id), count(DISTINCT run_id) FROM assessment")
        ).one()
        stored = session.execute(text("SELECT name FROM customer ORDER BY id")).scalars().all()
    database.close()
    assert (tuple(found), stored) == ((2 * 5, 5, 2), names)


def test_the_bench_of_sums_reads_every_customer(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'book.db'}")
    upgrade(database)
    bench_aggregates.fill(database, orders=300, customers=20)
    assert set(bench_aggregates.on_sqlite(database, customers=20)) >= {"plain", "windows", "whole"}
    with database.read() as session:
        found = session.execute(
            text("SELECT count(*), count(DISTINCT customer_id) FROM customer_order")
        ).one()
    assert tuple(found) == (300, 20)
    database.close()


def test_every_way_of_grading_a_book_grades_it(database: Database) -> None:
    assert grading_worker.create(database, 120)["bytes"] > 0
    done = grading_worker.tierbot(database)
    assert done["changes"] > 0
    assert 0 < done["longest"] < done["wall"]
    assert done["figures"]["written"] > done["without_news"]["written"] == 0
    # So few customers cost little more than the statements of a chunk; with 20,000 it is about a third of the run (`make bench`).
    assert done["without_news"]["cpu"] < done["cpu"]
    grading_worker.pipeline(database)
    grading_worker.objects(database, sample=5)
    with database.read() as session:
        counts = dict(session.execute(text("SELECT run_id, count(*) FROM assessment GROUP BY run_id")).all())
        assert session.execute(text("SELECT count(*) FROM pandas_result")).scalar_one() == 120
    assert counts == {1: 120, 2: 120, 3: 5}
    assert grading_worker.one(database, rounds=2)["regrade"] > 0
    with database.write() as session:  # unknown to the tests' own cleaner
        for name in ("pandas_result", "pandas_change"):
            session.execute(text(f"DROP TABLE {name}"))


def test_the_apply_per_row_gives_every_row_a_tier() -> None:
    scheme = bench_grading.scheme_of()
    facts = generate(scheme, 10, 0.15)
    assert set(bench_grading.apply_per_row(facts, scheme)) <= {tier.id for tier in scheme.tiers}


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([1.0, 2.0], 99) == 2.0


def test_a_table_is_markdown() -> None:
    table = Table(title="Speed", columns=("what", "s"), notes=("Aim: 1.",))
    table.add("walk", "10")
    assert str(table) == "\n## Speed\n\n| what | s  |\n| ---- | -- |\n| walk | 10 |\n\nAim: 1."


def test_the_bench_of_the_audit_writes_and_verifies_a_chain(database_url: str, tmp_path: Path) -> None:
    assert len(bench_audit.decisions(database_url, rounds=2)) == 4
    database = open_database(database_url)
    assert audit_log.verify(database).rows == 2 + 1
    database.close()
    found = bench_audit.verify(f"sqlite:///{tmp_path / 'chain.db'}", 50)
    assert found["verify"] > 0


def test_the_bench_of_due_steps_writes_digests_and_then_nothing(database_url: str) -> None:
    due_worker.prepare(database_url, 600)
    found = due_worker.measure(database_url)
    assert (found["due"], found["digests"]) == (10, 10)
    assert due_worker.work(database_url, day=1) == 10
    assert due_worker.due(database_url, 1) == 0


def test_the_bench_of_care_plans_six_steps_for_each_customer(database_url: str) -> None:
    found = care_worker.measure(database_url, 12)
    assert found["rows"] == 6 * 12
    assert found["moved"] > 0


def test_a_process_measures_its_own_peak_and_not_that_of_the_one_that_started_it() -> None:
    here = b"x" * (200 << 20)
    command = "from tests.bench.measurement import peak_mib; print(peak_mib())"
    child = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert float(child.stdout) < len(here) / (1 << 20)
