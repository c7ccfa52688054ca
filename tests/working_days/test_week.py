"""Days of the week and hours of the day, as people write them."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.working_days.week import CHINESE_DAYS, Hours, hours_of, weekdays_of, weekdays_text, working_hours

MINUTES = [time(*divmod(minute, 60)) for minute in range(24 * 60)]
TIMES = st.sampled_from(MINUTES[::30])


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Mon-Fri", "Mon-Fri"),
        ("sun-thu", "Sun-Thu"),
        ("Sat - Wed", "Sat-Wed"),
        ("Monday to Friday", "Mon-Fri"),
        ("Mon, Wed-Fri", "Mon,Wed-Fri"),
        ("Fri Mon", "Mon,Fri"),
        ("Sun,Mon,Tue,Wed,Thu", "Sun-Thu"),
        ("Mo bis Fr", "Mon-Fri"),
        ("Montag–Samstag", "Mon-Sat"),
        ("周一至周五", "Mon-Fri"),
        ("周日到周四", "Sun-Thu"),
        ("星期一、星期三", "Mon,Wed"),
        ("Mon-Sun", "Mon-Sun"),
        ("Tue-Mon", "Mon-Sun"),
        ("Wed", "Wed"),
    ],
)
def test_days_are_taken_in_three_languages_and_stored_in_one_form(text: str, stored: str) -> None:
    days = weekdays_of(text)
    assert days is not None
    assert weekdays_text(days) == stored


@pytest.mark.parametrize("text", ["", "5", "Mon-", "-Fri", "Mon-Fry", "weekdays", "Mon-Tue-Wed", "一"])
def test_what_are_no_days_is_not_taken(text: str) -> None:
    assert weekdays_of(text) is None


@given(days=st.frozensets(st.integers(0, 6), min_size=1))
def test_stored_days_are_read_as_they_were(days: frozenset[int]) -> None:
    assert weekdays_of(weekdays_text(days)) == days
    assert weekdays_of(weekdays_text(days, CHINESE_DAYS)) == days


@given(one=st.tuples(TIMES, TIMES), other=st.tuples(TIMES, TIMES))
def test_hours_within_others_have_no_minute_outside_them(
    one: tuple[time, time], other: tuple[time, time]
) -> None:
    inner, outer = Hours(*one), Hours(*other)
    own = [at for at in MINUTES[::30] if at in inner]
    assert len(own) * 30 == inner.minutes
    assert inner.is_within(outer) == all(at in outer for at in own) or not own


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [
        ("09:00", "18:00", "09:00-18:00"),
        ("09:00", None, "09:00-00:00"),
        (None, "15:00", "00:00-15:00"),
        (None, None, None),
        ("09:00", "09:00", None),
        ("9 am", "18:00", None),
    ],
)
def test_hours_without_an_end_go_on_until_midnight(
    begins: str | None, ends: str | None, hours: str | None
) -> None:
    found = working_hours(begins, ends)
    assert (str(found) if found else None) == hours


@pytest.mark.parametrize("text", ["", "9-18", "09:00", "09:00-24:00", "18:00-18:00"])
def test_what_are_no_hours_is_not_taken(text: str) -> None:
    assert hours_of(text) is None
