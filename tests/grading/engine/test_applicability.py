"""Which of several schemes grades a customer: the first whose words its columns hold, each of them."""

from dataclasses import replace

import pandas as pd
import pytest

from grading.engine.applicability import first_that_applies
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme

EVERYBODY = parse_scheme(preset_text("orders_only"), source="orders_only.yaml")


def only(**columns: tuple[str, ...]) -> Scheme:
    return replace(EVERYBODY, applies_to=columns)


BANKS = only(industry=("finance", "insurance"))
RESELLERS = only(customer_type=("distributor",))
GERMAN_BANKS = only(industry=("finance",), country=("DE",))

CUSTOMERS = pd.DataFrame(
    [
        ("finance", "end user", "DE"),
        ("insurance", "distributor", "DE"),
        ("retail", "distributor", None),
        ("Finance", None, "DE"),
        (None, None, None),
    ],
    columns=["industry", "customer_type", "country"],
    dtype=object,
)


@pytest.mark.parametrize(
    ("schemes", "places"),
    [
        ([BANKS], [0, 0, -1, -1, -1]),
        ([RESELLERS, BANKS], [1, 0, 0, -1, -1]),
        ([BANKS, RESELLERS], [0, 0, 1, -1, -1]),
        ([GERMAN_BANKS, BANKS, EVERYBODY], [0, 1, 2, 2, 2]),
        ([EVERYBODY, BANKS], [0, 0, 0, 0, 0]),
    ],
)
def test_the_first_scheme_whose_every_column_holds_one_of_its_words_grades(
    schemes: list[Scheme], places: list[int]
) -> None:
    assert first_that_applies(CUSTOMERS, schemes).tolist() == places


def test_no_customers_are_no_fault() -> None:
    assert first_that_applies(CUSTOMERS.iloc[:0], [BANKS]).tolist() == []


def test_a_scheme_covers_those_that_name_as_much_and_more() -> None:
    assert EVERYBODY.covers(BANKS)
    assert BANKS.covers(GERMAN_BANKS)
    assert BANKS.covers(BANKS)
    assert not GERMAN_BANKS.covers(BANKS)
    assert not BANKS.covers(RESELLERS)
    assert not BANKS.covers(EVERYBODY)


def test_whom_a_scheme_applies_to_is_read_and_is_part_of_its_identity() -> None:
    text = preset_text("orders_only")
    narrow = text.replace("as_of:", 'applies_to: {industry: [finance, " 保险 "], country: ["NO"]}\nas_of:', 1)
    scheme = parse_scheme(narrow, source="t")
    assert scheme.applies_to == {"industry": ("finance", "保险"), "country": ("NO",)}
    assert EVERYBODY.applies_to == {}
    assert scheme.sha256 != EVERYBODY.sha256
