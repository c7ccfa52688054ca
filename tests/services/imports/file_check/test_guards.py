"""The apostrophe before a cell that a spreadsheet would run: put on, and taken off again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.imports.read.cells.guards import harmless, restored


@given(st.text(alphabet="'=+-@\t\r\0＝＋－＠aé1", max_size=6))
def test_a_cell_made_harmless_comes_back_as_it_was(cell: str) -> None:
    assert restored(harmless(cell)) == cell
    assert harmless(cell)[:1] not in tuple("=+-@\t\r\0＝＋－＠")


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1", "'=1"), ("'=1", "''=1"), ("''-1", "'''-1"), ("'a", "'a"), ("a", "a"), ("", ""), ("-", "'-")],
)
def test_exactly_the_cells_that_would_run_get_an_apostrophe(cell: str, written: str) -> None:
    assert harmless(cell) == written
    assert restored(written) == cell
