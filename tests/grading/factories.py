"""Small schemes as text, and frames of facts, for tests that state only what they need."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from grading.engine.scoring import Grading, grade
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme

AS_OF = date(2026, 10, 31)
NAME = 'name: {en: "a name", zh: "名称"}'
LINE = "{fn: points, knots: [[0, 0], [100, 100]]}"  # a value from 0 to 100 is its own score


def indicator(id: str, weight: float = 100, score: str = LINE, extra: str = "") -> str:
    return f"{{id: {id}, {NAME}, weight: {weight}, score: {score}{', ' + extra if extra else ''}}}"


def dimension(id: str, *indicators: str, weight: float = 100, min_coverage: float = 0) -> str:
    inner = ", ".join(indicators)
    return f"{{id: {id}, {NAME}, weight: {weight}, min_coverage: {min_coverage}, indicators: [{inner}]}}"


def scheme_text(*dimensions: str, gates: str = "[]", **top: Any) -> str:
    settings = {
        "min_coverage": 0,
        "min_history_months": 0,
        "display_decimals": 1,
        "policy": "redistribute",
    } | top
    lines = "".join(f"  - {text}\n" for text in dimensions or (dimension("only", indicator("x")),))
    return (
        f"scheme: small\nversion: 1\n{NAME}\nrecord_type: account\n"
        f"display_decimals: {settings['display_decimals']}\nmin_coverage: {settings['min_coverage']}\n"
        f"min_history_months: {settings['min_history_months']}\ndimensions:\n{lines}"
        f"missing: {{policy: {settings['policy']}}}\n"
        f"tiers:\n  - {{id: A, at: 75, {NAME}}}\n  - {{id: B, at: 50, {NAME}}}\n  - {{id: C, at: 0, {NAME}}}\n"
        f"gates: {gates}\n"
    )


def make_scheme(*dimensions: str, gates: str = "[]", **top: Any) -> Scheme:
    return parse_scheme(scheme_text(*dimensions, gates=gates, **top), source="small.yaml")


def one_score(score: str, value: Any) -> float:
    """The score of one value under one score function."""
    scheme = make_scheme(dimension("only", indicator("x", score=score)))
    return float(grade(pd.DataFrame({"x": [value]}), scheme, AS_OF).scores["x"].iloc[0])


def grade_one(scheme: Scheme, **values: Any) -> Grading:
    """A grading of one customer, called c; `x_date` is the column `x@date`."""
    columns = {
        name.removesuffix("_date") + "@date" if name.endswith("_date") else name: [v]
        for name, v in values.items()
    }
    return grade(pd.DataFrame(columns, index=["c"]), scheme, AS_OF)


def result(grading: Grading, row: int = 0) -> dict[str, Any]:
    return dict(grading.results.iloc[row])
