"""The shapes of dates: how people write them, names of months, other calendars."""
