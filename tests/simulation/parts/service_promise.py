"""The service promise of a simulated year: what the product counts equals a slow recount of the year's own events."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from sqlmodel import Session, col, func, select

from bot.clock import local_date
from bot.services.care.service.counts import counts
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.care.records.complaints import Complaint, ComplaintStep
from tests.services.care.service_recount import Counted, Life, Recount, as_recounted
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading


class ServicePromise(Part):
    """What each tier is promised, by the contacts, complaints, handovers and changes of tier of a year."""

    columns: ClassVar = {
        "owed s.": "service owed",
        "s. time": "service in_time",
        "s. late": "service late",
        "s. miss": "service missed",
    }

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        today = local_date(reading.end, reading.zone)
        start = date(self.year.first.year, 1, 1)
        first_graded = min(tiers[0][0] for tiers in self.year.graded_in.values())
        with self.year.database.read() as session:
            found = counts(
                session, SchemeCache(), start=start, end=today, today=today, by_customer=True, by_day=True
            )
            lives = self._lives(session, first_graded)
        recount = Recount(promises=((first_graded, self.year.service),), today=today)
        counted, expected = as_recounted(found), recount.recounted(lives, start, today)
        for (*_, how), times in expected.items():
            count["service owed"] += times
            count[f"service {how}"] += times
        yield from _differences(counted, expected)

    def _lives(self, session: Session, first_graded: date) -> dict[int, Life]:
        """Customer -> its tiers as this year knows them, and what is stored of it."""
        recorded = dict(session.exec(select(Customer.id, Customer.created_at)).all())
        lives = {
            customer: Life(tiers=_known(tiers, max(first_graded, recorded[customer].date())), owners=[])
            for customer, tiers in self.year.graded_in.items()
        }
        for row in session.exec(select(Ownership).order_by(col(Ownership.id))):
            lives[row.customer_id].owners.append((row.starts_on, row.person_id))
        for activity in session.exec(select(Activity)):
            lives[activity.customer_id].contacts.append((activity.happened_on, activity.kind))
        steps = select(ComplaintStep.complaint_id, func.min(ComplaintStep.taken_on))
        first = dict(session.exec(steps.group_by(col(ComplaintStep.complaint_id))).all())
        reported = select(Complaint, Activity.happened_on)
        reported = reported.join(Activity, col(Activity.id) == col(Complaint.activity_id))
        for one, day in session.exec(reported):
            if one.deadline is not None:
                lives[one.customer_id].complaints.append(
                    (day, one.deadline, first.get(one.id), one.closed_on)
                )
        return lives


def _known(tiers: list[tuple[date, str]], begun: date) -> list[tuple[date, str]]:
    """The tiers of a customer as they are known: where the first has changed, from when on it was in it is not stored."""
    return tiers if len(tiers) == 1 else [(begun, tiers[0][1]), *tiers[1:]]


def _differences(counted: Counted, expected: Counted) -> Iterator[str]:
    for key in sorted(set(counted) | set(expected)):
        if counted[key] != expected[key]:
            customer, day, tier, person, promised, how = key
            yield (
                f"customer {customer} in {tier} of person {person}: {promised} owed by {day} {how} {counted[key]} times,"
                f" recounted {expected[key]}"
            )
