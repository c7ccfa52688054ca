"""The figures of a week of the whole firm, by account manager, by who does it, and by tier."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.service import counts as service
from bot.services.care.views.doers import Doers
from bot.services.care.weekly.period import DAY, WEEK, CareWeek
from bot.services.care.working_people import working_times
from bot.services.recipients import Recipients
from bot.services.schemes.store import SchemeCache
from bot.wording.care.weekly import WeekFigures
from db.book import people
from db.care.weekly import counts as weekly_counts
from db.care.weekly.counts import CustomerCount, Whose
from grading.scheme.model import UNRATED

AWAY_DAYS = 5  # an account manager who is away for fewer days is not missed


class Share(NamedTuple):
    """Whose a figure is: the account manager's, the one's who does it (None: nobody, or a role), and a tier's."""

    owner_id: int | None
    person_id: int | None
    tier: str


Tally = Mapping[Share, Counter[str]]


@dataclass(frozen=True, kw_only=True)
class Gone:
    """The people whose customers nobody attends to, because they left, or are away without a deputy."""

    left: frozenset[int]
    away: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        return self.left | self.away


def gone(session: Session, sending: Sending) -> Gone:
    """Who is gone now."""
    recipients = Recipients.of(session, None, sending.firm, sending.now)
    without = {
        number: person for number, person in recipients.people.items() if recipients.deputy(person) is None
    }
    left = {number for number, person in without.items() if not person.is_present}
    away = set()
    for number, working in working_times(session, without.keys() - left, sending.time, sending.now).items():
        today = local_date(sending.now, working.zone)
        until = working.away_until(today)
        if until is not None and (until - today).days + 1 >= AWAY_DAYS:
            away.add(number)
    return Gone(left=frozenset(left), away=frozenset(away))


def count_events(session: Session, period: CareWeek) -> Tally:
    """What became of steps and greetings in a week, and what was open when it ended."""
    span = period.span
    found = _Counts(session)
    for one in weekly_counts.closed(session, span):
        found.add(one.whose, kept=one.kept, late=one.late, skipped=one.skipped, missed=one.missed)
    for whose, count in weekly_counts.escalated(session, span):
        found.add(whose, escalated=count)
    for whose, count in weekly_counts.overdue(session, span.end, period.after):
        found.add(whose, overdue=count)
    for complaint in weekly_counts.open_complaints(session, span.end, period.after):
        found.add(complaint.whose, complaints=complaint.open, complaints_late=complaint.late)
    for whose, count in weekly_counts.broken_promises(session, span):
        found.add(whose, broken=count)
    return found.tally


def count_service(session: Session, schemes: SchemeCache, first_day: date) -> Tally:
    """What the tiers' service promises owed on the days of a week, and what of it was missed."""
    found: dict[Share, Counter[str]] = defaultdict(Counter)
    after = first_day + WEEK
    for one in service.counts(session, schemes, start=first_day, end=after - DAY, today=after):
        share = Share(one.person_id, one.person_id, one.tier)
        found[share].update(service_owed=one.owed, service_missed=one.missed)
    return found


def count_reasons(session: Session, period: CareWeek) -> list[tuple[Share, str, int]]:
    """Why steps were skipped in a week."""
    found = _Counts(session)
    return [
        (found.share(whose), reason, count)
        for whose, reason, count in weekly_counts.reasons(session, period.span)
    ]


def count_unattended(session: Session, of: Gone, today: date) -> Tally:
    """The customers that nobody attends to now, each once."""
    found = _Counts(session)
    found.add_customers("no_owner", weekly_counts.without_owner(session))
    found.add_customers("owner_left", weekly_counts.owned_by(session, of.left))
    found.add_customers("owner_away", weekly_counts.owned_by(session, of.away))
    found.add_customers("not_visited", weekly_counts.not_visited(session, today, of.all))
    return found.tally


class _Counts:
    """Adds up counts by who does what was counted."""

    def __init__(self, session: Session) -> None:
        self.tally: dict[Share, Counter[str]] = defaultdict(Counter)
        self._doers = Doers(people.everybody(session), people.teams(session))

    def share(self, whose: Whose) -> Share:
        person = self._doers.person_id(whose.who, whose.owner_id, whose.doer_id)
        return Share(whose.owner_id, person, whose.tier or UNRATED)

    def add(self, whose: Whose, **counts: int) -> None:
        self.tally[self.share(whose)].update(counts)

    def add_customers(self, name: str, found: Iterable[CustomerCount]) -> None:
        for one in found:
            self.tally[Share(one.owner_id, one.owner_id, one.tier or UNRATED)][name] += one.customers


def only(tally: Tally, wanted: Callable[[Share], bool]) -> Tally:
    """Only some of the figures."""
    return {share: counts for share, counts in tally.items() if wanted(share)}


def joined(*tallies: Tally) -> Tally:
    """All the figures together."""
    found: dict[Share, Counter[str]] = defaultdict(Counter)
    for tally in tallies:
        for share, counts in tally.items():
            found[share].update(counts)
    return found


def total(tally: Tally) -> WeekFigures:
    return _figures(tally.values())


def by_person(tally: Tally) -> dict[int | None, WeekFigures]:
    """Person -> their figures; None: of nobody, or of the holders of roles."""
    parts: dict[int | None, list[Counter[str]]] = defaultdict(list)
    for share, counts in tally.items():
        parts[share.person_id].append(counts)
    return {person: _figures(counts) for person, counts in parts.items()}


def by_tier(tally: Tally) -> dict[str, WeekFigures]:
    parts: dict[str, list[Counter[str]]] = defaultdict(list)
    for share, counts in tally.items():
        parts[share.tier].append(counts)
    return {tier: _figures(counts) for tier, counts in parts.items()}


def _figures(counts: Iterable[Counter[str]]) -> WeekFigures:
    summed: Counter[str] = Counter()
    for one in counts:
        summed.update(one)
    return WeekFigures(**summed)
