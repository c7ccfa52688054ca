"""Birthdays of contact persons in the care of a customer."""

from bot.birthdays import Birthday, read_birthday

__all__ = ["Birthday", "read_birthday"]
