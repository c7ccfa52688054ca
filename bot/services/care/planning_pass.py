"""The recurring pass of care planning."""

from datetime import datetime

from bot.services.care import schedule
from bot.services.care.schedule import CareRules
from db.engine import Database


def plan_changed(database: Database, rules: CareRules, now: datetime) -> int:
    """Plan the customers for whom something has changed; how many touches changed."""
    return schedule.plan_all(database, rules, now)
