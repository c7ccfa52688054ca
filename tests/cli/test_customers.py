"""`customer` on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Output

FILES = {
    "erp.csv": "code,name,aliases\n10001,Basalt GmbH,OLD77\n10002,Granit AG,\n",
    "crm.csv": "code,name\n001A,Basalt GmbH\n10002,Kiesel KG\n",
    "orders.csv": "order,customer,date,amount\n1,10001,2026-01-05,500\n2,OLD77,2026-01-06,100\n",
    "visits.csv": "customer,date,kind\n001A,2026-01-05,visit\n",
    "pairs.csv": "customer,customer source,into,into source\n001A,crm,10001,erp\n",
}


@pytest.fixture
def two(tierbot: Output, tmp_path: Path) -> Output:
    """Two systems with a customer in common."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for kind, file, source in (
        ("customers", "erp.csv", "erp"),
        ("customers", "crm.csv", "crm"),
        ("orders", "orders.csv", "erp"),
        ("activities", "visits.csv", "crm"),
    ):
        output = tierbot("import", kind, file, "--source", source, "--currency", "EUR")
        assert " 0 rejected." in output
    return tierbot


def test_two_systems_customers_are_joined_listed_and_taken_back(two: Output) -> None:
    assert "Note likely-duplicates: New customers" in two(
        "import", "customers", "crm.csv", "--source", "shop"
    )
    two("import", "undo", "5")
    assert two("customer", "duplicates").splitlines() == [
        "001A Basalt GmbH and 10001 Basalt GmbH: the same name (basalt)",
        "  tierbot customer join crm:001A erp:10001",
    ]
    assert two("customer", "join", "CRM:001A", "ERP:10001", "--dry-run") == (
        "001A Basalt GmbH would be joined into 10001 Basalt GmbH: 1 activity, 1 code.\n"
    )
    assert two("customer", "join", "CRM:001A", "ERP:10001").splitlines() == [
        "001A Basalt GmbH is joined into 10001 Basalt GmbH: 1 activity, 1 code.",
        "To take it back: tierbot import undo 6",
    ]
    assert two("customer", "join", "CRM:001A", "ERP:10001") == (
        "CRM:001A and ERP:10001 are one customer already: 10001 Basalt GmbH.\n"
    )
    assert two("customer", "duplicates") == "No two customers look like one.\n"
    assert "CRM:001A into" in two("import", "list")
    assert "Import 6 is taken back" in two("import", "undo", "6")
    assert "001A" in two("customer", "duplicates")


def test_a_file_of_pairs_does_the_same(two: Output) -> None:
    assert "1 row: 1 accepted (0 new, 1 changed, 0 as before), 0 rejected." in two(
        "import", "joins", "pairs.csv"
    )
    assert two("customer", "duplicates") == "No two customers look like one.\n"
    assert "1 row: 1 accepted (0 new, 0 changed, 1 as before), 0 rejected." in two(
        "import", "joins", "pairs.csv"
    )
    two("import", "undo", "5")
    assert "001A" in two("customer", "duplicates")


def test_scripts_read_the_same_as_json(two: Output) -> None:
    (pair,) = json.loads(two("customer", "duplicates", "--json"))
    assert (pair["customer"]["code"], pair["into"]["code"], pair["into"]["orders"]) == ("001A", "10001", 2)
    report = json.loads(two("customer", "join", "CRM:001A", "ERP:10001", "--json"))
    assert (report["batch_id"], report["moved"]["activity"]) == (5, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("CRM:001A", "CRM:001A"), "CRM:001A cannot be joined into itself."),
        (("CRM:009", "ERP:10001"), "CRM:009 cannot be joined: there is no customer '009' from crm."),
        (
            ("10002", "10001"),
            "10002 cannot be joined: '10002' means 2 customers: write crm:10002 or erp:10002.",
        ),
        (("CRM:001A", "ERP:10001", "--prefer", "both"), "--prefer both is not known; use customer or into."),
    ],
)
def test_what_cannot_be_joined_ends_with_one_sentence(
    two: Output, command: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    result = command("customer", "join", *arguments)
    assert str(result.exception) == sentence


def test_what_differs_is_asked_with_both_answers(two: Output, command: Command, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("code,name,type\n001A,Basalt GmbH,prospect\n", encoding="utf-8")
    two("import", "customers", "leads.csv", "--source", "crm")
    result = command("customer", "join", "CRM:001A", "ERP:10001")
    assert str(result.exception).splitlines() == [
        "CRM:001A into ERP:10001 was not imported; nothing was stored.",
        "question joined-differ: 001A and 10001 differ in their record type (line 1: prospect / account). Say whose"
        " holds: --prefer into takes account, --prefer customer takes prospect.",
    ]
    assert "is joined into" in two("customer", "join", "CRM:001A", "ERP:10001", "--prefer", "into")
