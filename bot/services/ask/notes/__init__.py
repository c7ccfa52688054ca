"""What was logged about customers, read again: notes in pages, found by words, changed and taken back."""

from bot.services.ask.notes.changes import change, take_back, to_change
from bot.services.ask.notes.pages import notes
from bot.services.ask.notes.search import search

__all__ = ["change", "notes", "search", "take_back", "to_change"]
