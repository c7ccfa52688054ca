"""An import kind declares everything in one place: its command, its import, its undo and its documentation follow."""

import importlib
import logging
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Column, Integer, MetaData, String, Table
from typer.testing import CliRunner, Result

from bot.cli.tree import app
from bot.services.imports import KINDS, kinds
from bot.services.imports.job import ImportJob
from bot.services.imports.kind import FileKind, KindOption, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read import text
from db.engine import open_database

PAGE = Path(__file__).parents[3] / "docs" / "importing.md"
Command = Callable[..., Result]


@pytest.fixture
def command(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command line over an empty book."""
    handlers, level = logging.root.handlers[:], logging.root.level
    (tmp_path / "tierbot.db").write_bytes(migrated.read_bytes())
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{tmp_path / 'tierbot.db'}")
    monkeypatch.chdir(tmp_path)
    yield lambda *words: CliRunner().invoke(app, list(words))
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def documented(page: str, kind: type[FileKind]) -> list[tuple[str, bool]]:
    """(field, required) of a kind in the table of docs/importing.md."""
    row = re.search(rf"^\| `{kind.name}` \| (.*?) \| [^|]*\|$", page.replace(r"\|", "/"), re.MULTILINE)
    assert row is not None, f"docs/importing.md has no row for {kind.name}"
    columns = re.sub(r"\(.*?\)", "", row[1]).split(";")[0].split(", ")
    return [(name.strip(" *"), "**" in name) for name in columns]


def check_declaration(kind: type[FileKind], command: Command, page: str) -> None:
    """What can be checked of a kind without a file."""
    names = [field.name for field in kind.fields]
    assert KINDS[kind.name] is kind
    assert kind.key_field in names
    assert len(set(names)) == len(names)
    assert documented(page, kind) == [(field.name, field.required) for field in kind.fields]
    help_text = command("import", kind.name, "--help")
    assert help_text.exit_code == 0, help_text.output
    assert f"Bring in {kind.name} from a CSV file." in help_text.output
    assert [
        option.name for option in kind.options if f"--{option.name.replace('_', '-')}" not in help_text.output
    ] == []
    assert all(option.help for option in kind.options)
    assert f" {kind.name} " in command("import", "--help").output
    assert kind.writes
    assert kind.writes[0].has_batch
    for written in kind.writes:
        assert "id" in written.table.c
        assert written.called or not written.referring_columns(), (
            f"{written.table.name} has no word for its rows"
        )


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_declares_what_its_command_its_undo_and_its_documentation_need(
    name: str, command: Command
) -> None:
    check_declaration(KINDS[name], command, PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", KINDS)
def test_the_chinese_page_has_the_columns_of_every_kind(name: str) -> None:
    chinese = PAGE.with_suffix(".zh.md").read_text(encoding="utf-8")
    assert documented(chinese, KINDS[name]) == [(field.name, field.required) for field in KINDS[name].fields]


def test_every_kind_that_there_is_has_a_command() -> None:
    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{module.name}")
    found, waiting = set(), [FileKind]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("bot.services.imports.kinds."):
            found.add(kind)
    assert found == set(KINDS.values())


TOYS = Table(
    "toy",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("label", String, unique=True),
    Column("size", String),
    Column("wrapped", Integer),
    Column("batch_id", Integer),
)
TOY_PIECES = Table(
    "toy_piece", TOYS.metadata, Column("id", Integer, primary_key=True), Column("toy_id", TOYS.c.id.type)
)
TOY_ROW = "| `toys` | **label**, size (big, small) | label |\n"


def identity(self: UpsertKind, job: ImportJob) -> dict[str, Any]:
    return {"label": self.stage.c.key}


def defaults(self: UpsertKind, job: ImportJob) -> dict[str, Any]:
    return {"wrapped": int(job.options.kind_options["gift_wrapped"])}


DECLARATION = {
    "name": "toys",
    "key_field": "label",
    "fields": (
        FileField(name="label", synonyms="toy, 玩具", required=True, unique=True, column="key"),
        FileField(
            name="size",
            synonyms="大小",
            read=lambda job, name: text.choice({"big": ("大",), "small": ("小",)}),
        ),
    ),
    "staged": {"size": String},
    "writes": (WrittenTable(table=TOYS, called="toys", pointers=(TOY_PIECES.c.toy_id,)),),
    "options": (KindOption(name="gift_wrapped", help="Toys: they are gifts."),),
    "identity": identity,
    "defaults": defaults,
}


def rows(folder: Path) -> list[tuple[Any, ...]]:
    database = open_database(f"sqlite:///{folder / 'tierbot.db'}")
    with database.reader.connect() as connection:
        found = [tuple(row) for row in connection.execute(TOYS.select().order_by(TOYS.c.id))]
    database.close()
    return found


def life_of_toys(
    declaration: dict[str, Any], page: str, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Declare the toys, then import, correct and undo some by commands."""
    toys: Any = type("ToyKind", (UpsertKind,), declaration)
    monkeypatch.setitem(KINDS, toys.name, toys)
    check_declaration(toys, command, page)
    database = open_database(f"sqlite:///{folder / 'tierbot.db'}")
    TOYS.metadata.create_all(database.writer)
    database.close()
    (folder / "first.csv").write_text("玩具,大小\nball,big\nkite,小\nkite,huge\n", encoding="utf-8")
    (folder / "second.csv").write_text("toy,size\nball,small\n", encoding="utf-8")
    first = command("import", "toys", "first.csv", "--gift-wrapped")
    assert "3 rows: 2 accepted (2 new, 0 changed, 0 as before), 1 rejected." in first.output
    assert rows(folder) == [(1, "ball", "big", 1, 1), (2, "kite", "small", 1, 1)]
    second = command("import", "toys", "second.csv")
    assert "1 row: 1 accepted (0 new, 1 changed, 0 as before), 0 rejected." in second.output
    assert "Undo import 2 first" in str(command("import", "undo", "1").exception)
    assert "Rows removed: 0, restored: 1." in command("import", "undo", "2").output
    assert rows(folder) == [(1, "ball", "big", 1, 1), (2, "kite", "small", 1, 1)]
    database = open_database(f"sqlite:///{folder / 'tierbot.db'}")
    with database.writer.begin() as connection:
        connection.execute(TOY_PIECES.insert(), {"toy_id": 1})
    assert "1 of its toys are already in use (toy piece)" in str(command("import", "undo", "1").exception)
    with database.writer.begin() as connection:
        connection.execute(TOY_PIECES.delete())
    database.close()
    assert "Rows removed: 2, restored: 0." in command("import", "undo", "1").output
    assert rows(folder) == []


def test_a_declared_kind_has_a_command_and_can_be_imported_and_undone(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life_of_toys(DECLARATION, PAGE.read_text(encoding="utf-8") + TOY_ROW, command, tmp_path, monkeypatch)


@pytest.mark.parametrize("part", [*DECLARATION, "documentation", "words", "pointers"])
def test_no_part_of_a_declaration_can_be_left_out(
    part: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration, row = {name: value for name, value in DECLARATION.items() if name != part}, TOY_ROW
    if part == "documentation":
        row = ""
    if part == "words":
        declaration["writes"] = (WrittenTable(table=TOYS, pointers=(TOY_PIECES.c.toy_id,)),)
    if part == "pointers":
        declaration["writes"] = (WrittenTable(table=TOYS, called="toys"),)
    with pytest.raises((AssertionError, AttributeError)):
        life_of_toys(declaration, PAGE.read_text(encoding="utf-8") + row, command, tmp_path, monkeypatch)
