"""The first command in an empty place creates the database, says so, and does its work."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from db import schema
from db.engine import open_database
from tests import postgres
from tests.cli.conftest import Program

CREATED = "Created the database data/tierbot.db.\n"


@pytest.fixture
def customers(tmp_path: Path) -> str:
    (tmp_path / "customers.csv").write_text("code,name\nC-1,ACME\n", encoding="utf-8")
    return "customers.csv"


def revision(file: Path) -> str | None:
    database = open_database(f"sqlite:///{file}")
    found = schema.current(database)
    database.close()
    return found


FIRST = [
    (("import", "customers", "customers.csv"), 0),
    (("import", "customers", "customers.csv", "--dry-run"), 0),
    (("import", "list"), 0),
    (("scheme", "list"), 0),
    (("scheme", "propose", "orders_only"), 2),  # there are no orders to fit it to
    (("grade", "--scheme", "orders_only"), 0),
    (("tier", "ACME"), 3),
    (("why", "ACME"), 3),
    (("outbox", "list"), 0),
]


@pytest.mark.parametrize(("command", "code"), FIRST, ids=[" ".join(command) for command, _ in FIRST])
def test_the_first_command_creates_the_database_and_says_so_once(
    command: tuple[str, ...], code: int, program: Program, customers: str, tmp_path: Path
) -> None:
    first = program(*command)
    assert (first.code, first.err.startswith(CREATED)) == (code, True), first
    assert CREATED not in first.out
    assert revision(tmp_path / "data" / "tierbot.db") == schema.HEAD
    assert CREATED not in program(*command).err


def test_json_is_not_mixed_with_the_sentence(program: Program, customers: str) -> None:
    done = program("import", "customers", customers, "--json")
    assert (done.json["accepted"], done.err) == (1, CREATED)


def test_a_database_elsewhere_is_named_by_its_whole_path(
    program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("TIERBOT_DATA_DIR", str(elsewhere))
    assert program("import", "list").err == f"Created the database {elsewhere}/tierbot.db.\n"


def test_a_file_of_no_bytes_is_an_empty_database(program: Program, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tierbot.db").touch()
    assert program("import", "list").err == CREATED


@pytest.mark.parametrize(
    "command",
    [("tick",), ("db", "backup", "copy.db"), ("db", "recount"), ("db", "restored", "--yes")],
    ids=" ".join,
)
def test_commands_for_a_database_in_use_create_none(command: tuple[str, ...], program: Program) -> None:
    done = program(*command)
    assert (done.code, "revision none" in done.err) == (6, True), done


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("CREATE TABLE contacts (name TEXT)", "none"),
        ("CREATE TABLE alembic_version (version_num TEXT)", "none"),
        ("CREATE TABLE alembic_version AS SELECT '0000' AS version_num", "0000"),
    ],
    ids=["of another program", "without a revision", "of an older version"],
)
def test_a_database_with_any_table_is_left_as_it_is(
    made: str, found: str, program: Program, customers: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "tierbot.db")) as file:
        file.execute(made)
        file.commit()
        before = list(file.iterdump())
        done = program("import", "customers", customers)
        assert (done.code, f"at revision {found}," in done.err) == (6, True), done
        assert list(file.iterdump()) == before


def test_an_empty_postgresql_is_created_too_and_its_password_is_not_shown(
    empty_url: str, program: Program, customers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(empty_url)
    if not empty_url.startswith("sqlite"):
        url = url.set(password="secret")
    monkeypatch.setenv("TIERBOT_DATABASE_URL", url.render_as_string(hide_password=False))
    first, second = (program("import", "customers", customers) for _ in range(2))
    assert (first.code, second.code, second.err) == (0, 0, "")
    assert first.err.startswith("Created the database ")
    assert "secret" not in first.err
    assert "1 row: 1 accepted (1 new, 0 changed, 0 as before), 0 rejected." in first.out


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_a_user_who_may_not_create_tables_reads_why(
    empty_url: str, program: Program, customers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(empty_url)
    reader = f"reader_{url.database}"
    with postgres.connected(url) as connection:
        connection.execute(text(f"CREATE ROLE {reader} LOGIN"))
    try:
        monkeypatch.setenv("TIERBOT_DATABASE_URL", url.set(username=reader).render_as_string())
        done = program("import", "customers", customers)
    finally:
        with postgres.connected(url) as connection:
            connection.execute(text(f"DROP ROLE {reader}"))
    assert done.code == 6
    assert "permission denied for schema public" in done.err
