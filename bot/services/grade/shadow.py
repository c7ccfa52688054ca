"""Schemes in the shadow: each snapshot is graded under them too, who would move is stored, and nobody is notified."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.errors import BotError
from bot.services.grade import computed, scheme_choice
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db.engine import Database
from db.graded import schemes, shadows
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    from grading.diagnose.diff import BookDiff

CHUNK = 5_000


@dataclass(frozen=True, kw_only=True)
class ShadowChange:
    """A customer that the scheme in the shadow would have in another tier."""

    customer_id: int
    tier: str
    shadow_tier: str
    score: float | None
    shadow_score: float | None


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """How one scheme in the shadow would change a snapshot; `problem` is why it could not grade."""

    scheme_version_id: int
    scheme: str
    version: int
    movers: tuple[ShadowChange, ...] = ()
    problem: str | None = None


def grade_shadows(
    session: Session, scheme_cache: SchemeCache, purpose: str, rules: Sequence[SchemeInForce], as_of: date
) -> tuple[Shadow, ...]:
    """Grade the customers of each scheme in the shadow under it too. One that cannot grade stops nothing."""
    found = []
    for version_id in schemes.shadows(session, purpose):
        scheme = scheme_cache.scheme(session, version_id)
        movers: tuple[ShadowChange, ...] = ()
        problem = None
        try:
            for old, customer_ids in scheme_choice.find_reassigned(session, rules, scheme):
                movers += _movers(compare_book(session, old, scheme, as_of, customer_ids))
        except BotError as error:
            problem = error.text()
        found.append(
            Shadow(
                scheme_version_id=version_id,
                scheme=scheme.scheme,
                version=scheme.version,
                movers=movers,
                problem=problem,
            )
        )
    return tuple(found)


def write(database: Database, graded: Sequence[Shadow], run_id: int) -> None:
    """Store who would move for an unpublished run, in chunks."""
    if not graded:
        return
    with database.write() as session:
        session.add_all(
            shadows.ShadowRun(
                run_id=run_id,
                scheme_version_id=shadow.scheme_version_id,
                movers=len(shadow.movers),
                problem=shadow.problem,
            )
            for shadow in graded
        )
    rows = [
        {"run_id": run_id, "scheme_version_id": shadow.scheme_version_id, **vars(mover)}
        for shadow in graded
        for mover in shadow.movers
    ]
    for start in range(0, len(rows), CHUNK):
        with database.write() as session:
            shadows.add_moves(session, rows[start : start + CHUNK])


def compare_book(
    session: Session, old: Scheme, new: Scheme, as_of: date, customer_ids: Sequence[int] | None = None
) -> "BookDiff":
    """The book of a day, or some of it, under two schemes. Raises BadInput for orders in another currency than theirs."""
    from grading.diagnose.diff import compare
    from grading.engine.scoring import grade

    by_old = grade(computed.load_book(session, old, as_of, customer_ids).facts, old, as_of)
    facts = computed.load_book(session, new, as_of, customer_ids).facts
    return compare(by_old, old, grade(facts.reindex(by_old.index), new, as_of), new)


def _movers(compared: "BookDiff") -> tuple[ShadowChange, ...]:
    rows = compared.movers[["before", "after", "old_score", "new_score"]].astype(object)
    plain = rows.where(rows.notna(), None).itertuples(name=None)
    return tuple(
        ShadowChange(customer_id=customer, tier=before, shadow_tier=after, score=old, shadow_score=new)
        for customer, before, after, old, new in plain
    )
