"""Gifts from files: each once with its contact, none over a limit without a reason, whatever came before."""

from pathlib import Path
from typing import Any

import pytest

from bot.errors import Conflict
from bot.services.imports.kinds import gifts as kind
from tests.services.imports.conftest import Book

GIVEN = (
    "SELECT g.external_id, g.given_on, g.what, g.value / 10000, g.currency, g.occasion, g.state, g.reason, a.kind,"
    " a.happened_on FROM gift g JOIN activity a ON a.id = g.activity_id ORDER BY g.external_id"
)
HEAD = "id,customer,date,what,value,currency"
RULES = """currency: CNY
limits: {default: {gift: 200, customer_year: 300, person_year: 250}}
budgets: {owner_year: 500}
occasions: [{id: birthday, name: {en: Birthday, zh: 生日}}]
"""


@pytest.fixture
def firm(book: Book) -> Book:
    book.bring("people", "email,name,role\nanna@example.com,Anna,account_manager\n")
    book.bring("customers", "code,name,owner\nC1,Acme,anna@example.com\nC2,Globex,anna@example.com\n")
    book.bring("contact-persons", "customer,name\nC1,Wu Lei\nC2,Li Na\nC2,李娜\n")
    return book


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "gifts.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


def bring(firm: Book, rules: Path, *rows: str, head: str = HEAD, **options: Any) -> Any:
    return firm.bring("gifts", "\n".join((head, *rows)) + "\n", gift_rules=rules, **options)


def reasons(report: Any) -> list[tuple[int, str]]:
    return [(one.line, str(one.reason)) for one in report.first_rejects]


@pytest.mark.parametrize(
    "file",
    [
        "id,customer,date,what,value,currency,contact,occasion,giver\nG1,C1,2026-02-02,Tea,80.50,CNY,wu lei,Birthday,anna@example.com\n",
        "礼品编号,客户,赠送日期,礼品,金额,币种,收礼人,场合,赠送人\nG1,C1,2026-02-02,Tea,80.50,CNY,Wu Lei,生日,anna@example.com\n",
    ],
    ids=["English", "Chinese"],
)
def test_a_gift_is_also_a_contact_of_its_day_and_giver(firm: Book, rules: Path, file: str) -> None:
    firm.bring("gifts", file, gift_rules=rules)
    (found,) = firm.rows(GIVEN)
    assert found == (
        *("G1", "2026-02-02", "Tea", 80, "CNY", "birthday", "within", None, "gift", "2026-02-02"),
    )
    assert firm.rows("SELECT giver_id, owner_id, contact_person_id FROM gift") == [(1, 1, 1)]
    assert firm.rows("SELECT person_id, note FROM activity") == [(1, None)]


def test_rows_over_a_limit_are_refused_in_their_order_unless_they_say_why(firm: Book, rules: Path) -> None:
    bring(firm, rules, "G0,C1,2026-01-02,Tea,150,CNY")
    report = bring(
        *(firm, rules),
        *("G1,C1,2026-02-02,Cake,100,CNY,", "G2,C1,2026-02-03,Book,60,CNY,"),
        *("G3,C1,2026-02-04,Pen,50,CNY,", "G4,C1,2026-02-05,Clock,250,CNY,Ten years with us"),
        "G5,C1,2025-02-05,Vase,190,CNY,",
        head=f"{HEAD},reason",
    )
    assert reasons(report) == [
        (
            3,
            "Gifts to Acme may be worth CNY 300 in 2026, of which CNY 50 is left, and this one is worth CNY 60",
        )
    ]
    states = {row[0]: (row[6], row[7]) for row in firm.rows(GIVEN)}
    assert states["G4"] == ("allowed", "Ten years with us")
    assert sorted(states) == ["G0", "G1", "G3", "G4", "G5"]


def test_a_budget_is_of_all_customers_in_the_file(firm: Book, rules: Path) -> None:
    rows = [f"G{n},C{1 + n % 2},2026-02-0{n + 1},Gift {n},140,CNY" for n in range(4)]
    report = bring(firm, rules, *rows)
    ((line, said),) = reasons(report)
    assert line == 5
    assert said.startswith("The budget of Anna for gifts is CNY 500 in 2026, of which CNY 80 is left")


def test_a_gift_that_is_corrected_is_not_counted_beside_itself(firm: Book, rules: Path) -> None:
    bring(firm, rules, "G1,C1,2026-02-02,Tea,200,CNY")
    report = bring(firm, rules, "G1,C1,2026-02-03,Good tea,190,CNY")
    assert (report.changed, reasons(report)) == (1, [])
    (found,) = firm.rows(GIVEN)
    assert found[1:4] == ("2026-02-03", "Good tea", 190)
    assert found[9] == "2026-02-03"


