"""`scheme diff`: the book of the last snapshot under two schemes, with the customers that would move and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.grade import book_pass, scheme_choice, shadow
from bot.services.grade.assessment import RunStep, load_previous
from bot.services.schemes import status, store
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db.book import customers
from db.engine import Database
from db.graded import overrides, runs, schemes
from db.graded.runs import GradingRun
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd

    from grading.diagnose.diff import BookDiff, RuleDifference
    from grading.diagnose.sensitivity import Sensitivity
    from grading.diagnose.stability import Drift

SEED = 1  # of the weights drawn for sensitivity, so that the same question has the same answer
SAMPLE = 20_000  # customers whose tiers are tried under other weights: some ten seconds, whatever the book
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A customer whose tier would change, and the rules that cause it."""

    code: str
    name: str
    before: str
    after: str
    old_score: float | None
    new_score: float | None
    at_once: bool  # with the first snapshot, margins, confirmations and dwell included
    causes: tuple["RuleDifference", ...]


@dataclass(frozen=True, kw_only=True)
class SchemeDiff:
    """Two schemes over one book, by boundaries and gates only, except for `at_once`."""

    as_of: date
    old: Scheme
    new: Scheme
    customers: int
    moved: int
    at_once: int  # of those who would move
    movers: tuple[Mover, ...]
    words: tuple[str, ...]  # tiers and words in their place that occur, best first
    before: dict[str, int]
    after: dict[str, int]
    matrix: dict[str, dict[str, int]]
    drift: "Drift | None"
    sensitivity: "Sensitivity"


def diff(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    new_name: str,
    old_name: str | None,
    schemes_dir: Path | None,
    *,
    today: date,
    most: int | None = 20,
) -> SchemeDiff:
    """Grade the last snapshot's book (before the first: as of yesterday) under both; `most` movers, None for all.

    The default old scheme is the one in force for the customers of the new one; else the book is the customers to which
    both apply. The facts are those known today. Raises BadInput for schemes of different purposes, NotReady when none is
    in force.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    from grading.diagnose.sensitivity import weight_sensitivity

    with database.read() as session:
        new = status.find(session, new_name, schemes_dir).scheme
        purpose = store.purpose(new)
        last = runs.last_snapshot(session, purpose)
        as_of = last.as_of if last is not None else book_pass.default_day(today)
        old = status.find(session, old_name, schemes_dir).scheme if old_name else None
        if old is None:
            old, customer_ids = _present_scheme(
                session, store.in_force(session, scheme_cache, purpose, today), new
            )
        elif store.purpose(old) != purpose:
            raise BadInput(
                N_("%(new)s grades %(purpose)s and %(old)s %(other)s: they have no book in common."),
                new=new.scheme,
                purpose=purpose,
                old=old.scheme,
                other=store.purpose(old),
            )
        else:
            customer_ids = scheme_choice.customers_of_all(session, [old, new])
        compared = shadow.compare_book(session, old, new, as_of, customer_ids)
        moved = compared.movers
        moved = moved.assign(at_once=_at_once(session, compared, purpose, last, today)[moved.index])
        movers = _movers(session, compared, moved if most is None else moved.head(most))
    before, after = (Counter(compared.results[side].tolist()) for side in ("before", "after"))
    known = dict.fromkeys([*(tier.id for tier in new.tiers), *compared.matrix.index])
    words = [word for word in known if before[word] or after[word]]
    matrix = compared.matrix.reindex(index=words, columns=words, fill_value=0)
    return SchemeDiff(
        as_of=as_of,
        old=old,
        new=new,
        customers=len(compared.results),
        moved=len(moved),
        at_once=int(moved["at_once"].sum()),
        movers=movers,
        words=tuple(words),
        before={word: before[word] for word in words},
        after={word: after[word] for word in words},
        matrix={row: {column: int(matrix.loc[row, column]) for column in words} for row in words},
        drift=compared.drift,
        sensitivity=weight_sensitivity(_sample(compared.by_new.scores), new, seed=SEED),
    )


def _present_scheme(
    session: Session, rules: Sequence[SchemeInForce], new: Scheme
) -> tuple[Scheme, list[int] | None]:
    """The scheme that grades the customers of another one now, and these customers."""
    found = scheme_choice.find_reassigned(session, rules, new)
    if not found:
        raise BadInput(
            N_("%(new)s would grade nobody that is graded now, so there is nothing to compare."),
            new=new.scheme,
        )
    if len(found) > 1:
        raise BadInput(
            N_(
                "The customers of %(new)s are graded by several schemes now: %(names)s. Compare with one:"
                " tierbot scheme diff %(new)s NAME"
            ),
            new=new.scheme,
            names=", ".join(old.scheme for old, _ in found),
        )
    return found[0]


def _at_once(
    session: Session, compared: "BookDiff", purpose: str, last: GradingRun | None, today: date
) -> "pd.Series[bool]":
    """By customer: whether one more snapshot, of these very facts, would end in another tier than under the old scheme."""
    import pandas as pd

    step = RunStep(
        as_of=compared.by_new.as_of,
        snapshot=1 if last is None else last.snapshot + 1,
        interim=False,
        past=load_previous(session, last, last, None),
        overrides=overrides.holding(session, purpose, today),
    )
    tiers = []
    for scheme, graded in ((compared.old, compared.by_old), (compared.new, compared.by_new)):
        known = schemes.find_version(session, scheme.scheme, scheme.version)
        version_id = known.id if known is not None and known.sha256 == scheme.sha256 else None
        moved, _ = step.move(graded, scheme, step.previous(scheme, None), version_id)
        tiers.append(moved.outcome["tier"])
    return pd.Series(tiers[0] != tiers[1], index=compared.results.index)


def _sample(scores: "pd.DataFrame") -> "pd.DataFrame":
    """The scores of at most SAMPLE customers, the same every time."""
    return scores if len(scores) <= SAMPLE else scores.sample(SAMPLE, random_state=SEED)


def _movers(session: Session, compared: "BookDiff", rows: Any) -> tuple[Mover, ...]:
    from grading.diagnose.diff import find_differences

    rows = rows[["before", "after", "old_score", "new_score", "at_once"]].astype(object)
    rows = rows.where(rows.notna(), None)
    places = compared.results.index.get_indexer(rows.index)
    found = []
    for start in range(0, len(rows), PAGE):
        page = rows.iloc[start : start + PAGE]
        known = customers.get_many(session, page.index.tolist())
        for place, (customer, row) in zip(places[start:], page.to_dict("index").items(), strict=False):
            who = known[customer]
            reasons = tuple(find_differences(compared, int(place)))
            found.append(Mover(code=who.code, name=who.name, **row, causes=reasons))
    return tuple(found)
