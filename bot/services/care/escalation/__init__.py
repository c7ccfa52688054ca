"""Escalation: a step past its limit is reported to the manager, and later to the emergency group, once each.

Promise: how far a step was reported is stored in the transaction of the message that reports it, so that several
processes, restarts and clock jumps report nothing twice.
"""

from bot.services.care.escalation.reports import escalate_late

__all__ = ["escalate_late"]
