"""What people do with a due step: done, snoozed, skipped, or given to somebody else; within minutes taken back.

Each answer changes the touch that a button points at, unless somebody changed it since; it plans the customer's steps
anew in the same transaction, and returns what to show in the place of the button.
"""

from bot.services.care.answers.contacts import check_contact, log_contact
from bot.services.care.answers.decisions import finish, greet_all, skip, snooze
from bot.services.care.answers.reassignment import reassign
from bot.services.care.answers.reversal import undo
from bot.services.care.answers.steps import Answered, open_step

__all__ = [
    "Answered",
    "check_contact",
    "finish",
    "greet_all",
    "log_contact",
    "open_step",
    "reassign",
    "skip",
    "snooze",
    "undo",
]
