"""Suggestions: customers of two systems with the same name, tax number or e-mail domain."""

import pytest

from bot.services.imports import find_duplicates
from bot.services.name_keys import LEGAL_ENDINGS
from tests.conftest import first_on_postgresql, none_on_postgresql, on_sqlite
from tests.factories import operator
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import join, state

pytestmark = none_on_postgresql


def pairs(book: Book, limit: int = 50) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (pair.command, pair.reasons)
        for pair in find_duplicates(book.database, operator(), limit, masked=False)
    ]


def bring(book: Book, source: str, *rows: str) -> None:
    book.bring("customers", "code,name\n" + "\n".join(rows) + "\n", source=source)


def bring_facts(book: Book, source: str, *rows: str) -> None:
    content = "customer,field,value,date\n" + "\n".join(f"{row},2026-01-31" for row in rows) + "\n"
    book.bring("facts", content, source=source, accepted=("unknown-field", "unknown-word"))


def test_each_pair_comes_with_its_reason_and_the_command_that_joins_it(two: Book) -> None:
    before = state(two)
    assert pairs(two) == [("tierbot customer join erp:10001 crm:001A", ("the same name (basalt)",))]
    assert state(two) == before
    join(two)
    assert pairs(two) == []


@first_on_postgresql
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Basalt GmbH", "Basalt"),
        ("Basalt GmbH", "BASALT gmbh & Co. KG"),
        ("Basalt Ltd", "Basalt Limited"),
        ("Basalt Pte. Ltd.", "Basalt Co., Ltd."),
        ("Basalt S.p.A.", "basalt spa"),
        ("Basalt Sp. z o.o.", "Basalt"),
        ("Müller-Werke AG", "Muller Werke"),
        ("上海安可贸易有限公司", "上海安可贸易"),
        ("上海安可贸易股份有限公司", "上海安可贸易有限责任公司"),
        ("ＡＣＭＥ Inc", "Acme"),
        ("Zenith 有限公司", "Zenith Ltd"),
    ],
)
def test_a_legal_form_makes_no_other_name(book: Book, one: str, other: str) -> None:
    bring(book, "erp", f'1,"{one}"')
    bring(book, "crm", f'A,"{other}"')
    assert [command for command, _ in pairs(book)] == ["tierbot customer join crm:A erp:1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Basalt GmbH", "Basaltwerk GmbH"),
        ("Cargo", "Car"),
        ("AG", "KG"),
        ("Co Ltd", "Limited"),
        ("北京安可有限公司", "上海安可有限公司"),
    ],
)
@on_sqlite
def test_another_name_is_another_customer(book: Book, one: str, other: str) -> None:
    bring(book, "erp", f"1,{one}")
    bring(book, "crm", f"A,{other}")
    assert pairs(book) == []


def test_the_one_with_the_orders_stays(book: Book) -> None:
    bring(book, "crm", "A,Basalt")
    bring(book, "erp", "1,Basalt")
    assert pairs(book)[0][0] == "tierbot customer join erp:1 crm:A"
    book.bring("orders", "order,customer,date,amount\n1,1,2026-01-05,5\n", source="erp")
    assert pairs(book)[0][0] == "tierbot customer join crm:A erp:1"


@pytest.mark.parametrize(
    ("codes", "is_pair"), [(("10001", "010001"), True), (("C-17", "c17"), True), (("10001", "10002"), False)]
)
@on_sqlite
def test_one_system_has_a_customer_twice_only_under_similar_codes(
    book: Book, codes: tuple[str, str], is_pair: bool
) -> None:
    bring(book, "erp", *(f"{code},Basalt" for code in codes))
    assert bool(pairs(book)) == is_pair


def test_a_tax_number_and_a_domain_of_its_own_are_signs(book: Book) -> None:
    bring(book, "erp", "1,Alder", "2,Birch", "3,Cedar", "4,Dogwood")
    bring(book, "crm", "A,Elm", "B,Fir", "C,Gum", "D,Dogwood Group")
    bring_facts(
        book, "erp", "1,tax_number,DE 123.456-789", "2,email,info@birch.example", "3,email,cedar@gmail.com"
    )
    bring_facts(
        book, "crm", "A,tax_number,de123456789", "B,email,sales@BIRCH.example", "C,email,gum@gmail.com"
    )
    assert pairs(book) == [
        ("tierbot customer join crm:A erp:1", ("the same tax number (DE123456789)",)),
        ("tierbot customer join crm:B erp:2", ("the same e-mail domain (birch.example)",)),
    ]


@pytest.mark.parametrize("domain", ["qq.com", "163.com", "GMAIL.com", "gmx.de", "foxmail.com"])
@on_sqlite
def test_a_public_domain_proves_nothing(book: Book, domain: str) -> None:
    bring(book, "erp", "1,Alder")
    bring(book, "crm", "A,Elm")
    bring_facts(book, "erp", f"1,email,a@{domain}")
    bring_facts(book, "crm", f"A,email,b@{domain}")
    assert pairs(book) == []


def test_pairs_with_several_reasons_come_first_and_the_list_is_limited(book: Book) -> None:
    bring(book, "erp", "1,Alder", "2,Birch")
    bring(book, "crm", "A,Alder GmbH", "B,Birch")
    bring_facts(book, "erp", "2,tax_number,DE123456789")
    bring_facts(book, "crm", "B,tax_number,DE123456789")
    assert pairs(book) == [
        ("tierbot customer join crm:B erp:2", ("the same tax number (DE123456789)", "the same name (birch)")),
        ("tierbot customer join crm:A erp:1", ("the same name (alder)",)),
    ]
    assert len(pairs(book, limit=1)) == 1


@on_sqlite
def test_a_value_that_many_share_is_no_sign(book: Book) -> None:
    for number in range(11):
        bring(book, f"shop{number}", f"{number},Walk-in customer")
    assert pairs(book) == []


@on_sqlite
def test_an_ended_customer_is_not_suggested(book: Book) -> None:
    bring(book, "erp", "1,Basalt")
    book.bring("customers", "code,name,ended\nA,Basalt,yes\n", source="crm")
    assert pairs(book) == []


def test_the_command_can_be_pasted_whatever_the_code(book: Book) -> None:
    bring(book, "erp", "1 A,Basalt")
    bring(book, "crm", "A'1,Basalt")
    assert pairs(book)[0][0] == "tierbot customer join 'crm:A'\"'\"'1' 'erp:1 A'"


@pytest.mark.parametrize(
    ("rows", "source", "count"),
    [
        (("A,Basalt", "B,Granit AG", "C,Kiesel"), "crm", 2),
        (("A,Basalt GmbH", "B,Granit"), "crm", 1),
        (("A,Basalt GmbH",), "erp", 0),
        (("A,Schiefer",), "crm", 0),
    ],
)
def test_an_import_says_how_many_new_customers_another_system_has(
    book: Book, rows: tuple[str, ...], source: str, count: int
) -> None:
    bring(book, "erp", "1,Basalt", "2,Granit AG")
    content = "code,name\n" + "\n".join(rows) + "\n"
    report = book.bring("customers", content, source=source)
    said = [
        finding.values["count"] for finding in report.findings if finding.type.name == "likely-duplicates"
    ]
    assert said == [count] * (count > 0)
    again = book.bring("customers", content, source=source)
    assert again.findings == ()


def test_the_legal_forms_are_tried_from_the_longest() -> None:
    lengths = [len(ending) for ending in LEGAL_ENDINGS]
    assert lengths == sorted(lengths, reverse=True)
