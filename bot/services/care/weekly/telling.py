"""Who is told of which week now, and the messages."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from sqlmodel import Session

from bot.clock import local_date
from bot.services import access
from bot.services.care.digest.mailboxes import Mailbox, Sending, enqueue
from bot.services.care.weekly import counted
from bot.services.care.weekly.counted import Share
from bot.services.care.weekly.period import DAY, WEEK, CareWeek, WeeklyOptions
from bot.services.care.weekly.report import FirmWeek, compose, count_week
from bot.services.care.working_people import working_times
from bot.services.delivery.kinds import WEEKLY
from bot.services.recipients import Place, Recipients
from bot.wording.care.weekly import CareWeekly
from db.book import people
from db.book.people import Person, Team
from db.book.personal_settings import WEEKLY_REPORT, muted_by
from db.care.weekly import reports as weekly
from db.care.weekly.reports import NO_TEAM

LOCK = "weekly"


@dataclass(frozen=True, kw_only=True)
class DueWeek:
    """A place that is told of a week of some teams now. `absent` is the manager in whose place a deputy reads it."""

    mailbox: Mailbox
    period: CareWeek
    absent: Person | None
    teams: dict[int, Team | None] = field(default_factory=dict)  # NO_TEAM: None


def tell_weeks(sending: Sending, options: WeeklyOptions) -> int:
    """Tell managers of the week that is over, in their mornings; how many messages."""
    if options.weekday is None:
        return 0
    with sending.database.read() as session:
        due = _due(session, sending, options)
        if not due:
            return 0
        weeks = _weeks(session, sending, {one.period for one in due})
        messages = [(one, *_message(session, sending, one, weeks[one.period])) for one in due]
    return sum(sending.database.retry(partial(_tell, sending, *one)) for one in messages)


def _due(session: Session, sending: Sending, options: WeeklyOptions) -> list[DueWeek]:
    """Who is told of what now."""
    readers = _Readers(session, sending, options)
    today = local_date(sending.now, sending.time.zone)
    # Where it is yesterday or tomorrow, another week may be the last one.
    told = weekly.told(session, [today - number * DAY for number in range(5, 16)])
    found: dict[tuple[str, CareWeek, int | None], DueWeek] = {}
    for team_id, team in {**readers.teams, NO_TEAM: None}.items():
        mailbox, absent = readers.of(team)
        if mailbox is None or not mailbox.is_asked(sending.now) or readers.has_muted(mailbox):
            continue
        period = CareWeek.before(options.told_on(mailbox.today(sending.now)), mailbox.working.zone)
        if (team_id, period.first_day) not in told:
            key = mailbox.place.address, period, absent.id if absent else None
            one = found.setdefault(key, DueWeek(mailbox=mailbox, period=period, absent=absent))
            one.teams[team_id] = team
    return list(found.values())


class _Readers:
    """Who is told of teams, read once."""

    def __init__(self, session: Session, sending: Sending, options: WeeklyOptions) -> None:
        self._sending, self._options = sending, options
        self._recipients = Recipients.of(session, (), sending.firm, sending.now)
        self._admins = people.admins(session, sending.firm.admins)
        readers = {one.id for one in (*self._recipients.leads(), *self._admins) if one.id is not None}
        self._working = working_times(session, readers, sending.time, sending.now)
        self._muted = muted_by(session, readers, WEEKLY_REPORT)

    def has_muted(self, mailbox: Mailbox) -> bool:
        """Whether the person to be told has switched the weekly report off."""
        return mailbox.place.person_id in self._muted

    @property
    def teams(self) -> Mapping[int, Team]:
        return self._recipients.teams

    def of(self, team: Team | None) -> tuple[Mailbox | None, Person | None]:
        """Where a team's week is told, and who is absent where that is a deputy; an admin where there is nobody else.

        A manager without a deputy who is away until the next week is told is passed over.
        """
        reader, lead = self._recipients.reader_of(team), self._recipients.lead_of(team)
        if reader is not None and self._is_away(reader):
            reader = None
        manager = self._of_person(reader) if reader is not None else None
        places = [manager, self._channel(team)]
        if self._options.to == "channel":
            places.reverse()
        place = next((one for one in places if one is not None), None) or self._admin()
        is_deputy = place is not None and place is manager and lead is not None and reader is not lead
        return place, lead if is_deputy else None

    def _is_away(self, person: Person) -> bool:
        """Whether somebody has days off now, and no working day before the next week is told."""
        working = self._working[person.id or 0]
        today = local_date(self._sending.now, working.zone)
        if working.away_until(today) is None:
            return False
        return working.next_working_day(today) >= self._options.told_on(today) + WEEK

    def _channel(self, team: Team | None) -> Mailbox | None:
        channel = self._recipients.channel_of(team)
        if not channel:
            return None
        return Mailbox(
            place=Place(channel=channel),
            language=self._recipients.language_of(team),
            working=self._sending.time.working_time(self._sending.now),
        )

    def _admin(self) -> Mailbox | None:
        here = [one for one in self._admins if not self._is_away(one)]
        return next((self._of_person(one) for one in (*here, *self._admins)), None)

    def _of_person(self, person: Person) -> Mailbox:
        return Mailbox(
            place=Place(person_id=person.id),
            language=self._recipients.language(person),
            working=self._working[person.id or 0],
        )


def _weeks(session: Session, sending: Sending, periods: Collection[CareWeek]) -> dict[CareWeek, FirmWeek]:
    """The figures of these weeks, each counted once for all who are told of it."""
    today = local_date(sending.now, sending.time.zone)
    unattended = counted.count_unattended(session, counted.gone(session, sending), today)
    return {period: count_week(session, sending.schemes, period, unattended) for period in periods}


def _message(
    session: Session, sending: Sending, due: DueWeek, week: FirmWeek
) -> tuple[CareWeekly, dict[int, int]]:
    """The message, and team -> customers nobody attends to."""
    team_of = {number: person.team_id for number, person in people.everybody(session).items()}

    def team(share: Share) -> int:
        return team_of.get(share.owner_id or 0) or NO_TEAM

    message = compose(
        session,
        sending.book,
        week,
        lambda share: team(share) in due.teams,
        teams=sorted(_named(due), key=lambda one: one.name),
        rest=NO_TEAM in due.teams,
        unattended_before=weekly.unattended(session, due.teams, due.period.previous.first_day),
        absent=access.mentioned(due.absent),
    )
    now = dict.fromkeys(due.teams, 0)
    for share, counts in week.unattended.items():
        if (number := team(share)) in now:
            now[number] += counts.total()
    return message, now


def _named(due: DueWeek) -> Iterator[Team]:
    return (one for one in due.teams.values() if one is not None)


def _tell(sending: Sending, due: DueWeek, message: CareWeekly, unattended: dict[int, int]) -> int:
    """Write the message unless another process has, and there is nothing to manage; how many."""
    first_day, now, place = due.period.first_day, sending.now, due.mailbox.place
    with sending.database.write(lock=LOCK) as session:
        told = weekly.told(session, [first_day])
        if any((team, first_day) in told for team in unattended):
            return 0  # the next pass tells of the rest
        number = None
        if message.figures.to_manage:
            key = f"weekly:{place.address}:{first_day}:{min(unattended)}:{due.mailbox.today(now)}"
            until = due.mailbox.until(now)
            number = enqueue(session, sending, due.mailbox, WEEKLY, message, key, not_after=until)
        weekly.note(session, unattended, first_day, number, now)
    return int(number is not None)
