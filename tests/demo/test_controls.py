"""The controls at the side of the demo's page."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.clock import local_date
from bot.demo.controls import morning_after
from bot.services.care.working_time import WorkingTime

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CHINA = WorkingTime(zone=SHANGHAI, place="CN")
GERMANY = WorkingTime(zone=BERLIN, place="DE")


def test_no_day_on_which_a_colleague_works_is_jumped_over() -> None:
    """China is off from 1 to 7 October 2026; a deputy's week in Germany would pass unseen."""
    now = datetime(2026, 9, 30, 9, 1, tzinfo=SHANGHAI)
    zones = [SHANGHAI, BERLIN]
    assert local_date(morning_after(now, 1, [CHINA], zones), SHANGHAI).isoformat() == "2026-10-08"
    assert local_date(morning_after(now, 1, [CHINA, GERMANY], zones), BERLIN).isoformat() == "2026-10-01"
