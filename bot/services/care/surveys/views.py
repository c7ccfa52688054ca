"""Survey scores as the card, lists and forms show them."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from bot.errors import Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.surveys.reversal import GONE
from bot.services.survey_scales import SurveyScales
from bot.wording.actions import Pointer
from bot.wording.care.surveys import LastScores
from db.book import contact_people, people
from db.care.records import surveys
from grading.scheme.model import Name


def last_scores(session: Session, scales: SurveyScales, customer_id: int) -> LastScores | None:
    """What a customer's card says of its last scores; None without one."""
    found = surveys.last(session, customer_id, most=2)
    if not found:
        return None
    newest = found[0]
    shown = LastScores(score=newest.score, scale=scales.name(newest.scale), answered_on=newest.answered_on)
    if len(found) == 1:
        return shown
    before = found[1]
    now, then = Decimal(newest.value), Decimal(before.value)
    return replace(
        shown,
        trend="up" if now > then else "down" if now < then else "same",
        before_score=before.score,
        before_scale=scales.name(before.scale),
        before_on=before.answered_on,
    )


@dataclass(frozen=True, kw_only=True)
class ScoreQuery:
    """Which scores are listed."""

    customer_id: int | None = None
    owner: str | None = None  # the address of an account manager
    low: bool = False
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class ListedScore:
    """One score in a list."""

    id: int
    code: str
    customer: str
    answered_on: date
    score: str
    scale: str
    names: Name
    value: str
    low: bool
    follow_up_until: date | None
    answered_by: str | None
    recorded_by: str | None


@dataclass(frozen=True, kw_only=True)
class ScoreList:
    """Scores, the newest first, and how many there are."""

    scores: tuple[ListedScore, ...]
    total: int


def list_scores(session: Session, actor: Actor, scales: SurveyScales, query: ScoreQuery) -> ScoreList:
    """The scores of the customers that the actor may see."""
    owners = access.visible_owners(session, actor)
    if query.owner is not None:
        person = people.by_email(session, query.owner.lower())
        asked = {person.id or 0} if person is not None else set()
        owners = frozenset(asked) if owners is None else owners & asked
    found, total = surveys.listed(
        session, owners=owners, customer_id=query.customer_id, low=query.low, most=query.most
    )
    recorders = people.get_many(session, {one.recorded_by for one in found if one.recorded_by is not None})
    return ScoreList(
        total=total,
        scores=tuple(
            ListedScore(
                id=one.id,
                code=one.code,
                customer=one.name,
                answered_on=one.answered_on,
                score=one.score,
                scale=one.scale,
                names=scales.name(one.scale),
                value=one.value,
                low=one.follow_up_from is not None,
                follow_up_until=one.follow_up_until,
                answered_by=one.answered_by,
                recorded_by=recorders[one.recorded_by].name if one.recorded_by in recorders else None,
            )
            for one in found
        ),
    )


def pointer(session: Session, actor: Actor, score_id: int) -> Pointer:
    """What a button of the score would point at. Raises Hidden."""
    found = surveys.row(session, score_id)
    if found is None:
        raise Hidden(GONE)
    access.customer_for(session, actor, Act.SEE, found.customer_id, GONE)
    return Pointer(id=found.id, version=found.version)


def people_to_choose(session: Session, customer_id: int) -> tuple[tuple[int, str], ...]:
    """The contact people of a customer who may have answered: number and name."""
    return tuple((one.id or 0, one.name) for one in contact_people.of_customer(session, customer_id))
