"""A week for who asks for it: the figures of the customers that they may see, and what is behind them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlmodel import Session, select

from bot.errors import N_, BadInput, NotFound
from bot.services import access
from bot.services.access import Actor
from bot.services.care.complaints.rows import clipped
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.views.doers import Doers
from bot.services.care.weekly import counted
from bot.services.care.weekly.counted import Gone, Share
from bot.services.care.weekly.period import WEEK, CareWeek
from bot.services.care.weekly.report import compose, count_week
from bot.services.staff import person_of
from bot.wording.care.weekly import CareWeekly, CareWeeklyList, WeekRow
from db.book import people
from db.book.people import Team
from db.care.weekly import reports as weekly
from db.care.weekly.rows import CustomerScope, DoerFilter, WeeklyRow, WeeklyRows
from grading.scheme.model import UNRATED, Name

NO_SUCH_WEEK = N_("The week from %(day)s is not over yet.")


@dataclass(frozen=True, kw_only=True)
class WeekQuery:
    """Which week of whom is asked for."""

    period: CareWeek
    team: str | None = None
    person: str | None = None  # an e-mail address
    scope: int = (
        0  # of a button: 0 all that the reader may see, 1 what no team looks after, else 1 + the team
    )
    most: int = 50  # rows of each kind


def week_of(
    session: Session, actor: Actor, sending: Sending, query: WeekQuery
) -> tuple[CareWeekly, CareWeeklyList]:
    """The figures of a week, and the rows behind them. Raises NotFound, NotAllowed, BadInput."""
    return _Week(session, actor, sending, query).shown()


class _Week:
    """A week as its reader may see it."""

    def __init__(self, session: Session, actor: Actor, sending: Sending, query: WeekQuery) -> None:
        self._session, self._sending, self._query = session, sending, query
        self._today = actor.today(sending.now)
        if query.period.after > self._today:
            raise BadInput(NO_SUCH_WEEK, day=query.period.first_day)
        self._people, self._teams = people.everybody(session), people.teams(session)
        self._doers = Doers(self._people, self._teams)
        self._person = person_of(session, query.person).id if query.person is not None else None
        self._team = self._asked_team()
        self._scope = self._narrowed(access.visible_owners(session, actor))

    def shown(self) -> tuple[CareWeekly, CareWeeklyList]:
        session, sending, period = self._session, self._sending, self._query.period
        gone = counted.gone(session, sending)
        unattended = counted.count_unattended(session, gone, self._today)
        week = count_week(session, sending.schemes, period, unattended)
        figures = compose(
            session,
            sending.book,
            week,
            self._is_wanted,
            teams=[self._team] if self._team is not None else [],
            rest=self._scope.unowned and self._team is None,
            unattended_before=self._unattended_before(),
            everybody=True,
        )
        rows = tuple(self._rows(gone))
        # A complaint past its deadline is one row, and `care service` lists what was missed.
        of = figures.figures
        total = of.to_manage - of.complaints_late - of.service_missed
        return figures, CareWeeklyList(
            first_day=period.first_day, last_day=period.last_day, rows=rows, more=max(0, total - len(rows))
        )

    def _unattended_before(self) -> int | None:
        """As the week before was told: of whole teams only, and only beside what is so now."""
        period = self._query.period
        is_newest = period.after + WEEK > self._today
        if self._team is None or self._person is not None or not is_newest:
            return None
        return weekly.unattended(self._session, [self._team.id or 0], period.previous.first_day)

    def _asked_team(self) -> Team | None:
        if self._query.team is not None:
            found = self._session.exec(select(Team).where(Team.name == self._query.team)).first()
            if found is None:
                raise NotFound(N_("There is no team %(team)s."), team=self._query.team)
            return found
        return self._teams.get(self._query.scope - 1) if self._query.scope > 1 else None

    def _narrowed(self, visible: Collection[int] | None) -> CustomerScope:
        """Whose customers are meant, of those that the reader may see."""
        if self._query.scope == 1:
            teamless = {number for number, person in self._people.items() if person.team_id is None}
            return CustomerScope(_both(visible, teamless), unowned=visible is None)
        if self._query.scope > 1 or self._team is not None:
            team = self._team.id if self._team else None
            members = {number for number, one in self._people.items() if team and one.team_id == team}
            return CustomerScope(_both(visible, members), unowned=False)
        return CustomerScope(visible, unowned=visible is None)

    def _is_wanted(self, share: Share) -> bool:
        if self._person is not None and share.person_id != self._person:
            return False
        if share.owner_id is None:
            return self._scope.unowned
        return self._scope.owners is None or share.owner_id in self._scope.owners

    def _rows(self, gone: Gone) -> Iterator[WeekRow]:
        period, query = self._query.period, self._query
        rows = WeeklyRows(self._session, period.span, self._scope, self._done_by(), query.most)
        sections = {
            "no_owner": rows.without_owner(),
            "owner_left": rows.owned_by(gone.left),
            "owner_away": rows.owned_by(gone.away),
            "not_visited": rows.not_visited(self._today, gone.all),
            "complaint": rows.complaints(),
            "promise": rows.broken_promises(),
            "overdue": rows.overdue(period.after),
            "late": rows.late(),
            "skipped": rows.skipped(),
            "escalated": rows.escalated(),
            "missed": rows.missed(),
        }
        for section, found in sections.items():
            for row in found:
                yield self._row(section, row)

    def _done_by(self) -> DoerFilter | None:
        if self._person is None:
            return None
        led = {number for number, team in self._teams.items() if team.lead_id == self._person}
        return DoerFilter(
            self._person, {number for number, one in self._people.items() if one.team_id in led}
        )

    def _row(self, section: str, row: WeeklyRow) -> WeekRow:
        doer = self._people.get(self._doers.person_id(row.who, row.owner_id, row.doer_id) or 0)
        return WeekRow(
            customer_id=row.customer_id,
            version=row.version,
            name=row.name,
            code=row.code,
            section=section,
            tier=self._sending.book.tier(row.tier or UNRATED),
            who=access.mentioned(doer),
            step=self._step(section, row),
            day=row.day,
            reason=clipped(row.text) if section in ("skipped", "promise") else None,
        )

    def _step(self, section: str, row: WeeklyRow) -> Name | None:
        rules = self._sending.rules
        if section == "complaint":
            return rules.complaints.name(row.text or "")
        return rules.plans.step_name(row.plan, row.tier or UNRATED, row.step) if row.step else None


def _both(visible: Collection[int] | None, wanted: Collection[int]) -> frozenset[int]:
    return frozenset(wanted if visible is None else set(visible) & set(wanted))
