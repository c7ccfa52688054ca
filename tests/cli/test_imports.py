"""`import` on the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_the_rejects_file_is_named_as_the_data_folder_is(command: Command, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("code,name\nC1,ACME\n,Nobody\n", encoding="utf-8")
    result = command("import", "customers", "customers.csv")
    assert result.exit_code == 0, result.output
    assert (
        "All rejected rows with their reasons: data/rejects/import-1-customers-rejects.csv" in result.output
    )
    assert (tmp_path / "data" / "rejects" / "import-1-customers-rejects.csv").exists()


def test_an_import_in_which_nothing_was_accepted_fails_with_its_report(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_no,customer,date,amount\n1,C9,2026-01-02,5\n", encoding="utf-8"
    )
    words = ("import", "orders", "orders.csv", "--currency", "EUR")
    failed = command(*words)
    assert failed.exit_code == 7, failed.output
    assert "1 row: 0 accepted (0 new, 0 changed, 0 as before), 1 rejected." in failed.output
    assert "All rejected rows with their reasons" in failed.output
    assert command(*words, "--dry-run").exit_code == 0
    (tmp_path / "orders.csv").write_text(
        "order_no,customer,date,amount\n1,C9,2026-01-02,5\n", encoding="utf-8"
    )
    assert command(*words, "--create-customers").exit_code == 0


def test_a_declined_column_on_the_command_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("code,name,owner\nN1,North,Mia\nN2,South,Bo\n", encoding="utf-8")
    assert "--map owner=-" in str(command("import", "customers", "c.csv").exception)
    assert command("import", "customers", "c.csv", "--map", "owner=-").exit_code == 0


def test_days_and_centuries_are_as_the_settings_and_options_say(
    command: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """17:30 in London is the next day in Shanghai; of the years of two digits, 2003 is meant."""
    monkeypatch.setenv("TIERBOT_TIMEZONE", "Asia/Shanghai")
    (tmp_path / "customers.csv").write_text("code,name\nC1,ACME\n", encoding="utf-8")
    assert command("import", "customers", "customers.csv").exit_code == 0
    orders = "order_no,customer,date,amount,currency\n1,C1,2025-12-31T17:30:00Z,5,EUR\n2,C1,2/24/03,5,EUR\n"
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    asked = command("import", "orders", "orders.csv")
    assert asked.exit_code != 0
    result = command("import", "orders", "orders.csv", "--century", "2000")
    assert result.exit_code == 0, result.output
    with closing(sqlite3.connect(file)) as connection:
        days = connection.execute("SELECT ordered_on FROM customer_order ORDER BY external_id").fetchall()
    assert days == [("2026-01-01",), ("2003-02-24",)]
