"""Gifts: recorded within the limits of the firm, listed, suggested, and taken back.

A gift and its activity, by which the clocks of the care steps restart, are written and deleted together.
"""

from bot.services.care.gifts.recording import Acted, NewGift, OverLimit, record_gift, undo
from bot.services.care.gifts.views import Standing, standing

__all__ = ["Acted", "NewGift", "OverLimit", "Standing", "record_gift", "standing", "undo"]
