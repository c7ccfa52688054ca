"""The manager's weekly: what became of care in a week, told once a week to whoever leads a team, or in its channel.

Promise: that a week was told is stored in the transaction of its message, under a key of the team and the week, so that
several processes, restarts and clock jumps tell nothing twice.
"""

from bot.services.care.weekly.telling import tell_weeks

__all__ = ["tell_weeks"]
