"""Gifts: recorded within the limits of the firm, listed, suggested, and taken back.

A gift and its activity, by which the clocks of the care steps restart, are written and deleted together.
"""

from bot.services.care.gifts.recording import GiftActed, NewGift, OverLimit, record_gift, undo
from bot.services.care.gifts.views import GiftStanding, standing

__all__ = ["GiftActed", "GiftStanding", "NewGift", "OverLimit", "record_gift", "standing", "undo"]
