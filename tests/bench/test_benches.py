"""The parts of `make bench` that can break unseen: on a few rows, without a clock."""

from pathlib import Path

from sqlalchemy import text

from db.engine import Database, open_database
from db.schema import upgrade
from tests.bench import bench_aggregates, bench_imports, books, claims_worker, imports_worker
from tests.bench.measuring import Table, percentile


def test_both_ways_of_importing_bring_the_same_orders(database: Database, tmp_path: Path) -> None:
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


def test_a_claims_worker_does_every_message_once(database_url: str) -> None:
    claims_worker.prepare("ours", database_url, 12)
    assert claims_worker.pass_until_empty(database_url, batch=5, number=1, ready=lambda: None) == 12
    assert claims_worker.pass_until_empty(database_url, batch=5, number=1, ready=lambda: None) == 0


def test_the_book_of_the_benches_is_graded_twice(tmp_path: Path) -> None:
    import sqlite3

    names = books.make(tmp_path / "book.db", customers=5, seed=1)
    file = sqlite3.connect(tmp_path / "book.db")
    found = file.execute(
        "SELECT count(*), count(DISTINCT customer_id), count(DISTINCT run_id) FROM assessment"
    )
    assert found.fetchone() == (2 * 5, 5, 2)
    assert [row[0] for row in file.execute("SELECT name FROM customer ORDER BY id")] == names
    file.close()


def test_the_bench_of_sums_asks_about_every_customer(tmp_path: Path) -> None:
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


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([1.0, 2.0], 99) == 2.0


def test_a_table_is_markdown() -> None:
    table = Table(title="Speed", columns=("what", "s"), notes=("Aim: 1.",))
    table.add("walk", "10")
    assert str(table) == "\n## Speed\n\n| what | s  |\n| ---- | -- |\n| walk | 10 |\n\nAim: 1."
