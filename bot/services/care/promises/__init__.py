"""Promises to customers: recorded, kept, postponed or withdrawn; the manager is told of broken ones.

Promise: an open one whose day is near or past is in somebody's morning digest and list, and who manages them is told
once of each day that has passed.
"""

from bot.services.care.promises.acts import keep, postpone, undo, withdraw
from bot.services.care.promises.making import Given, make, record_promise
from bot.services.care.promises.reports import tell_managers
from bot.services.care.promises.subject import PromiseAct, PromiseTitle, current, form_title

__all__ = [
    "Given",
    "PromiseAct",
    "PromiseTitle",
    "current",
    "form_title",
    "keep",
    "make",
    "postpone",
    "record_promise",
    "tell_managers",
    "undo",
    "withdraw",
]
