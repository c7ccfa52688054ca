"""The fields of customer profiles: the shipped file, and what is said about a firm's own."""

from pathlib import Path

import pytest

from bot.errors import SeveralProblems
from bot.services.traits.fields import TraitFields, load_fields, shipped_fields

CHOICE = "{id: high, name: {en: High, zh: 高}}"


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SeveralProblems) as refused:
        load_fields(path)
    return [str(one) for one in refused.value.problems]


def field(rest: str, name: str = "x") -> str:
    return f"  - {{id: {name}, name: {{en: {name.title()}, zh: 字段{name}}}, {rest}}}\n"


def test_the_shipped_fields_cover_what_is_asked_of_a_customer_profile() -> None:
    ids = {one.id for one in shipped_fields().fields}
    assert {
        "needs",
        "benefits",
        "preferences",
        "opportunities",
        "problems",
        "competitors",
        "buying_channel",
    } < ids
    assert {"loyalty", "lifestyle", "special_needs", "education", "occupation", "web_activity"} < ids
    personal = {one.id for one in shipped_fields().fields if one.personal}
    assert personal == {"lifestyle", "hobbies", "education", "occupation"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (field("type: choice"), "values belong to type: choice, and a choice needs them"),
        (field(f"values: [{CHOICE}]"), "values belong to type: choice"),
        (field(f"type: choice, values: [{CHOICE}, {CHOICE}]"), "value 'high' is there twice"),
        (field("type: number, several: true"), "a number has one value; remove several"),
        (field("personal: true, card: true"), "a personal field is not shown on the card"),
        (field("also: []", "date"), "id 'date' stands for another column of imported files"),
        (field("also: []") * 2, "field 'x' is there twice"),
        (field("also: [Y]") + field("also: []", "y"), "'y' stands for two fields in files"),
        (field("type: colour"), "fields.0.type: 'colour' does not fit here"),
        (field("colour: red"), "fields.0.colour: is not a key of this file"),
        ("  - {id: x}\n", "fields.0.name: is missing; add it"),
        ("  - {id: [\n", "is not readable YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_the_key_and_what_to_do(
    tmp_path: Path, fields: str, sentence: str
) -> None:
    found = problems(tmp_path, f"fields:\n{fields}")
    assert any(sentence in one for one in found), found
    assert all(one.startswith("own.yaml") for one in found)


@pytest.mark.parametrize(
    ("kind", "is_person"),
    [("Privatkunde", True), ("个人客户", True), ("manufacturer", False), (None, None), ("", None)],
)
def test_the_type_of_a_customer_says_whether_it_is_a_person(kind: str | None, is_person: bool | None) -> None:
    fields: TraitFields = shipped_fields()
    assert fields.is_person(kind) is is_person
    education, needs = fields.require("education"), fields.require("needs")
    assert education.suits(fields.is_person(kind)) is (is_person is not False)
    assert needs.suits(fields.is_person(kind))


@pytest.mark.parametrize("word", ["quality", "Quality", "品质", "质量", "Qualität", "ＱＵＡＬＩＴＹ"])
def test_a_value_of_a_choice_is_known_by_each_of_its_words(word: str) -> None:
    found = shipped_fields().require("追求的利益").find(word)
    assert found is not None
    assert found.id == "quality"
