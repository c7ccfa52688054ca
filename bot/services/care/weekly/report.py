"""The message about a week: the figures of some people's customers, with those of the week before."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot.services import access
from bot.services.care.complaints.rows import clipped
from bot.services.care.weekly import counted
from bot.services.care.weekly.counted import Share, Tally
from bot.services.care.weekly.period import CareWeek
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.care.weekly import (
    MOST_PEOPLE,
    MOST_REASONS,
    MOST_TIERS,
    CareWeekly,
    PersonWeek,
    SkipReason,
    TierWeek,
)
from bot.wording.parts import Who
from db.book import people
from db.book.people import Team


@dataclass(frozen=True, kw_only=True)
class FirmWeek:
    """The figures of a week and of the one before, of the whole firm."""

    period: CareWeek
    events: Tally
    before: Tally
    reasons: Sequence[tuple[Share, str, int]]
    unattended: Tally


def count_week(session: Session, schemes: SchemeCache, period: CareWeek, unattended: Tally) -> FirmWeek:
    """Count a week of the whole firm."""

    def count(week: CareWeek) -> Tally:
        service = counted.count_service(session, schemes, week.first_day)
        return counted.joined(counted.count_events(session, week), service)

    return FirmWeek(
        period=period,
        events=count(period),
        before=count(period.previous),
        reasons=counted.count_reasons(session, period),
        unattended=unattended,
    )


def compose(
    session: Session,
    book: TierNames,
    week: FirmWeek,
    wanted: Callable[[Share], bool],
    *,
    teams: Sequence[Team],
    rest: bool,
    unattended_before: int | None = None,
    absent: Who | None = None,
    everybody: bool = False,
) -> CareWeekly:
    """The message about the figures that are wanted; with `everybody` no person and tier is left out."""
    here = counted.only(counted.joined(week.events, week.unattended), wanted)
    persons = _persons(session, here)
    shown = persons if everybody else persons[:MOST_PEOPLE]
    tiers = _tiers(book, here)
    return CareWeekly(
        teams=tuple(team.name for team in teams),
        first_day=week.period.first_day,
        last_day=week.period.last_day,
        figures=counted.total(here),
        before=counted.total(counted.only(week.before, wanted)),
        unattended_before=unattended_before,
        reasons=_reasons(week, wanted),
        people=shown,
        people_more=len(persons) - len(shown),
        tiers=tiers if everybody else tiers[:MOST_TIERS],
        absent=absent,
        rest=rest,
        week=week.period.first_day.toordinal(),
        scope=scope_of([team.id or 0 for team in teams], rest=rest),
    )


def scope_of(teams: Sequence[int], *, rest: bool) -> int:
    """Whose customers the button of a message lists: 0 unless it is one team, which is all that its reader may see."""
    scopes = [*(1 + team for team in teams), *([1] if rest else [])]
    return scopes[0] if len(scopes) == 1 else 0


def _persons(session: Session, here: Tally) -> tuple[PersonWeek, ...]:
    """Those with most to manage first."""
    figures = counted.by_person(here)
    known = people.get_many(session, {one for one in figures if one is not None})
    weeks = [
        PersonWeek(who=access.mentioned(known.get(person or 0)), figures=of)
        for person, of in figures.items()
        if not of.is_empty
    ]
    return tuple(sorted(weeks, key=lambda one: (-one.figures.to_manage, one.who.name if one.who else "~")))


def _tiers(book: TierNames, here: Tally) -> tuple[TierWeek, ...]:
    figures = {tier: of for tier, of in counted.by_tier(here).items() if not of.is_empty}
    best_first = sorted(figures, key=lambda tier: (book.rank(tier), tier))
    return tuple(TierWeek(tier=book.tier(tier), figures=figures[tier]) for tier in best_first)


def _reasons(week: FirmWeek, wanted: Callable[[Share], bool]) -> tuple[SkipReason, ...]:
    """The reasons most given, whatever their capitals."""
    counts: Counter[str] = Counter()
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for share, reason, count in week.reasons:
        if reason and wanted(share):
            key = " ".join(reason.casefold().split())
            counts[key] += count
            written[key][reason] += count
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_REASONS]
    return tuple(
        SkipReason(text=clipped(written[key].most_common(1)[0][0]) or "", count=count) for key, count in most
    )
