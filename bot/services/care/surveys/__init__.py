"""Scores of satisfaction surveys: recorded with their contact, counted by the grading, followed up where they are low."""

from bot.services.care.surveys.recording import RecordedScore, SurveyAnswer, finish, record_score
from bot.services.care.surveys.reversal import undo

__all__ = ["RecordedScore", "SurveyAnswer", "finish", "record_score", "undo"]
