"""`contact-person`: entered, imported, shown with masks, changed, removed, exported and erased by commands."""

from pathlib import Path

import pytest

from tests.cli.conftest import Program

PEOPLE = "email,name,role\nanna@example.com,Anna,account_manager\nben@example.com,Ben,account_manager\nsam@example.com,Sam,sales_ops\n"
CUSTOMERS = "code,name,owner\nK1,ACME,anna@example.com\nK2,Globex,\n"


@pytest.fixture
def firm(program: Program, tmp_path: Path) -> Program:
    for kind, text in (("people", PEOPLE), ("customers", CUSTOMERS)):
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
        assert program("import", kind, f"{kind}.csv").code == 0
    return program


def test_a_contact_person_is_added_listed_changed_and_removed(firm: Program) -> None:
    options = (
        "--birthday",
        "农历8月30",
        "--phone",
        "+49 170 7391826",
        "--language",
        "German",
        "--channel",
        "wechat",
    )
    done = firm("contact-person", "add", "K1", "Li Ming", "--role", "Buyer", *options)
    said, rule = done.out.splitlines()
    assert said == "Li Ming is a contact person of ACME now, number 1."
    assert "Where that month has 29 days it is kept on the 29th." in rule
    (masked,) = firm("contact-person", "list", "acme", "--json").json
    assert (masked["name"], masked["role"], masked["language"]) == ("Li Ming", "Buyer", "de")
    assert (masked["phone"], masked["birthday"]) == ("+4•••26", "•••")
    (full,) = firm("contact-person", "list", "K1", "--show-personal", "--json").json
    assert (full["phone"], full["birthday"]) == ("+49 170 7391826", "lunar --08-30")
    assert "wechat" in firm("contact-person", "list", "K1").out.casefold()
    assert (
        firm("contact-person", "change", "1", "--phone", "", "--do-not-contact").out
        == "Li Ming of ACME is changed.\n"
    )
    assert "do not contact" in firm("contact-person", "list", "K1").out
    audit = firm("audit", "show").out
    assert "contact person changed" in audit
    assert "Li Ming" not in audit
    assert firm("contact-person", "remove", "1").out.startswith("Li Ming of ACME is removed.")
    assert firm("contact-person", "list", "K1").out == "There are no contact people yet.\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--birthday", "8/3"), "--birthday: 8/3 can be two days; write 03-08 or 08-03"),
        (("--phone", "1", "--email", "li"), "an e-mail address.\n--phone: '1' is not a telephone number."),
        (("--zone", "Asia/Shangai"), "did you mean Asia/Shanghai?"),
        (("--country", "Atlantis"), "'Atlantis' is not a country"),
        (("--language", "klingonish"), "'klingonish' is not a language"),
        (("--channel", "pigeon"), "'pigeon' is not one of phone, sms, email, wechat"),
        (("--greetings", "some"), "'some' is not one of all, birthday, none"),
        (("--email", "li"), "'li' is not an e-mail address"),
        (("--name", " "), "is missing"),
        ((), "Say what to change"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_what_to_write(
    firm: Program, options: tuple[str, ...], sentence: str
) -> None:
    assert firm("contact-person", "add", "K1", "Li Ming").code == 0
    refused = firm("contact-person", "change", "1", *options)
    assert (refused.code, sentence in refused.err) == (2, True), refused.err


def test_rights_are_those_of_the_customer(firm: Program) -> None:
    assert firm("contact-person", "add", "K1", "Li Ming", "--phone", "+49 170 7391826").code == 0
    assert firm("contact-person", "list", "K1", "--as", "ben@example.com").code == 3
    assert firm("contact-person", "change", "1", "--role", "x", "--as", "ben@example.com").code == 3
    assert firm("contact-person", "change", "1", "--role", "Buyer", "--as", "anna@example.com").code == 0
    assert firm("contact-person", "change", "1", "--role", "Boss", "--as", "sam@example.com").code == 0
    assert firm("contact-person", "list", "K1", "--show-personal", "--as", "sam@example.com").code == 4
    assert firm("contact-person", "remove", "1", "--as", "anna@example.com").code == 0


def test_one_contact_person_is_exported_and_erased_and_no_file_brings_them_back(
    firm: Program, tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_text(
        "Kunde,Vorname,Nachname,Geburtstag\nK1,Ada,Quist,8. März 1985\nK2,Bo,Yi,\n", "utf-8"
    )
    assert firm("import", "contact-persons", "contacts.csv", "--map", "birthday=-").code == 0
    exported = firm("export", "contact-person", "1").json
    assert exported["tables"]["contact_person"][0]["name"] == "Ada Quist"
    erased = firm("erase", "contact-person", "1", "--yes")
    assert (erased.code, "Ada Quist is erased." in erased.out) == (0, True), erased.err
    again = firm("import", "contact-persons", "contacts.csv")
    assert "To take one back: --again Ada Quist." in again.out + again.err
    assert firm("contact-person", "list", "K1").out == "There are no contact people yet.\n"
    assert "Bo Yi" in firm("contact-person", "list", "K2").out
