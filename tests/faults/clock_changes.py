"""Every day of every time zone: M01."""

from datetime import time, timedelta

from bot.clock import local_date
from bot.services.care.working_time import WorkingTime
from tests import zones
from tests.faults.installation import Installation
from tests.faults.report import Outcome

TIMES = (time(0), time(2, 30), time(9))
ONE_DAY = timedelta(days=1)


def mornings(_: Installation, *, quick: bool) -> Outcome:
    """M01: each day of 2015 to 2037 must have one morning in every zone, and the next day's must come after it."""
    distinct = zones.distinct_zones()
    outcome = Outcome(figures={"zones": len(zones.NAMES), "different ones": len(distinct)})
    checked = elsewhere = disordered = 0
    for zone in distinct[::20] if quick else distinct:
        for at in TIMES:
            person = WorkingTime(zone=zone, remind_at=at)
            day, before = zones.FIRST, person.morning(zones.FIRST - ONE_DAY)
            while day <= zones.LAST:
                morning = person.morning(day)
                elsewhere += local_date(morning, zone) != day
                disordered += morning <= before
                checked += 1
                day, before = day + ONE_DAY, morning
    outcome.figures |= {"mornings": checked}
    outcome.require(elsewhere == 0, f"{elsewhere} mornings on another day")
    outcome.require(disordered == 0, f"{disordered} mornings not after the one before")
    return outcome
