"""What *Share* posts to a channel: the tier of a customer without figures, and who may take it back."""

from datetime import timedelta

from sqlmodel import Session

from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.ask.graded import Graded, graded_for
from bot.services.schemes.store import SchemeCache, tiers_of
from bot.wording.actions import Pointer
from bot.wording.messages import SharedCard
from bot.wording.parts import Since, Who
from db.audit import AuditAction, ObjectKind
from db.book import people
from db.engine import Database
from db.graded import assessments
from db.outbox import channels
from grading.scheme.model import BLOCKED, Name

STRONG, WEAK, MOST_SIDES = 60, 40, 3  # scores of the dimensions that a shared card and Why name
NEWS = timedelta(days=92)  # a fall is told for a quarter


def shared_card(database: Database, scheme_cache: SchemeCache, actor: Actor, pointer: Pointer) -> SharedCard:
    """What a whole channel may see: the tier, and dimensions without figures.

    A customer that fell, or is blocked, is never shown with its strengths only: its weakest dimension is named then.
    Raises NotFound for a customer that the actor may not share.
    """
    with database.read() as session:
        customer, graded = graded_for(session, scheme_cache, actor, Act.SHARE, pointer)
        before = _other_before(session, scheme_cache, graded)
    tier = graded.since.tier
    fell = before is not None and before.tier.rank < tier.rank
    strong, weak = sides(graded, some_weak=fell or tier.id == BLOCKED)
    return SharedCard(
        customer_id=customer.id,
        sharer_id=actor.person_id,
        name=customer.name,
        code=customer.code,
        tier=tier,
        before=before,
        fell=fell,
        strong=strong,
        weak=weak,
        as_of=graded.run.as_of,
        shared_by=Who(name=actor.name, slack_user_id=actor.slack_user_id),
    )


def sides(graded: Graded, *, some_weak: bool = False) -> tuple[tuple[Name, ...], tuple[Name, ...]]:
    """The strong dimensions, best first, and the weak ones, worst first; with `some_weak` at least one is weak."""
    rated = [(part.score, part.names) for part in graded.breakdown.dimensions if part.score is not None]
    ranked = sorted(rated, key=lambda part: -part[0])
    weak = tuple(name for score, name in reversed(ranked) if score < WEAK)[:MOST_SIDES]
    if not weak and ranked and some_weak:
        weak = (ranked[-1][1],)
    strong = tuple(name for score, name in ranked if score >= STRONG and name not in weak)[:MOST_SIDES]
    return strong, weak


def channel_language(
    database: Database, actor: Actor, channel_id: str, channel_name: str, default: str
) -> str:
    """The language of a channel: that of the team whose channel it is, the actor's own team first.

    Teams of other languages that share a channel leave it in the default one.
    """
    with database.read() as session:
        known = channels.ids(session)
        # A name counts only until it was looked up: afterwards it may be that of another channel.
        teams = [
            team
            for team in people.teams(session).values()
            if known.get(team.channel or "", team.channel) in (channel_id, f"#{channel_name}")
        ]
    own = [team for team in teams if team.id == actor.team_id or team.id in actor.led_teams]
    languages = {team.language or default for team in own or teams}
    return languages.pop() if len(languages) == 1 else default


def refuse_take_back(actor: Actor, sharer_id: int) -> None:
    """Raises NotAllowed for everybody but the person who shared the card, and admins."""
    access.require(actor, Act.TAKE_BACK, OwnedBy(sharer_id))


def record_shared(session: Session, actor: Actor, customer_id: int, channel_id: str) -> None:
    """Write to the audit that a card goes to a channel."""
    actor.record(
        session,
        AuditAction.CARD_SHARED,
        ObjectKind.CUSTOMER,
        customer_id,
        after={"channel": channel_id},
    )


def record_not_posted(session: Session, actor: Actor, customer_id: int) -> None:
    """Write to the audit that the card of `record_shared` did not reach the channel."""
    actor.record(session, AuditAction.CARD_NOT_POSTED, ObjectKind.CUSTOMER, customer_id)


def record_taken_back(session: Session, actor: Actor, message: str) -> None:
    """Write to the audit that a shared card was deleted; `message` is its channel and number."""
    actor.record(session, AuditAction.CARD_TAKEN_BACK, ObjectKind.MESSAGE, message)


def _other_before(session: Session, scheme_cache: SchemeCache, graded: Graded) -> Since | None:
    """The tier before the present one, without its score, if it changed within `NEWS`."""
    row, run = graded.assessment, graded.run
    if row.tier_since < run.as_of - NEWS:
        return None
    past = assessments.history(session, row.customer_id, run.purpose)
    for earlier, of_run in reversed(past):
        if (
            of_run.as_of < row.tier_since
            and earlier.tier != row.tier
            and earlier.scheme_version_id is not None
        ):
            scheme = scheme_cache.scheme(session, earlier.scheme_version_id)
            return Since(tier=tiers_of(scheme).tier(earlier.tier), score=None, as_of=of_run.as_of)
    return None
