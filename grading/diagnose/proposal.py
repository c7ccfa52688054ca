"""A scheme with the firm's own cut points: a preset's text in, the same text with new numbers out.

Quantiles are taken once, to propose; in the text they are plain, frozen knots, so that later no customer's score moves
because another customer's did. Only the characters of the numbers are replaced: comments, order and spacing stay.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from gettext import NullTranslations

import numpy as np
import pandas as pd

from grading.engine.fields import Floats, floats_of
from grading.phrases import ENGLISH, N_, Phrase, ngettext
from grading.scheme.model import Points, Scheme
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme
from grading.scheme.text import Document, Node

ENOUGH = (
    20  # customers with a value that quantiles need; with fewer the preset's curve is stretched to the median
)
TOP = 0.99  # quantile of the score 100: the largest customer of all would stretch the curve for itself

Knots = tuple[tuple[float, float], ...]
_CONSTANT_USERS = {
    "our_gross_margin_12m": "margin_contribution",
    "revenue_growth_floor": "revenue_growth_yoy",
    "usual_gap_days": "silence_ratio",
    "product_types_sold": "cross_sell_headroom",
    "complaint_rate": "complaints_per_100_orders",
    "on_time_rate": "on_time_payment_rate",
}
_DIGITS = {"our_gross_margin_12m": 4, "product_types_sold": 15}  # significant ones; 2 for the others


class ProposalError(ValueError):
    """The book has nothing to propose from; the phrase names what is lacking."""

    def __init__(self, phrase: Phrase) -> None:
        self.phrase = phrase
        super().__init__(phrase)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def propose(
    text: str,
    values: pd.DataFrame,
    *,
    currency: str,
    as_of: date,
    identity: tuple[str, int],
    constants: Mapping[str, float] | None = None,
    words: NullTranslations = ENGLISH,
) -> str:
    """The scheme `text` with money and count knots from `values`, in `currency`, as the name and version of `identity`.

    In: indicator values of all customers (a column each), and the constants of the book (`orders.book_constants`). A
    knot of score s goes to the quantile s/100 (100 to the quantile 0.99) of the customers with a value above 0, rounded
    to two significant digits: a customer in the middle of the book scores about 50. With fewer than ENOUGH customers, or
    so many equal values that knots would coincide, the preset's curve is stretched instead, so that the median scores
    50. Ratios, and indicators without a column, stay as they are and are named on top, in the language of `words`. Raises SchemeError when the text
    is no scheme, ProposalError when there is nothing to propose from.
    """
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ProposalError(
            Phrase(N_('"%(currency)s" is not a currency; give its ISO code, such as CNY'), currency=currency)
        )
    text = text.removeprefix("\ufeff")
    scheme = parse_scheme(text, source="preset")
    document = Document(text, "preset")
    proposed: dict[str, tuple[Knots, int, bool]] = {}
    kept: list[str] = []
    for indicator in scheme.indicators:
        if indicator.unit is None or indicator.unit not in ("count", scheme.currency):
            continue
        sample = _sample(values, indicator.id)
        if len(sample) and isinstance(indicator.score, Points) and _rises_from_zero(indicator.score):
            knots, own = _new_knots(indicator.score, sample, whole=indicator.unit == "count")
            proposed[indicator.id] = (knots, len(sample), own)
        else:
            kept.append(indicator.id)
    if not proposed:
        raise ProposalError(
            Phrase(
                N_(
                    "no customer has a value above 0 to take cut points from; import orders first, or choose a day"
                    " after them"
                )
            )
        )
    edits = _knot_edits(document, scheme, proposed, currency)
    edits += _currency_edits(document, currency)
    edits += _identity_edits(document, scheme, identity)
    edits += _constant_edits(document, text, scheme, constants or {}, words)
    header = _header(values, proposed, kept, scheme, as_of)
    text = "".join(f"# {line.text(words)}\n" for line in header) + _edited(text, edits)
    try:
        parse_scheme(text, source="proposal")
    except SchemeError as error:
        raise ProposalError(
            Phrase(
                N_("the text is laid out in a way that cannot be filled in: %(problem)s"),
                problem=error.phrase,
            )
        ) from error
    return text


def with_constants(text: str, constants: Mapping[str, float]) -> str:
    """The scheme `text` with the constants of the book that it has a use for, and everything else as it is."""
    text = text.removeprefix("\ufeff")
    scheme = parse_scheme(text, source="preset")
    return _edited(text, _constant_edits(Document(text, "preset"), text, scheme, constants, ENGLISH))


def round_significant(number: float, digits: int = 2) -> float:
    """1,234 as 1,200."""
    return float(f"{number:.{digits - 1}e}")


def _sample(values: pd.DataFrame, name: str) -> Floats:
    column = floats_of(values[name]) if name in values.columns else np.empty(0)
    return np.asarray(column[np.isfinite(column) & (column > 0)])


def _rises_from_zero(score: Points) -> bool:
    scores = [s for _, s in score.knots]
    return score.knots[0][0] == 0 and all(before < after for before, after in itertools.pairwise(scores))


def _new_knots(score: Points, sample: Floats, *, whole: bool) -> tuple[Knots, bool]:
    """(knots, whether they are the firm's own quantiles)."""
    old = score.knots
    scores = [s for _, s in old]
    own = False
    if len(sample) >= ENOUGH:
        levels = [min(s / 100.0, TOP) for s in scores[1:]]
        cuts = [_round(cut, whole) for cut in np.quantile(sample, levels).tolist()]
        own = cuts[0] > 0 and all(low < high for low, high in itertools.pairwise(cuts))
    if not own:
        middle = float(np.interp(50.0, scores, [x for x, _ in old])) or old[1][0]
        stretch = float(np.median(sample)) / middle
        cuts = [_round(x * stretch, whole) for x, _ in old[1:]]
        before = 0.0
        for place, cut in enumerate(cuts):
            cuts[place] = before = cut if cut > before else _next(before, whole)
    return ((0.0, scores[0]), *zip(cuts, scores[1:], strict=True)), own


def _round(number: float, whole: bool) -> float:
    return round_significant(float(round(number)) if whole else number)


def _next(number: float, whole: bool) -> float:
    """The next number of two significant digits; the next whole one for counts."""
    if number <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return round_significant(number + (max(step, 1.0) if whole else step))


def _knot_edits(
    document: Document, scheme: Scheme, proposed: Mapping[str, tuple[Knots, int, bool]], currency: str
) -> list[_Edit]:
    edits = []
    for dimension in _list(document.root, "dimensions"):
        for entry in _list(dimension, "indicators"):
            indicator = str(_child(entry, "id").value)
            if "unit" in _keys(entry) and _child(entry, "unit").value == scheme.currency:
                edits.append(_replace(_child(entry, "unit"), currency))
            if indicator in proposed:
                pairs = (f"[{_plain(x)}, {_plain(score)}]" for x, score in proposed[indicator][0])
                edits.append(_replace(_child(_child(entry, "score"), "knots"), f"[{', '.join(pairs)}]"))
    return edits


def _currency_edits(document: Document, currency: str) -> list[_Edit]:
    if "currency" in _keys(document.root):
        return [_replace(_child(document.root, "currency"), currency)]
    return [_Edit(start=0, end=0, text=f"currency: {currency}\n")]


def _edited(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _identity_edits(document: Document, scheme: Scheme, identity: tuple[str, int]) -> list[_Edit]:
    """Replace name and version; a scheme of another name is also called otherwise."""
    name, version = identity
    edits = [
        _replace(_child(document.root, "scheme"), name),
        _replace(_child(document.root, "version"), str(version)),
    ]
    called = _child(document.root, "name")
    if name != scheme.scheme and {"en", "zh"} <= set(_keys(called)):
        edits.append(_replace(_child(called, "en"), f'"{scheme.name.en}, own cut points"'))
        edits.append(_replace(_child(called, "zh"), f'"{scheme.name.zh}，自有分界"'))
    return edits


def _constant_edits(
    document: Document, text: str, scheme: Scheme, given: Mapping[str, float], words: NullTranslations
) -> list[_Edit]:
    """Replace the constants that the text has; add the others, as lines of the same indentation."""
    wanted = {
        name: _plain(round_significant(given[name], _DIGITS.get(name, 2)))
        for name, user in _CONSTANT_USERS.items()
        if name in given and user in scheme.fields
    }
    if not wanted:
        return []
    if "constants" not in _keys(document.root):
        line = _child(document.root, "dimensions").line
        start = sum(len(before) + 1 for before in text.split("\n")[: line - 1])
        lines = "".join(f"  {name}: {number}\n" for name, number in wanted.items())
        why = Phrase(N_("taken over all customers once")).text(words)
        return [_Edit(start=start, end=start, text=f"constants:  # {why}\n{lines}\n")]
    section = _child(document.root, "constants")
    present = _keys(section)
    edits = [_replace(_child(section, name), wanted[name]) for name in wanted if name in present]
    added = {name: number for name, number in wanted.items() if name not in present}
    if added and text[section.start : section.start + 1] == "{":
        pairs = "".join(f"{name}: {number}, " for name, number in added.items())
        edits.append(_Edit(start=section.start + 1, end=section.start + 1, text=pairs))
    elif added:
        indent = " " * (section.start - text.rfind("\n", 0, section.start) - 1)
        lines = "".join(f"{name}: {number}\n{indent}" for name, number in added.items())
        edits.append(_Edit(start=section.start, end=section.start, text=lines))
    return edits


def _header(
    values: pd.DataFrame,
    proposed: Mapping[str, tuple[Knots, int, bool]],
    kept: list[str],
    scheme: Scheme,
    as_of: date,
) -> list[Phrase]:
    own, stretched = (
        ", ".join(f"{name} ({count})" for name, (_, count, own) in proposed.items() if own is wanted)
        for wanted in (True, False)
    )
    lines = [
        ngettext(
            "Proposed from the values of %(count)s customer as of %(day)s; frozen here, read before use.",
            "Proposed from the values of %(count)s customers as of %(day)s; frozen here, read before use.",
            len(values),
            day=as_of.isoformat(),
        )
    ]
    if own:
        lines.append(
            Phrase(N_("Knots from own quantiles (customers with a value): %(indicators)s."), indicators=own)
        )
    if stretched:
        sentence = N_(
            "Too few or too equal values for quantiles, so the preset's curve stretched to the median: %(indicators)s."
        )
        lines.append(Phrase(sentence, indicators=stretched))
    if kept:
        sentence = N_(
            "Not known from orders, knots as they were (money in %(currency)s): check %(indicators)s."
        )
        lines.append(Phrase(sentence, currency=scheme.currency, indicators=", ".join(kept)))
    return lines


def _replace(entry: Node, text: str) -> _Edit:
    # An empty value has no characters; its place is right after the colon.
    return _Edit(start=entry.start, end=entry.end, text=text if entry.end > entry.start else f" {text}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _keys(entry: Node) -> Mapping[str, Node]:
    return entry.value if isinstance(entry.value, dict) else {}


def _child(entry: Node, key: str) -> Node:
    return _keys(entry)[key]


def _list(entry: Node, key: str) -> list[Node]:
    value = _child(entry, key).value
    return value if isinstance(value, list) else []
