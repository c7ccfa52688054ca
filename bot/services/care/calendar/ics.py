"""A calendar as iCalendar text (RFC 5545): all-day events, which leave the day free."""

from datetime import timedelta

from icalendar import Calendar, Event, vDuration

from bot.services.care.calendar.entries import CareCalendar, Entry

PRODUCT = "-//Tierbot//Customer care//EN"
READ_AGAIN = timedelta(hours=4)


def ics(calendar: CareCalendar) -> bytes:
    """The calendar as calendar programs read it."""
    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", calendar.name)
    found.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", vDuration(READ_AGAIN))
    for entry in calendar.entries:
        found.add_component(_event(entry))
    return bytes(found.to_ical())


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", entry.title)
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event