def test_the_same_file_twice_changes_nothing_with_and_without_ids(firm: Book, rules: Path) -> None:
    for head, row in ((HEAD, "G1,C1,2026-02-02,Tea,90,CNY"), (HEAD[3:], "C1,2026-02-02,Cake,90,CNY")):
        bring(firm, rules, row, head=head)
        again = bring(firm, rules, row, head=head)
        assert (again.created, again.changed) == (0, 0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("G1,C1,2026-02-02,Tea,90,CNY,Mr Wong", "is no contact person of this customer"),
        ("G1,C2,2026-02-02,Tea,90,CNY,Wu Lei", "is no contact person of this customer"),
        ("G1,C1,2026-02-02,Tea,0,CNY,", "is not above 0"),
        ("G1,C1,2026-02-02,Tea,-5,CNY,", "is not above 0"),
        ("G1,C1,2026-02-02,Tea,90,,", "is empty, and no --currency was given"),
        ("G1,C1,2026-02-02,Tea,90,EUR,", "EUR cannot be converted to CNY, because the firm has no currency"),
        ("G1,C1,2999-02-02,Tea,90,CNY,", "future"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_the_reason(
    firm: Book, rules: Path, row: str, said: str
) -> None:
    good = "G9,C2,2026-02-02,Cake,20,CNY,"
    report = bring(firm, rules, row, good, head=f"{HEAD},contact")
    ((_, reason),) = reasons(report)
    assert said in reason
    assert len(firm.rows(GIVEN)) == 1


def test_a_file_without_a_currency_is_asked_for_it(firm: Book, rules: Path) -> None:
    file = "customer,date,what,value\nC1,2026-02-02,Tea,90\n"
    assert "no column for the currency" in firm.ask("gifts", file, gift_rules=rules)["currency-missing"]
    firm.bring("gifts", file, gift_rules=rules, currency="CNY")
    assert firm.rows("SELECT currency FROM gift") == [("CNY",)]


def test_amounts_are_converted_by_the_rate_of_their_day(firm: Book, rules: Path) -> None:
    firm.bring("rates", "date,currency,rate\n2026-01-01,EUR,8\n", firm_currency="CNY")
    report = bring(
        *(firm, rules, "G1,C1,2026-02-02,Tea,25,EUR", "G2,C1,2026-02-03,Cake,26,EUR"), firm_currency="CNY"
    )
    ((line, said),) = reasons(report)
    assert line == 3
    assert "A gift to Acme may be worth CNY 200 at most, and this one is worth CNY 208" in said
    assert [row[3:5] for row in firm.rows(GIVEN)] == [(25, "EUR")]


def test_what_was_recorded_while_the_file_was_read_is_not_exceeded_either(
    firm: Book, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody records a gift in Slack between the check of the file and its writing."""
    bring(firm, rules, "G0,C1,2026-01-02,Tea,190,CNY")
    real, first = kind.over_limits, [True]

    def checked(*given: Any) -> Any:
        if first.pop() if first else False:
            return iter(())
        return real(*given)

    monkeypatch.setattr(kind, "over_limits", checked)
    with pytest.raises(Conflict, match="Somebody has recorded gifts while the file was being read"):
        bring(firm, rules, "G1,C1,2026-02-02,Cake,190,CNY")
    assert len(firm.rows(GIVEN)) == 1


@pytest.mark.parametrize(
    "row",
    ["G1,C1,2026-02-02,visit", "G1,C2,2026-02-02,gift", "G1,C1,2025-12-31,gift"],
    ids=["another kind", "another customer", "another year"],
)
def test_a_file_of_activities_does_not_make_something_else_of_a_gift(
    firm: Book, rules: Path, row: str
) -> None:
    bring(firm, rules, "G1,C1,2026-02-02,Tea,90,CNY")
    asked = firm.ask("activities", f"id,customer,date,kind\n{row}\n", accepted=("activity-id-reused",))
    assert asked["gift-changed"].startswith("Activities that are gifts in the book have another kind")


def test_the_same_gift_in_a_file_of_activities_counts_once(firm: Book, rules: Path) -> None:
    firm.bring("activities", "id,customer,date,kind\nG1,C1,2026-02-02,gift\n")
    bring(firm, rules, "G1,C1,2026-02-02,Tea,90,CNY")
    assert firm.rows("SELECT kind, happened_on FROM activity") == [("gift", "2026-02-02")]


def test_a_gift_with_the_id_of_a_visit_is_asked(firm: Book, rules: Path) -> None:
    firm.bring("activities", "id,customer,date,kind\nG1,C1,2026-02-02,visit\n")
    file = f"{HEAD}\nG1,C1,2026-02-02,Tea,90,CNY\n"
    assert "Gifts have the ids of activities" in firm.ask("gifts", file, gift_rules=rules)["contact-as-gift"]


def test_a_joined_customer_takes_its_gifts_along(firm: Book, rules: Path) -> None:
    bring(firm, rules, "G1,C1,2026-02-02,Tea,190,CNY")
    firm.bring("joins", "customer,into\nC1,C2\n", kind_options={"prefer": "into"})
    report = bring(firm, rules, "G2,C2,2026-02-03,Cake,120,CNY")
    assert "of which CNY 110 is left" in reasons(report)[0][1]


def test_a_gift_that_goes_to_another_customer_leaves_its_contact_person(firm: Book, rules: Path) -> None:
    head = "id,customer,date,what,value,currency,contact"
    bring(firm, rules, "G1,C1,2026-02-02,Tea,80,CNY,Wu Lei", head=head)
    again = bring(firm, rules, "G1,C2,2026-02-02,Tea,80,CNY,", head=head, accepted=("gift-id-reused",))
    assert firm.rows("SELECT customer_id, contact_person_id FROM gift") == [(2, None)]
    firm.undo(again.batch_id)
    assert firm.rows("SELECT customer_id, contact_person_id FROM gift") == [(1, 1)]
