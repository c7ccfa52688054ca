"""Scores of satisfaction surveys: recorded with their contact, counted by the grading, followed up where they are low."""

from bot.services.care.surveys.recording import Answer, Recorded, finish, record_score
from bot.services.care.surveys.reversal import undo

__all__ = ["Answer", "Recorded", "finish", "record_score", "undo"]
