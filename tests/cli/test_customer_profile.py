"""`customer-profile`: set, shown with masks, found, removed, imported, exported and erased by commands."""

from pathlib import Path

import pytest

from tests.cli.conftest import Program

PEOPLE = "email,name,role\nanna@example.com,Anna,account_manager\nben@example.com,Ben,account_manager\n"
CUSTOMERS = "code,name,owner,customer_type\nK1,ACME,anna@example.com,\nK2,Globex,,manufacturer\n"


@pytest.fixture
def firm(program: Program, tmp_path: Path) -> Program:
    for kind, text in (("people", PEOPLE), ("customers", CUSTOMERS)):
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
        assert program("import", kind, f"{kind}.csv").code == 0
    return program


def test_a_profile_is_set_shown_found_and_removed(firm: Program) -> None:
    done = firm("customer-profile", "set", "K1", "benefits", "price", "品质", "--on", "2026-01-31")
    assert done.out == "Benefits sought of ACME is set.\n"
    assert firm("customer-profile", "set", "K1", "occupation", "trapeze artist").code == 0
    benefits, quality, masked = firm("customer-profile", "show", "acme", "--json").json
    assert (benefits["value"], quality["value"], benefits["as_of"]) == ("price", "quality", "2026-01-31")
    assert (masked["value"], masked["masked"]) == (None, True)
    assert "trapeze" not in firm("customer-profile", "show", "K1").out
    assert "trapeze artist" in firm("customer-profile", "show", "K1", "--show-personal").out
    (found,) = firm("customer-profile", "list", "benefits=quality", "--json").json
    assert found == {"code": "K1", "customer": "ACME", "values": ["Price", "Quality"]}
    assert firm("customer-profile", "list", "loyalty").out == "No customer of yours has this.\n"
    said = firm("customer-profile", "set", "K1", "benefits", "speed", "--on", "2025-01-31").out
    assert said == "Benefits sought of ACME is kept as history, because a later day is known.\n"
    removed = firm("customer-profile", "remove", "K1", "benefits", "Quality").out
    assert removed == "Benefits sought of ACME is removed; it stays as history.\n"
    shown = firm("customer-profile", "show", "K1", "--history").out
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("Benefits")] == [
        *("counts", "history", "history"),
    ]
    audit = firm("audit", "show").out
    assert "customer profile changed" in audit
    assert "trapeze" not in audit


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("set", "K1", "shoes", "46"), "shoes is not a field of the customer profile; use one of needs"),
        (("set", "K1", "loyalty", "extreme"), "loyalty: 'extreme' is not one of high, medium, low."),
        (("set", "K1", "needs", " ; "), "The value is empty."),
        (
            ("set", "K2", "education", "master"),
            "education: is for persons, and the customer type 'manufacturer'",
        ),
        (("set", "K1", "needs", "x", "--on", "2099-01-01"), "The day lies in the future."),
        (("remove", "K1", "needs", "x"), "There is no such value: x."),
        (("list", "occupation=doctor"), "occupation is personal: customers are not listed by it."),
        (("show", "K9"), "There is no customer K9."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    firm: Program, words: tuple[str, ...], sentence: str
) -> None:
    done = firm("customer-profile", *words)
    assert done.code != 0
    assert sentence in done.err


def test_the_fields_are_listed_and_a_broken_file_of_the_firm_is_named_by_check(
    firm: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {one["id"]: one for one in firm("customer-profile", "fields", "--json").json}
    assert listed["education"]["personal"]
    assert "buying_channel" in firm("customer-profile", "fields").out
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    head, *lines = firm("customer-profile", "fields").out.splitlines()
    assert head.endswith("显示方式")
    assert any("每月访问官网次数" in line and "数字" in line for line in lines)
    monkeypatch.setenv("TIERBOT_LANGUAGE", "en")
    own = tmp_path / "own.yaml"
    own.write_text("fields:\n  - {id: shoes, name: {en: Shoes, zh: 鞋}, type: size}\n", encoding="utf-8")
    monkeypatch.setenv("TIERBOT_CUSTOMER_PROFILE", str(own))
    assert "own.yaml line 2, fields.0.type: 'size' does not fit here" in firm("check").err
    refused = firm("customer-profile", "fields")
    assert refused.code != 0
    assert "own.yaml" in refused.err
    own.write_text("fields:\n  - {id: shoes, name: {en: Shoes, zh: 鞋}}\n", encoding="utf-8")
    assert [one["id"] for one in firm("customer-profile", "fields", "--json").json] == ["shoes"]


def test_a_profile_is_exported_and_erased_with_its_customer(firm: Program, tmp_path: Path) -> None:
    text = "customer,needs,author\nK1,zebra crossings,Wilhelmina\nK2,gates,\n"
    (tmp_path / "profiles.csv").write_text(text, encoding="utf-8")
    assert firm("import", "customer-profiles", "profiles.csv").code == 0
    exported = firm("export", "customer", "K1", "--output", "out.json")
    assert exported.code == 0, exported.err
    written = (tmp_path / "out.json").read_text(encoding="utf-8")
    assert [word in written for word in ("zebra crossings", "Wilhelmina")] == [True, True]
    assert firm("erase", "customer", "K1", "--yes").code == 0
    assert [one["code"] for one in firm("customer-profile", "list", "needs", "--json").json] == ["K2"]


def test_steps_are_listed_only_of_customers_that_have_a_value(firm: Program) -> None:
    assert firm("care", "list", "--profile", "needs=gates").code == 0
    refused = firm("care", "list", "--profile", "occupation=doctor")
    assert "occupation is personal" in refused.err
