"""Lists fit a terminal of 80 columns, and lose nothing in a pipe; every list is there as CSV and as JSON."""

import csv
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import Result

from bot.cli.console import print_table
from bot.cli.tree import COMMANDS
from bot.settings import ROOT
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command

NAME = "Rheinische Hartsteinwerke und Baustoffhandel Gesellschaft mbH"
REASON = "agreed with the board for the whole of the next year, because of the new plant"


@pytest.fixture
def overridden(file: Path, command: Command) -> Command:
    """A book of one customer with a long name and an override with a long reason."""
    file.with_name("plain.yaml").write_text(
        factories.PLAIN_SCHEME + "\noverride: {allowed: true}\n", encoding="utf-8"
    )
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        customer = factories.customer(session, NAME, code="C-1")
        factories.fact(session, customer, "quality", 90)
        factories.fact(session, customer, "service", 90)
    database.close()
    assert command("grade", "--scheme", "plain.yaml").exit_code == 0
    assert command("override", "set", "C-1", "B", "--reason", REASON).exit_code == 0
    return command


def in_terminal(*arguments: str, columns: int) -> str:
    """What a command prints in a terminal so wide."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    surroundings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    surroundings |= {"PYTHONPATH": str(ROOT), "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env=surroundings,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


def test_a_table_in_a_terminal_of_80_columns_is_wrapped_and_complete(overridden: Command) -> None:
    shown = in_terminal("override", "list", columns=80)
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert "…" not in shown
    letters = "".join(shown.split())
    assert all(letter in letters for letter in set(NAME + REASON) - {" "})
    assert "Rheinische" in shown


def test_a_table_in_a_pipe_has_one_whole_line_for_each_row(overridden: Command) -> None:
    _, row = overridden("override", "list").output.splitlines()
    assert NAME in row
    assert REASON in row


def test_a_list_is_printed_as_csv_with_the_names_of_json(overridden: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(overridden("override", "list", "--csv").output)))
    (listed,) = json.loads(overridden("override", "list", "--json").output)
    assert [set(row) for row in rows] == [set(listed)]
    assert (rows[0]["name"], rows[0]["reason"]) == (NAME, REASON)


LISTS = (
    *("history", "score", "verify", "scheme list", "scheme diff", "customer duplicates", "override list"),
    *("care list", "review list", "outbox list", "outbox unknown", "import list"),
    *(f"report {name}" for name in COMMANDS["report"] if name not in ("freeze", "review-pack")),
)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_csv_and_json(command: Command, name: str) -> None:
    shown: Result = command(*name.split(), "--help")
    assert "--csv" in shown.output
    assert "--json" in shown.output


def test_a_cell_of_csv_is_no_formula(overridden: Command) -> None:
    assert overridden("override", "end", "C-1").exit_code == 0
    assert overridden("override", "set", "C-1", "A", "--reason", "=1+1").exit_code == 0
    rows = list(csv.DictReader(io.StringIO(overridden("override", "list", "--csv").output)))
    assert rows[0]["reason"] == "'=1+1"


def test_a_table_counts_the_width_of_chinese_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["编号", "名称"], [("C-1", "宏远"), ("C-20", "天成")])
    assert capsys.readouterr().out.splitlines() == ["编号  名称", "C-1   宏远", "C-20  天成"]
