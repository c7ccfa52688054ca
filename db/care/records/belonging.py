"""Which contacts are part of a record of their own: a complaint, a gift, or a survey score."""

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, select

from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.surveys import SurveyScore

RECORDS: dict[str, Any] = {"complaint": Complaint, "gift": Gift, "survey": SurveyScore}


def records_of(session: Session, activity_ids: Collection[int]) -> dict[int, str]:
    """Contact -> the kind of record that it is part of; others are left out."""
    found: dict[int, str] = {}
    for kind, record in RECORDS.items() if activity_ids else ():
        rows = select(col(record.activity_id)).where(col(record.activity_id).in_(activity_ids))
        found |= dict.fromkeys(session.scalars(rows), kind)
    return found
