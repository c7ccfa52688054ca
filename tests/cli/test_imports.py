"""`import` on the command line."""

from pathlib import Path

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
    assert "1 rows: 0 were accepted (0 new, 0 changed, 0 as before), 1 rejected." in failed.output
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
