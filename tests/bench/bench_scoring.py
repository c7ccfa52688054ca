"""How long grade() takes compared with a bare np.interp pass over the same matrix.

Both are timed in turn, in processor time of this one thread, because clock time on a shared machine varies by a
factor of two; only the ratio counts.
"""

from __future__ import annotations

import statistics
import time
from datetime import date

import numpy as np
import pandas as pd

from grading.engine.scoring import grade
from grading.scheme.model import Bands, Map, Points, Scale, Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.bench.measurement import Table, peak_mib

ROUNDS = 5


def generate(scheme: Scheme, rows: int, missing: float, seed: int = 7) -> pd.DataFrame:
    """Values in and outside the range of every curve, a share of them missing."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for indicator in scheme.indicators:
        match indicator.score:
            case Points(knots=pairs) | Bands(bands=pairs):
                low, high = pairs[0][0], pairs[-1][0]
                values = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), rows)
            case Scale(minimum=one, maximum=other):
                values = rng.integers(int(min(one, other)), int(max(one, other)) + 1, rows).astype(float)
            case Map(values=scores):
                codes = rng.integers(-1 if missing else 0, len(scores), rows)
                columns[indicator.id] = pd.Categorical.from_codes(codes, pd.Index(list(scores)))
                continue
        values[rng.random(rows) < missing] = np.nan
        columns[indicator.id] = values
    columns["credit_grade"] = pd.Categorical.from_codes(rng.integers(-1, 4, rows), pd.Index(list("ABCD")))
    columns["operational_risk"] = pd.Categorical.from_codes(
        rng.integers(-1, 2, rows), pd.Index(["low", "high"])
    )
    columns["overdue_90d_share"] = rng.uniform(0, 0.4, rows)
    columns["months_with_us"] = rng.uniform(0, 100, rows)
    return pd.DataFrame(columns)


def bare_pass(scheme: Scheme, matrix: list[np.ndarray]) -> list[np.ndarray]:
    """np.interp per column: no missing values, no weights, no tiers."""
    results = []
    for indicator, values in zip(scheme.indicators, matrix, strict=True):
        pairs = indicator.score.knots if isinstance(indicator.score, Points) else ((0.0, 0.0), (5.0, 100.0))
        results.append(np.interp(values, [x for x, _ in pairs], [s for _, s in pairs]))
    return results


def main(small: bool) -> Table:
    rows = 1_000 if small else 200_000
    table = Table(
        title=f"Scoring {rows:,} customers by the B2B preset, {ROUNDS} rounds in turn",
        columns=("missing", "np.interp s", "grade s", "ratio"),
        notes=("Aim: at most 3 times the bare pass.", f"Peak memory {peak_mib():,.0f} MiB."),
    )
    for missing in (0.0, 0.15):
        table.add(f"{missing:.0%}", *measure(rows, missing))
    return table


def measure(rows: int, missing: float) -> tuple[str, str, str]:
    scheme = parse_scheme(preset_text("b2b_accounts"), source="b2b_accounts.yaml")
    facts = generate(scheme, rows, missing)
    matrix = [
        facts[i.id].cat.codes.to_numpy(dtype=float) if isinstance(i.score, Map) else facts[i.id].to_numpy()
        for i in scheme.indicators
    ]
    bare, full = [], []
    for _ in range(ROUNDS):
        start = time.process_time()
        bare_pass(scheme, matrix)
        bare.append(time.process_time() - start)
        start = time.process_time()
        grade(facts, scheme, date(2026, 10, 31))
        full.append(time.process_time() - start)
    ratio = statistics.median(b / a for a, b in zip(bare, full, strict=True))
    return f"{statistics.median(bare):.3f}", f"{statistics.median(full):.3f}", f"{ratio:.2f}"
