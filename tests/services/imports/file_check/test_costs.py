"""Costs of one piece, costs with another sign than the amount, and costs that some lines do not have."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def orders(header: str, *rows: str) -> str:
    lines = [f"A{n},C1,2026-01-05,{row}" for n, row in enumerate(rows, start=1)]
    return "\n".join([f"order,customer,date,{header}", *lines, ""])


def costs(book: Book) -> list[float | None]:
    found = book.rows("SELECT cost FROM customer_order ORDER BY id")
    return [None if one is None else float(one) / 10_000 for (one,) in found]


@pytest.mark.parametrize(
    ("header", "rows", "stored"),
    [
        ("amount,cost", ["100,-60", "200,-120"], [60, 120]),
        ("amount,cost", ["100,60", "-50,30"], [60, -30]),
        ("amount,cost", ["100,-60", "-50,30"], [60, -30]),
        ("金额,成本", ["100,-60"], [60]),
        ("Betrag,Kosten", ["100,60", "100,-60", "100,"], [60, 60, None]),
    ],
)
def test_a_cost_with_another_sign_than_its_amount_is_asked_about(
    filled: Book, header: str, rows: list[str], stored: list[float | None]
) -> None:
    content = orders(header, *rows)
    assert filled.ask("orders", content).keys() == {"cost-sign"}
    filled.bring("orders", content, accepted=("cost-sign",))
    assert costs(filled) == stored
    later = filled.bring("orders", content.replace("\nA", "\nB").replace("2026-01", "2026-02"))
    assert ([one.level for one in later.findings], costs(filled)) == (["note"], stored * 2)


def test_the_question_names_the_first_row(filled: Book) -> None:
    assert filled.ask("orders", orders("amount,cost", "50,20", "1000,-600.5")) == {
        "cost-sign": "Rows whose cost has another sign than their amount, so that the margin would be more than the amount: 1"
        " (line 3: amount 1,000.00, cost -600.50). Write costs with the sign of the amount, or give --map cost=- to "
        "leave out the column; --yes cost-sign gives each cost the sign of its amount."
    }


@pytest.mark.parametrize("rows", [["100,60", "-50,-30"], ["0,-5"], ["100,"], ["-50,"], ["100,160"]])
def test_costs_of_the_same_sign_are_no_question(filled: Book, rows: list[str]) -> None:
    report = filled.bring("orders", orders("amount,cost", *rows), dry_run=True)
    assert report.open_findings == ()


def test_the_costs_of_lines_are_turned_before_they_are_added_up(filled: Book) -> None:
    content = "order,customer,date,sku,amount,cost\n1,C1,2026-01-05,P,100,60\n1,C1,2026-01-05,Q,-50,30\n"
    lines: dict[str, Any] = {"kind_options": {"lines": True}}
    assert filled.ask("orders", content, **lines).keys() == {"cost-sign"}
    filled.bring("orders", content, accepted=("cost-sign",), **lines)
    assert costs(filled) == [30]  # 60 - 30


@pytest.mark.parametrize(
    ("header", "rows", "options"),
    [
        ("amount,quantity,cost", ["100,10,6", "200,20,6"], {}),
        ("amount,qty,cost", ["100,10,6", "60,3,13", "500,20,14"], {}),  # 60%, 65%, 56%
        ("金额,数量,成本", ["100,10,6", "120,10,6.5"], {}),
        ("Betrag,Menge,Kosten", ["1000,100,6", "1000,100,7"], {}),
        ("amount,quantity,unit cost", ["100,2,60"], {"columns": {"cost": "unit cost"}}),
        ("金额,数量,单位成本", ["100,2,60"], {"columns": {"cost": "单位成本"}}),
        ("Betrag,Menge,Stückkosten", ["100,2,30"], {"columns": {"cost": "Stückkosten"}}),
        ("amount,quantity,cost price", ["100,2,60"], {"columns": {"cost": "cost price"}}),
        ("amount,quantity,cost", ["100,10,6", "-200,-20,-6"], {}),
    ],
)
def test_costs_of_one_piece_are_asked_about(
    filled: Book, header: str, rows: list[str], options: dict[str, Any]
) -> None:
    content = orders(header, *rows)
    assert filled.ask("orders", content, **options).keys() == {"cost-per-piece"}
    assert filled.bring("orders", content, accepted=("cost-per-piece",), **options).accepted == len(rows)
    filled.bring("orders", content, columns={"cost": "-"}, forget=True)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("amount,quantity,cost", ["100,10,60", "200,20,120"]),
        ("amount,quantity,cost", ["100,10,5", "200,20,10", "60,3,3"]),  # 5% of each: a cheap product
        ("amount,quantity,cost", ["100,2,45", "100,2,40"]),
        ("amount,quantity,cost", ["100,1,6", "200,1,6"]),
        ("amount,quantity,cost", ["100,many,6"]),
        ("amount,cost", ["100,6", "200,6"]),
    ],
)
def test_costs_of_the_whole_row_are_no_question(filled: Book, header: str, rows: list[str]) -> None:
    assert filled.bring("orders", orders(header, *rows)).findings == ()


@pytest.mark.parametrize("header", ["unit cost", "单位成本", "Einzelkosten", "进价", "EK-Preis"])
def test_a_unit_cost_that_is_not_used_is_said(filled: Book, header: str) -> None:
    report = filled.bring("orders", orders(f"amount,{header}", "100,6"))
    assert [one.text() for one in report.findings] == [
        f"The column '{header}' has the cost of one piece and is not used, so that no margin is known from this file."
    ]
    assert costs(filled) == [None]


LINES = "order,customer,date,sku,amount,cost\n"


@pytest.mark.parametrize(
    ("rows", "said", "stored"),
    [
        (["1,C1,2026-01-05,P,100,60", "1,C1,2026-01-05,Q,50,"], "Of 1 orders, * 'A1', line 3", [None]),
        (
            [
                "1,C1,2026-01-05,P,100,",
                "1,C1,2026-01-05,Q,5,3",
                "2,C1,2026-01-05,Q,5,",
                "2,C1,2026-01-05,P,5,4",
            ],
            "Of 2 orders, * 'A1', line 2",
            [None, None],
        ),
        (["1,C1,2026-01-05,P,100,60", "1,C1,2026-01-05,Q,50,20"], "", [80]),
        (["1,C1,2026-01-05,P,100,60", "2,C1,2026-01-05,Q,50,"], "", [60, None]),
        (["1,C1,2026-01-05,P,100,60", "2,C1,2026-01-05,Q,50,", "2,C1,2026-01-05,R,50,"], "", [60, None]),
    ],
)
def test_orders_with_a_cost_on_some_lines_only_are_said(
    filled: Book, rows: list[str], said: str, stored: list[float | None]
) -> None:
    content = LINES + "".join(f"A{row}\n" for row in rows)
    report = filled.bring("orders", content, kind_options={"lines": True})
    assert costs(filled) == stored
    texts = [one.text() for one in report.findings if one.type.name == "lines-without-cost"]
    whole = said.replace("*", "some lines have a cost and others none (the first is")
    end = "): their whole cost is unknown, and so is their margin."
    assert texts == ([whole + end] if said else [])


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("amount,cost", ["1000,0.6", "500,0.55"]),
        ("amount,cost", ["1000,0.6"]),
        ("amount,cost", ["1000,62", "80000,58", "12000,60", "5000,61", "300000,60"]),  # percent
        ("金额,成本", ["1000,0.6", "-500,-0.55"]),
        ("amount,cost", ["12500,71", "840.5,62", "3310,55"]),
        ("amount,cost", ["1250,71", "840.5,62", "331,55", "2100,68"]),
        ("amount,cost %", ["1000,62"]),
        ("金额,成本率", ["1000,0.62"]),
        ("Betrag,Kostenquote", ["1000,0.62"]),
    ],
)
def test_costs_that_are_shares_are_asked_about(filled: Book, header: str, rows: list[str]) -> None:
    columns = {"cost": header.split(",")[1]}
    asked = filled.ask("orders", orders(header, *rows), columns=columns)
    amount, cost = rows[0].split(",")
    assert asked == {
        "cost-as-share": f"The costs in the column '{columns['cost']}' seem to be shares of the amount, not amounts (for"
        f" example the amount {amount} and the cost {cost}). Name the column of the whole cost: --map cost=COLUMN; where"
        " there is none, add one of cost times amount, or give --map cost=-. --yes cost-as-share: these are the whole costs."
    }


@pytest.mark.parametrize(
    "rows",
    [
        ["500000,300", "80000,55", "7000,4"],
        ["500,300000", "80,55000"],
        ["12500,120000", "840.5,8100", "3310,31000"],  # another currency
        ["331000,18.2", "9500,5.9", "12500,7750", "8400.5,5960", "9700,6000.9"],  # some in thousands
    ],
)
def test_costs_in_another_unit_than_the_amounts_are_asked_about(filled: Book, rows: list[str]) -> None:
    content = orders("amount,cost", *rows)
    amount, cost = rows[0].split(",")
    assert filled.ask("orders", content) == {
        "cost-scale": "Costs in the column 'cost' and their amounts seem to be in different units or currencies, such as"
        f" thousands (for example the amount {amount} and the cost {cost}). Export both in whole amounts of one currency, or give"
        " --map cost=- to leave out the costs; --yes cost-scale takes them as they are."
    }
    filled.bring("orders", content, accepted=("cost-scale",))
    assert costs(filled) == [float(row.split(",")[1]) for row in rows]


@pytest.mark.parametrize(
    "rows",
    [
        ["1.5,0.6", "2,1"],
        ["1000,600", "80000,55000", "12000,8000"],
        ["1000,60", "900,50", "1100,55", "1050,61", "990,58"],  # six percent of alike amounts
        ["1000,", "500,0"],
        ["100,160", "100,20"],
        ["1000,600", "2000,1200", "500,0.01", *["100,60"] * 30],  # one sample for nearly nothing
        ["80,45", "95,60", "60,41"],
    ],
)
def test_costs_of_the_whole_are_neither(filled: Book, rows: list[str]) -> None:
    report = filled.bring("orders", orders("amount,cost", *rows), dry_run=True)
    assert {one.type.name for one in report.open_findings} & {"cost-as-share", "cost-scale"} == set()
