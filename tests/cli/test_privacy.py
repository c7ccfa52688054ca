"""`tierbot erase`, `tierbot export`, and restoring a backup from before an erasure."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.services.privacy.marks import FILE
from tests.cli.conftest import Command, Done, Output, Program

CUSTOMERS = "code,name,owner\nK1,Zephyr Quill,anna@example.com\nK2,Birch,\n"
PEOPLE = "email,name\nanna@example.com,Anna Quist\n"


@pytest.fixture
def book(tierbot: Output, tmp_path: Path) -> Path:
    """Two customers and a person; the folder with their files."""
    for kind, content in (("people", PEOPLE), ("customers", CUSTOMERS)):
        (tmp_path / f"{kind}.csv").write_text(content, encoding="utf-8")
        tierbot("import", kind, f"{kind}.csv")
    return tmp_path


def codes(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT code FROM customer ORDER BY code")]


def test_an_erasure_shows_what_is_kept_and_asks_for_the_code(
    book: Path, command: Command, file: Path
) -> None:
    asked = command("erase", "customer", "K1", input="K2\n")
    assert asked.exception is not None
    assert (str(asked.exception), codes(file)) == (
        "Nothing was erased: 'K2' is not what was asked for.",
        ["K1", "K2"],
    )
    done = command("erase", "customer", "K1", input="K1\n")
    assert done.exception is None
    rows = [line.split() for line in done.output.splitlines()]
    assert {("customer", "1"), ("customer_key", "1"), ("ownership", "1")} <= {tuple(row) for row in rows}
    assert "Not reached: your backups; restoring one asks whether to erase again." in done.output
    assert "no deleted byte is left in it or in its log" in done.output
    assert codes(file) == ["K2"]
    assert b"Zephyr" not in file.read_bytes()


def test_the_customers_that_nobody_would_look_after_are_named(
    book: Path, tierbot: Output, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERBOT_ADMINS", "anna@example.com")
    refused = command("erase", "person", "anna@example.com", "--yes")
    assert "is an admin by TIERBOT_ADMINS" in str(refused.exception)
    monkeypatch.delenv("TIERBOT_ADMINS")
    said = tierbot("erase", "person", "anna@example.com", "--yes")
    assert "Customers that nobody would look after: K1." in said
    assert "rows about nobody but" in str(command("import", "people", "people.csv").exception)
    tierbot("import", "people", "people.csv", "--again", "anna@example.com")


def test_in_chinese_a_person_becomes_a_former_colleague_in_chinese(
    book: Path, tierbot: Output, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    tierbot("erase", "person", "anna@example.com", "--yes")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM person").fetchall() == [("前同事 1",)]


def test_an_export_is_a_private_file_that_is_not_overwritten(
    book: Path, tierbot: Output, command: Command
) -> None:
    tierbot("export", "customer", "K1", "-o", "k1.json")
    found = json.loads((book / "k1.json").read_text("utf-8"))
    assert found["tables"]["customer"][0]["name"] == "Zephyr Quill"
    assert "exists already" in str(command("export", "customer", "K1", "-o", "k1.json").exception)
    shown = json.loads(tierbot("export", "person", "anna@example.com"))
    assert shown["about"] == {"kind": "person", "code": "anna@example.com", "name": "Anna Quist"}


def by_command(tierbot: Output, file: Path) -> str:
    return tierbot("db", "restore", "copy.db", "--yes")


def by_command_without_the_marks_file(tierbot: Output, file: Path) -> str:
    (file.parent / "data" / FILE).unlink()
    return tierbot("db", "restore", "copy.db", "--yes")


def by_command_in_place_of_a_broken_file(tierbot: Output, file: Path) -> str:
    file.write_bytes(b"broken" * 1000)
    return tierbot("db", "restore", "copy.db", "--yes")


def by_copying(tierbot: Output, file: Path) -> str:
    shutil.copy("copy.db", file)
    return tierbot("erase", "again", "--yes")


def by_another_tool(tierbot: Output, file: Path) -> str:
    shutil.copy("copy.db", file)
    return tierbot("db", "restored", "--yes")


@pytest.mark.parametrize(
    "restored",
    [
        by_command,
        by_command_without_the_marks_file,
        by_command_in_place_of_a_broken_file,
        by_copying,
        by_another_tool,
    ],
)
def test_a_restored_backup_erases_again_who_was_erased_since(
    book: Path, tierbot: Output, command: Command, file: Path, restored: Callable[[Output, Path], str]
) -> None:
    tierbot("db", "backup", "copy.db")
    tierbot("erase", "customer", "K1", "--yes")
    tierbot("erase", "person", "anna@example.com", "--yes")
    said = restored(tierbot, file)
    assert (
        "These were erased, and are in this database again:\n  K1 Zephyr Quill\n  a•••@example.com Anna Quist\n"
        in said
    )
    assert codes(file) == ["K2"]
    for word in (b"Zephyr", b"Quist"):
        assert word not in file.read_bytes()
    assert "rows about nobody but" in str(command("import", "people", "people.csv").exception)
    assert not list(book.glob("*.restoring*"))


def test_a_restored_backup_asks_and_who_is_not_erased_again_stays(
    book: Path, tierbot: Output, command: Command, file: Path
) -> None:
    tierbot("db", "backup", "copy.db")
    tierbot("erase", "customer", "K1", "--yes")
    answered = command("db", "restore", "copy.db", input="y\nn\n")
    assert "They stay, and imports bring in rows about them." in answered.output
    assert codes(file) == ["K1", "K2"]
    assert "2 accepted (0 new" in tierbot("import", "customers", "customers.csv")
    assert tierbot("erase", "again") == "Nobody who was erased is in the book.\n"


def test_only_an_admin_erases_again(book: Path, command: Command) -> None:
    refused = command("erase", "again", "--yes", "--as", "anna@example.com")
    assert str(refused.exception) == "Only admins export and erase what is kept about a customer or a person."


def test_check_says_that_the_database_is_older_than_an_erasure(program: Program, tmp_path: Path) -> None:
    def ran(*arguments: str) -> Done:
        done = program(*arguments)
        assert done.code == 0, done.err
        return done

    (tmp_path / "customers.csv").write_text("code,name\nK1,Zephyr Quill\nK2,Birch\n", encoding="utf-8")
    ran("import", "customers", "customers.csv")
    ran("db", "backup", "copy.db")
    ran("erase", "customer", "K1", "--yes")
    assert "Kept without an end: assessments, notes of visits and calls" in ran("check").out
    shutil.copy("copy.db", "data/tierbot.db")
    assert (
        "older than 1 erasure: it holds who was erased since. Run: tierbot erase again"
        in program("check").err
    )
    ran("erase", "again", "--yes")
    ran("check")
    (tmp_path / "data" / FILE).write_text("[1", encoding="utf-8")
    assert "cannot be read" in program("check").err


def test_the_audit_of_an_erasure_is_in_the_language_of_the_reader(
    book: Path, tierbot: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    tierbot("customer", "join", "K2", "K1")
    tierbot("erase", "customer", "K1", "--yes")
    tierbot("erase", "person", "anna@example.com", "--yes")
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    person, customer = tierbot("audit", "show", "--action", "erased").splitlines()[1:]
    assert customer.split("客户 1")[1].strip().endswith("；连同客户编号 2")
    assert person.split("Former colleague 1")[1].strip() == "行数 2"


def test_without_room_for_the_marks_an_erasure_says_so_and_erase_again_writes_them(
    book: Path, command: Command, tierbot: Output
) -> None:
    in_the_way = book / "data" / f".{FILE}.partial"
    in_the_way.mkdir(parents=True)
    done = command("erase", "customer", "K1", "--yes")
    assert done.exception is None
    assert "K1 is erased." in done.output
    assert "Only the database knows who was erased" in done.stderr
    assert not (book / "data" / FILE).exists()
    in_the_way.rmdir()
    tierbot("erase", "again")
    assert (book / "data" / FILE).exists()
