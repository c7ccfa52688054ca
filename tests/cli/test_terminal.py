"""No control character of a name, a file or a reason reaches the terminal; scripts get values as they are."""

import ast
import inspect
import io
import json
import re
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from bot import cli
from bot.cli import console
from bot.logs import configure, visible
from db.book.customers import CustomerKey
from db.book.people import Person
from db.book.trade.order_lines import OrderLine
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

AS_OF = date(2026, 3, 31)
EVIL = "Evil\x1b[31m\x9b2J\x07\r\u202egpj\u2028:100: [bold]Ltd\\"
SHOWN = r"Evil\x1b[31m\x9b2J\x07\r\u202egpj\u2028:100: [bold]Ltd" + "\\"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COMMANDS = (
    *(
        "report rfm --as-of 2026-03-31",
        "report products --as-of 2026-03-31",
        "tier E-1",
        "tier Evil",
        "why E-1",
    ),
    *("history E-1", "override list", "review list", "import list", "credit show E-1", "override end E-1"),
    *("import customers {evil}", "import orders {orders}", "scheme check {evil}", "grade --scheme {evil}"),
    *("score {evil} --scheme plain.yaml", "tier {evil}", "customer join E-1 {evil}", "tick --at {evil}"),
    *("report rfm --as-of {evil}", "db restore {evil}", "{evil}"),
)


@pytest.fixture
def book(program: Program, file: Path) -> Program:
    """A customer whose name, reason and files are full of control characters."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        session.add(Person(email="evil@example.com", name=EVIL, role="admin"))
        for code, name in (("E-1", EVIL), ("E-2", EVIL), ("E-3", "Plain")):
            customer = factories.customer(session, name, code=code)
            session.add(CustomerKey(customer_id=customer, source=EVIL, external_id=code))
            factories.fact(session, customer, "quality", 90)
            factories.fact(session, customer, "service", 90)
            for n in range(4):
                order = factories.order(session, customer, AS_OF - timedelta(days=30 * n), 1000, cost=400)
                session.add(OrderLine(order_id=order, line="1", product_type=EVIL, amount=Decimal(1000)))
    database.close()
    scheme = factories.PLAIN_SCHEME + "\noverride: {allowed: true}\n"
    file.with_name("plain.yaml").write_text(scheme, encoding="utf-8")
    file.with_name(f"{EVIL}.csv").write_text(
        f"code,name,{EVIL},since\nE-9,{EVIL},x,{EVIL}\n", encoding="utf-8"
    )
    file.with_name("orders.csv").write_text(
        f"order_no,customer,date,amount,currency\n1,{EVIL},2026-01-01,{EVIL},EUR\n", encoding="utf-8"
    )
    assert program("grade", "--scheme", "plain.yaml").code == 0
    assert (
        program("override", "set", "E-1", "B", "--reason", EVIL, "--approver", "evil@example.com").code == 0
    )
    return program


def test_no_command_prints_a_control_character(book: Program) -> None:
    printed = {}
    for command in COMMANDS:
        arguments = [
            part.format(evil=f"{EVIL}.csv", orders="orders.csv") if "{" in part else part
            for part in command.split()
        ]
        done = book(*arguments)
        printed[command] = done.out + done.err
    assert {command for command, text in printed.items() if CONTROL.search(text)} == set()
    assert {command for command, text in printed.items() if "💯" in text} == set()
    assert {command for command, text in printed.items() if not text} == set()
    shown = {command for command, text in printed.items() if SHOWN in text}
    assert shown >= {
        *("override list", "report rfm --as-of 2026-03-31", "report products --as-of 2026-03-31"),
        *("scheme check {evil}", "credit show E-1", "db restore {evil}", "override end E-1"),
    }


def test_json_and_csv_give_scripts_the_name_as_it_is(book: Program) -> None:
    text = book("override", "list", "--json").out
    assert not CONTROL.search(text)
    assert json.loads(text)[0]["name"] == EVIL
    assert EVIL in book("override", "list", "--csv").out


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_a_table_and_csv_in_a_terminal_write_control_characters_out(
    book: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(
        console, "_OUT", Console(file=terminal, force_terminal=True, no_color=True, width=200)
    )
    console.print_table(["name"], [[EVIL]])
    console.print_records([{"name": EVIL}], as_csv=True)
    bold = re.compile(r"\x1b\[[0-9;]*m")
    assert not CONTROL.search(bold.sub("", terminal.getvalue()))
    assert terminal.getvalue().count(r"\x1b[31m") == 2


def test_a_log_line_has_no_control_characters(
    monkeypatch: pytest.MonkeyPatch, logging_restored: None
) -> None:
    import logging

    import structlog

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure("info")
    structlog.get_logger().warning("import.refused", file=EVIL)
    logging.getLogger("library").warning("cannot read %s", EVIL)
    assert not CONTROL.search(terminal.getvalue())
    assert terminal.getvalue().count(r"\x1b[31m") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("宏远 شركة 👩‍👧 é", "宏远 شركة 👩‍👧 é"),
        ("a\x7fb\x85c", r"a\x7fb\x85c"),
        ("\udcff.csv", r"\udcff.csv"),  # a byte of a file name that is no UTF-8
    ],
)
def test_only_control_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_nothing_in_the_command_line_prints_but_the_console() -> None:
    folder = Path(inspect.getfile(cli)).parent
    printing = {
        f"{path.stem}: {ast.unparse(node)}"
        for path in folder.rglob("*.py")
        if path.name != "console.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if ast.unparse(node) in {"sys.stdout", "sys.stderr", "typer.echo", "print", "Console"}
    }
    assert printing == {"tree: typer.echo"}  # the version


def test_an_argument_that_is_no_text_is_named(program: Program, file: Path) -> None:
    result = program("person", "role", "Anna\udcff", "admin")
    assert (result.code, result.err) == (
        2,
        "Anna\\udcff: this is not text in UTF-8. Type it again, in a terminal that is set to UTF-8.\n",
    )
