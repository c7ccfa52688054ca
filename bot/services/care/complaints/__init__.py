"""Complaints: recorded, handled step by step, closed with what was done; the manager is told of them.

A complaint and its activity, which the grading counts, are written and deleted together.
"""

from bot.services.care.complaints.acts import add_step, close, reopen, undo
from bot.services.care.complaints.opening import Report, record_complaint
from bot.services.care.complaints.reports import tell_managers
from bot.services.care.complaints.subject import Acted, FormTitle, current, form_title

__all__ = [
    "Acted",
    "FormTitle",
    "Report",
    "add_step",
    "close",
    "current",
    "form_title",
    "record_complaint",
    "reopen",
    "tell_managers",
    "undo",
]
