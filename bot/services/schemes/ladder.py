"""The tiers of a scheme with their boundaries, and what a move between them needs."""

from datetime import date

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache, rules_on, tiers_of
from bot.wording.parts import LadderPart, Rung
from db.graded.runs import Purpose
from grading.explain.boundaries import movement_of, needed_score
from grading.scheme.model import Scheme


def ladder(scheme: Scheme) -> LadderPart:
    """The ladder of one scheme."""
    rules, book, last = movement_of(scheme), tiers_of(scheme), scheme.tiers[-1]
    return LadderPart(
        scheme=scheme.name,
        rungs=tuple(
            Rung(
                tier=book.tier(tier.id),
                at=tier.at,
                rises_at=None if tier is last else needed_score(tier.at + rules.margin_up, scheme)[0],
                falls_below=None if tier is last else needed_score(tier.at - rules.margin_down, scheme)[0],
            )
            for tier in scheme.tiers
        ),
        margin_up=rules.margin_up,
        margin_down=rules.margin_down,
        confirm_up=rules.confirm_up,
        confirm_down=rules.confirm_down,
        min_dwell=rules.min_dwell,
        max_step=rules.max_step,
    )


def ladders(session: Session, scheme_cache: SchemeCache, today: date) -> tuple[LadderPart, ...]:
    """The ladders of the schemes that grade accounts and prospects today."""
    return tuple(
        ladder(rule.scheme)
        for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT)
        for rule in rules_on(session, scheme_cache, purpose, today)
    )
