"""Handing a customer over to another account manager, with all that is open: at once or on a day to come, and taken back.

Promise: a customer has one account manager at every moment, and both people are written to once.
"""

from bot.services.care.handover.acts import hand_over, undo
from bot.services.care.handover.due import begin_due
from bot.services.care.handover.subject import GivenHandover, HandoverAct, ToHandOver, to_hand_over

__all__ = [
    "GivenHandover",
    "HandoverAct",
    "ToHandOver",
    "begin_due",
    "hand_over",
    "to_hand_over",
    "undo",
]
