"""A customer's scores as a picture, with the boundaries of its tiers; and the same in words, where pictures cannot be made.

Pictures need the extra `charts`: matplotlib, and Noto Sans SC (SIL OFL 1.1) from pylopdf-fonts-zh-cn for Chinese names.
"""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from typing import Any

from sqlmodel import Session

from bot.masking import mask_text
from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor
from bot.services.ask.brief.worth import score_points
from bot.services.ask.graded import graded_of
from bot.services.schemes.store import SchemeCache, tiers_of
from bot.wording.actions import Pointer
from bot.wording.ask.briefs import ScoreHistory, TierBoundary

MOST_POINTS = 24  # gradings
MOST_TICKS = 6
LONGEST_TITLE = 60
NEEDED = ("matplotlib", "pylopdf_fonts_zh_cn")
INK, GRID, LINE = "#1d1c1d", "#c8c8c8", "#1264a3"

_fonts = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class ChartWords:
    """What is written in a picture, in its reader's language."""

    title: str
    score: str
    boundaries: tuple[str, ...]  # the names of the tiers, as the message has its boundaries


def score_history(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    meant: int | Pointer,
    *,
    refusal: str = NOT_YOURS,
) -> ScoreHistory:
    """The scores of the last gradings, the oldest first, and the boundaries by which the newest one was graded.

    Raises Hidden for a customer that the actor may not see. Without a grading it has no points.
    """
    customer = access.customer_for(session, actor, Act.SEE, meant, refusal)
    graded = graded_of(session, scheme_cache, customer)
    points, left_out = score_points(session, scheme_cache, customer, MOST_POINTS)
    book = tiers_of(graded.scheme) if graded else None
    boundaries = tuple(
        TierBoundary(tier=book.tier(tier.id), at=float(tier.at))
        for tier in (graded.scheme.tiers if graded else ())
        if book is not None
    )
    return ScoreHistory(
        **access.about(customer),
        points=points,
        more=left_out,
        boundaries=boundaries,
        scheme=graded.scheme.name if graded else None,
        scheme_version=graded.scheme.version if graded else None,
    )


def can_draw() -> bool:
    """Whether the extra `charts` is installed."""
    return all(find_spec(name) is not None for name in NEEDED)


def draw(history: ScoreHistory, words: ChartWords) -> bytes | None:
    """The picture as PNG; None where the extra is not installed, and for fewer than two scores."""
    scores = [(one.as_of, one.score) for one in history.points if one.score is not None]
    if len(scores) < 2 or not can_draw():
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font: dict[str, Any] = {"family": _families(), "color": INK}
    figure = Figure(figsize=(8, 4), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    days: Sequence[date] = [day for day, _ in scores]
    values = [score for _, score in scores]
    axes.plot([day.toordinal() for day in days], values, color=LINE, marker="o", linewidth=2)
    low, high = min(values), max(values)
    for boundary, name in zip(history.boundaries, words.boundaries, strict=True):
        axes.axhline(boundary.at, color=GRID, linewidth=1, zorder=0)
        text = axes.annotate(
            _plain(f"{name} ≥ {boundary.at:g}"),
            (1.01, boundary.at),
            xycoords=("axes fraction", "data"),
            va="bottom",
            fontsize=9,
            annotation_clip=False,
            **font,
        )
        text.set_parse_math(False)
        low, high = min(low, boundary.at), max(high, boundary.at)
    axes.set_ylim(max(0.0, low - 5), min(100.0, high + 8) if high < 95 else 105.0)
    ticks = _ticks(days)
    axes.set_xticks(ticks, [date.fromordinal(one).isoformat() for one in ticks])
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontsize=9, **font)
    title = axes.set_title(_plain(words.title), loc="left", fontsize=12, **font)
    title.set_parse_math(False)
    axes.set_ylabel(_plain(words.score), fontsize=10, **font).set_parse_math(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _ticks(days: Sequence[date]) -> list[int]:
    """At most six days of the axis, spread evenly over the gradings, the last among them."""
    numbers = sorted({day.toordinal() for day in days}, reverse=True)
    return sorted(numbers[:: -(-len(numbers) // MOST_TICKS)])


@cache
def _families() -> list[str]:
    """The font for Chinese and Latin texts, and one with other scripts for what it lacks; registered once."""
    import pylopdf_fonts_zh_cn
    from matplotlib.font_manager import FontProperties, fontManager

    path = str(pylopdf_fonts_zh_cn.sans_path())
    with _fonts:
        fontManager.addfont(path)
    return [FontProperties(fname=path).get_name(), "DejaVu Sans"]


def _plain(text: str) -> str:
    """A text as a picture takes it: one line without control characters, personal data masked, and cut."""
    whole = text.encode("utf-8", "replace").decode()
    line = " ".join("".join(one if one.isprintable() else " " for one in whole).split())
    line = mask_text(line)
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"
