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
