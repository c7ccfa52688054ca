"""Slack's limits on tables in messages.

The figures are those of https://docs.slack.dev/reference/block-kit/blocks/data-table-block and …/table-block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.demo.workspace.limits.shapes import Check, Faults, array, boolean, number, shape, string, typed

TABLES = ("data_table", "table")
MOST_ROWS, MOST_CELLS = 100, 20
MOST_CELL_CHARACTERS = 10_000  # of all cells of one table


def _figure(value: Any, pointer: str) -> Faults:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield "must be a number", pointer


_TEXT = shape({"text": string(MOST_CELL_CHARACTERS, least=1)})
_FIGURE = shape({"value": _figure, "text": string(MOST_CELL_CHARACTERS, least=1)})


def cells_of(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The cells of a table."""
    for row in block["rows"]:
        yield from row


def _characters(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_characters, value))
    if not isinstance(value, dict):
        return 0
    return sum(
        len(part) if name == "text" and isinstance(part, str) else _characters(part)
        for name, part in value.items()
    )


def _fits(value: Any, pointer: str) -> Faults:
    if _characters(value["rows"]) > MOST_CELL_CHARACTERS:
        yield f"all cells together must be less than {MOST_CELL_CHARACTERS + 1} characters", f"{pointer}/rows"


def _is_even(value: Any, pointer: str) -> Faults:
    if len({len(row) for row in value["rows"]}) > 1:
        yield "all rows must have the same number of cells", f"{pointer}/rows"
    for column, cell in enumerate(value["rows"][0]):
        if cell["type"] == "rich_text":
            yield "the first row is the header, which takes no rich_text", f"{pointer}/rows/0/{column}"


def tables(rich_text: Check) -> dict[str, Check]:
    """The checks of both kinds of table; `rich_text` is that of such a block."""
    cell = typed(raw_text=_TEXT, raw_number=_FIGURE, rich_text=rich_text)
    row = array(cell, most=MOST_CELLS)
    identity: dict[str, Check] = {"block_id": string(255)}
    settings = shape({}, align=string(6, choices=("left", "center", "right")), is_wrapped=boolean)
    return {
        "data_table": shape(
            {"caption": string(1000, least=1), "rows": array(row, most=MOST_ROWS + 1, least=2)},
            _is_even,
            _fits,
            **identity,
            page_size=number(1, MOST_ROWS),
            row_header_column_index=number(0, MOST_CELLS - 1),
        ),
        "table": shape(
            {"rows": array(row, most=MOST_ROWS)},
            _fits,
            **identity,
            column_settings=array(settings, most=MOST_CELLS),
        ),
    }
