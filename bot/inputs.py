"""The inputs kept with an assessment, as columns of facts: without pandas, because every card is made from them."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from grading.scheme import Scheme


def stored_columns(inputs: Mapping[int, str], scheme: Scheme) -> dict[str, Any]:
    """Stored inputs by customer -> arrays by field, in the order of the customers, as `grade` took them then."""
    cells: dict[str, list[Any]] = {}
    for row, text in enumerate(inputs.values()):
        for name, entry in json.loads(text).items():
            value, measured = entry if isinstance(entry, list) else (entry, None)
            cells.setdefault(name, [None] * len(inputs))[row] = value
            if measured:
                cells.setdefault(f"{name}@date", [None] * len(inputs))[row] = measured
    columns: dict[str, Any] = {}
    for name, values in cells.items():
        kind = scheme.fields[name].kind if name in scheme.fields else "number"
        dtype = "datetime64[s]" if name.endswith("@date") else float if kind == "number" else object
        columns[name] = np.array(values, dtype=dtype)
    return columns
