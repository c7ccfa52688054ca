"""`import profile` on the command line: what it prints, and that the command it names works in a fresh folder."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Output
from tests.services.imports.test_profile import FILES
from tests.services.imports.test_vendors import EXPORTS, Export

CHOSEN = {"CODE": "EUR", "ORDER": "dmy", "SIGN": "point"}  # what a person puts for the words of the command
CUSTOMERS = "code,name\nC1,Acme\nC2,Birch\n"
ORDERS = "order no,customer,date,amount,currency\n1,C1,2026-01-02,15,EUR\n"
BEFORE = {  # kind -> what must be in the book, as the profile says
    "activities": [("customers", CUSTOMERS)],
    "complaints": [("customers", CUSTOMERS)],
    "contact-persons": [("customers", CUSTOMERS)],
    "customer-profiles": [("customers", CUSTOMERS)],
    "facts": [("customers", CUSTOMERS)],
    "gifts": [("customers", CUSTOMERS)],
    "joins": [("customers", CUSTOMERS)],
    "surveys": [("customers", CUSTOMERS)],
    "order-lines": [("customers", CUSTOMERS), ("orders", ORDERS)],
    "teams": [("people", "email,name\nmia@example.com,Mia\n")],
}


def printed_command(output: str) -> list[str]:
    """The words of the command at the end of a profile, with a person's choices: of options to add, the first."""
    line = re.search(r"^To import it:\n  tierbot (.*)$", output, re.MULTILINE)
    assert line is not None, output
    added = re.findall(r"Add to the command below:\n  (.*): .*$", output, re.MULTILINE)
    return [CHOSEN.get(word, word) for word in shlex.split(" ".join([line.group(1), *added]))]


@pytest.mark.parametrize("language", [0, 1], ids=["English", "Chinese"])
@pytest.mark.parametrize("kind", FILES)
def test_the_command_that_a_profile_prints_imports_the_file(
    command: Command, tierbot: Output, monkeypatch: pytest.MonkeyPatch, kind: str, language: int
) -> None:
    if kind == "rates":
        monkeypatch.setenv("TIERBOT_CURRENCY", "CNY")
    Path("my file.csv").write_text(FILES[kind][language], encoding="utf-8")
    for earlier, content in BEFORE.get(kind, []):
        Path("earlier.csv").write_text(content, encoding="utf-8")
        tierbot("import", earlier, "earlier.csv")
    words = printed_command(tierbot("import", "profile", "my file.csv"))
    assert words[:3] == ["import", kind, "my file.csv"]
    result = command(*words)
    assert result.exit_code == 0, result.output
    assert " 0 rejected." in result.output


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.vendor)
def test_the_commands_for_a_vendors_export_work_one_after_the_other(
    command: Command, tierbot: Output, export: Export
) -> None:
    for name, content in (("customers.csv", export.customers), ("rows.csv", export.rows)):
        Path(name).write_text(content, encoding="utf-8")
        words = printed_command(tierbot("import", "profile", name))
        result = command(*words)
        assert result.exit_code == 0, (words, result.output)
        assert " 0 rejected" in result.output


def test_a_profile_reads_like_this(tierbot: Output) -> None:
    Path("sales.csv").write_text(
        "order_no,reseller_id,order_date,sales,note\n"
        "1,676,03/04/2025,10,\n2,117,05/06/2026,20.5,late\n3,442,05/07/2026,-0.5,\n",
        encoding="utf-8",
    )
    assert tierbot("import", "profile", "sales.csv").splitlines() == [
        "sales.csv: orders, one row per order.",
        "Read as utf-8, separated by comma, with the header on line 1.",
        "3 rows: 3 would be accepted, 0 rejected; 3 new, 0 changed.",
        "Dates from 2025-04-03 to 2026-07-05.",
        "Currency: not in the file.",
        "  2025: 1 row, 10.00",
        "  2026: 2 rows, 20.00",
        "Columns:",
        "  order_no = order_no: 1, 2, 3",
        "  customer = reseller_id (a guess: look at it): 676, 117, 442",
        "  date = order_date: 03/04/2025, 05/06/2026, 05/07/2026",
        "  amount = sales: 10, 20.5, -0.5",
        "Ignored:",
        "  note: late",
        "Customers: 3 named, 3 of them not in the book: 676, 117, 442.",
        "You decide. The currency is not in the file. Replace CODE in the command below by an ISO code, such as EUR or CNY.",
        "You decide. The column 'order_date' does not show in which order day, month and year stand (for example"
        " 03/04/2025). Replace ORDER in the command below:",
        "  --date-order dmy: the day comes first: 3/4/2026 is 3 April",
        "  --date-order mdy: the month comes first: 3/4/2026 is 4 March",
        "To import it:",
        "  tierbot import orders sales.csv --map customer=reseller_id --currency CODE --date-order ORDER"
        " --create-customers",
    ]


def test_the_same_as_json(tierbot: Output) -> None:
    Path("sales.csv").write_text(FILES["orders"][0], encoding="utf-8")
    found = json.loads(tierbot("import", "profile", "sales.csv", "--json"))
    assert (found["kind"], found["rows"], found["accepted"], found["unknown_customers"]) == (
        "orders",
        2,
        2,
        2,
    )
    assert found["totals"] == [{"year": 2026, "currency": None, "rows": 2, "amount": "30.5"}]
    assert found["command"] == [
        *("tierbot", "import", "orders", "sales.csv", "--currency", "CODE", "--create-customers"),
    ]
    assert [choice["placeholder"] for choice in found["choices"]] == ["CODE"]


def test_a_profile_creates_no_database(command: Command, file: Path) -> None:
    file.unlink()
    Path("c.csv").write_text(CUSTOMERS, encoding="utf-8")
    result = command("import", "profile", "c.csv")
    assert result.exit_code == 0, result.output
    assert "tierbot import customers c.csv" in result.output
    assert [path.name for path in Path().iterdir()] == ["c.csv"]


def test_the_rows_of_a_profile_add_up(tierbot: Output) -> None:
    Path("c.csv").write_text("code,name,since\nC1,Acme,\nC2,Birch,soon\nTotal,2,\n", encoding="utf-8")
    found = tierbot("import", "profile", "c.csv")
    assert "3 rows: 1 would be accepted, 1 rejected, 1 left out; 1 new, 0 changed." in found
    as_json = json.loads(tierbot("import", "profile", "c.csv", "--json"))
    assert as_json["rows"] == as_json["accepted"] + as_json["rejected"] + as_json["left_out"]


def test_the_values_of_the_columns_to_choose_from_stand_apart_from_the_options(tierbot: Output) -> None:
    Path("c.csv").write_text("Customer ID,name,SAP No\n1,Acme,D1\n2,Birch,D2\n", encoding="utf-8")
    found = tierbot("import", "profile", "c.csv")
    assert 'Which column is code? --map "code=Customer ID" (its values: 1, 2), or' in found
    assert '  --map "code=SAP No": its values: D1, D2' in found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "code,name,code\nC1,Acme,2\n",
            "The file has two columns named 'code', which differ (line 2: 'C1' and '2'). Rename one of the two columns named 'code'.",
        ),
        ("code,name\n", "c.csv has a header but no rows."),
    ],
)
def test_a_file_that_no_option_helps_is_profiled_and_refused(
    command: Command, content: str, problem: str
) -> None:
    Path("c.csv").write_text(content, encoding="utf-8")
    result = command("import", "profile", "c.csv")
    assert result.exit_code == 2
    assert (
        f"It cannot be read yet: {problem}\nWhen that is mended:\n  tierbot import customers c.csv"
        in result.output
    )
