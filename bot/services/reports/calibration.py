"""Numbers that are computed over all customers once and stored in a file: cut points, standards, the usual gap."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bot.errors import N_, BadInput
from bot.services.files import write_whole
from grading.diagnose.weights import ahp, upper_triangle
from grading.indicators.orders import book_gap
from grading.views.rfm import CutPoints, Standard, cut_points, standards
from grading.views.value_matrix import Cuts, median_cuts

# Each part against those after it, 1 to 9 (Saaty). Our judgement, not data: profit before money, money before frequency
# and rhythm, length least.
PARTS = ("rhythm", "frequency", "monetary", "profit", "relationship")
JUDGEMENTS = (1, 1 / 2, 1 / 3, 2, 1 / 2, 1 / 2, 2, 1 / 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Frozen numbers, and the book they are from."""

    as_of: date
    currency: str
    basis: str  # of value: margin, or revenue where no order has a cost
    rfm: CutPoints
    standards: Mapping[str, Standard]
    value: Cuts
    usual_gap_days: float | None


def learn(frame: pd.DataFrame, *, as_of: date, currency: str, basis: str) -> Calibration:
    """The numbers of a book with rhythm and values. Raises BadInput when nobody bought for 12 months."""
    active = frame[frame["frequency"] > 0]
    if active.empty:
        raise BadInput(
            N_("Nobody bought in the 12 months up to %(as_of)s. Choose another day with --as-of."),
            as_of=as_of,
        )
    parts = active[["frequency", "monetary", "profit", "relationship"]].assign(rhythm=active["k"])
    return Calibration(
        as_of=as_of,
        currency=currency,
        basis=basis,
        rfm=cut_points(active),
        standards=standards(parts),
        value=median_cuts(frame),
        usual_gap_days=book_gap(frame),
    )


def write(frozen: Calibration, path: Path) -> None:
    """Write the numbers to a new file. Raises BadInput when it exists or cannot be written."""
    if path.exists():
        raise BadInput(N_("%(file)s exists already. Frozen numbers stay; choose another name."), file=path)
    write_whole(path, text_of(frozen) + "\n")


def text_of(frozen: Calibration) -> str:
    """The numbers as JSON."""
    return json.dumps(asdict(frozen), indent=2, default=str)


def parse(text: str) -> Calibration:
    """The numbers of such a text. Raises ValueError, KeyError, TypeError or AttributeError for another."""
    kept = json.loads(text)
    rfm: dict[str, Any] = {
        name: tuple(part) if isinstance(part, list) else part for name, part in kept["rfm"].items()
    }
    return Calibration(
        as_of=date.fromisoformat(kept["as_of"]),
        currency=kept["currency"],
        basis=kept["basis"],
        rfm=CutPoints(**rfm),
        standards={name: Standard(**part) for name, part in kept["standards"].items()},
        value=Cuts(**kept["value"]),
        usual_gap_days=kept["usual_gap_days"],
    )


def read(path: Path, currency: str) -> Calibration:
    """The numbers of a file. Raises BadInput when it has none, or is in another currency than the orders."""
    try:
        frozen = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            N_("%(file)s holds no frozen numbers (%(reason)s). Make one: tierbot report freeze FILE"),
            file=path,
            reason=type(error).__name__,
        ) from None
    if frozen.currency != currency:
        raise BadInput(
            N_("%(file)s is in %(frozen)s, the orders are in %(currency)s. Freeze again under another name."),
            file=path,
            frozen=frozen.currency,
            currency=currency,
        )
    return frozen


def improved_weights() -> dict[str, float]:
    """AHP weights of the improved RFM's parts."""
    weights = ahp(upper_triangle(PARTS, JUDGEMENTS)).weights.tolist()
    return dict(zip(PARTS, weights, strict=True))
