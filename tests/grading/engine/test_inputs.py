"""Stored inputs come back as they were, to the last bit, in few bytes."""

import struct
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.engine.inputs import unpack
from grading.engine.scoring import grade
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.bench.bench_scoring import generate
from tests.factories import PLAIN_SCHEME
from tests.grading.frames import pack_frame

PLAIN = parse_scheme(PLAIN_SCHEME, source="plain")  # credit, months_with_us, quality, sanctions, service
B2B = parse_scheme(preset_text("b2b_accounts"), source="b2b")
HEAD = 1 + 2  # the layout; 2 x 5 bits


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_only_known_fields_take_bytes() -> None:
    facts = frame(
        quality=[50.5, np.nan, 0.0], credit=["D", None, "never heard of"], sanctions=[True, None, False]
    )
    facts["quality@date"] = pd.to_datetime(pd.Series(["2026-03-31", None, None]))
    spelled_out = len('["never heard of"]')
    assert [len(row) for row in pack_frame(facts, PLAIN)] == [
        HEAD + 1 + 8 + 1 + 3,
        HEAD,
        HEAD + 1 + 8 + 1 + spelled_out,
    ]


def test_the_layout_is_what_rows_in_databases_have() -> None:
    facts = frame(quality=[50.5], credit=["D"])
    facts["quality@date"] = pd.to_datetime(["2026-03-31"])
    known, dated = "10100", "00100"  # of credit, months_with_us, quality, sanctions, service
    bits = int(f"{known}{dated}000000", 2).to_bytes(2, "big")
    day = date(2026, 3, 31).toordinal().to_bytes(3, "little")
    assert pack_frame(facts, PLAIN) == [b"\x01" + bits + b"\x00" + struct.pack("<d", 50.5) + day]


def test_columns_come_back_typed_and_unknown_fields_do_not() -> None:
    facts = frame(quality=[50.5, np.nan], credit=[None, "灰"], sanctions=[None, True], other=["x", "y"])
    facts["quality@date"] = pd.to_datetime(pd.Series(["0001-01-01", None]))
    columns = unpack(pack_frame(facts, PLAIN), PLAIN)
    assert set(columns) == {"quality", "quality@date", "credit", "sanctions"}
    assert columns["credit"].tolist() == [None, "灰"]
    assert columns["sanctions"].tolist() == [None, True]
    assert columns["quality@date"].dtype == np.dtype("datetime64[D]")
    assert columns["quality@date"].tolist() == [date(1, 1, 1), None]


def test_every_field_of_the_b2b_preset_comes_back_and_grades_the_same() -> None:
    facts = generate(B2B, 500, 0.15)
    for place, indicator in enumerate(B2B.indicators):
        facts[f"{indicator.id}@date"] = pd.Timestamp("2026-10-31") - pd.to_timedelta(place, unit="D")
    packed = pack_frame(facts, B2B)
    again = pd.DataFrame(unpack(packed, B2B))
    pd.testing.assert_series_equal(
        grade(again, B2B, date(2026, 10, 31)).results["exact_score"],
        grade(facts, B2B, date(2026, 10, 31)).results["exact_score"],
        check_exact=True,
    )
    assert pack_frame(again, B2B) == packed
    assert [pack_frame(facts.iloc[[row]], B2B)[0] for row in range(20)] == packed[:20]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True),
            st.sampled_from([None, "A", "D", "", "\x00", "甲", '"', "long" * 90]),
            st.sampled_from([None, True, False]),
            st.one_of(st.none(), st.dates()),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_value_comes_back_with_the_same_bits(
    rows: list[tuple[float, str | None, bool | None, date | None]],
) -> None:
    numbers, words, truths, days = zip(*rows, strict=True)
    facts = pd.DataFrame(
        {
            "quality": np.array(numbers),
            "credit": np.array(words, dtype=object),
            "sanctions": np.array(truths, dtype=object),
            "quality@date": np.array(days, dtype="datetime64[D]").astype("datetime64[s]"),
        }
    )
    columns = unpack(pack_frame(facts, PLAIN), PLAIN)
    known = [not np.isnan(number) for number in numbers]
    missing = [None] * len(rows)
    found = columns.get("quality", np.full(len(rows), np.nan))
    assert [struct.pack("<d", x) for x, here in zip(found, known, strict=True) if here] == [
        struct.pack("<d", x) for x, here in zip(numbers, known, strict=True) if here
    ]
    assert list(columns.get("credit", missing)) == list(words)
    assert list(columns.get("sanctions", missing)) == list(truths)
    assert (
        [None if np.isnat(day) else day.item() for day in columns["quality@date"]]
        == [day if here else None for day, here in zip(days, known, strict=True)]
        if "quality@date" in columns
        else not any(d and here for d, here in zip(days, known, strict=True))
    )


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x02\x00\x00",
        b"\x01\x00",
        b"\x01\xff\xff",
        b"\x01\x00\x00[",
        b"{}",
        b"\x01\x80\x00\xff",
        b"\x01\x80\x00\xff[]",
    ],
)
def test_what_is_no_row_of_this_scheme_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"inputs|Expecting"):
        unpack([broken], PLAIN)


def test_no_rows_have_no_columns() -> None:
    assert unpack([], PLAIN) == {}
    assert pack_frame(pd.DataFrame(), PLAIN) == []
