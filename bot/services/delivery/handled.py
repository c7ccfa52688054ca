"""The complaints and promises that a stored digest shows, as far as rights at the moment of sending need them."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session

from bot.services.delivery import kinds
from db.care.records import complaints, promises
from db.outbox.claims import Claimed


class Handled(NamedTuple):
    """A complaint or promise in a digest, and what decides whose it is."""

    customer_id: int
    handler_id: int | None


def handled_in(session: Session, rows: Sequence[Claimed]) -> dict[int, list[Handled]]:
    """Message -> the complaints and promises that a digest shows."""
    shown = {row.id: row.body_json for row in rows if row.kind in kinds.SHOWN}
    complained = {number: _ids_shown(body, "complaints", "complaint_id") for number, body in shown.items()}
    promised = {number: _ids_shown(body, "promises", "promise_id") for number, body in shown.items()}
    of_complaints = {
        one.id: Handled(one.customer_id, one.handler_id)
        for one in complaints.rows(session, {one for ids in complained.values() for one in ids})
    }
    of_promises = {
        one.id: Handled(one.customer_id, one.keeper_id)
        for one in promises.rows(session, {one for ids in promised.values() for one in ids})
    }
    return {
        number: [
            *(of_complaints[one] for one in complained[number] if one in of_complaints),
            *(of_promises[one] for one in promised[number] if one in of_promises),
        ]
        for number in shown
    }


def _ids_shown(body_json: str, rows: str, field: str) -> tuple[int, ...]:
    """Ids of the complaints or promises that a stored digest shows: a field of its rows."""
    if f'"{field}"' not in body_json:
        return ()
    try:
        return tuple(row[field] for row in json.loads(body_json)["fields"][rows])
    except (ValueError, KeyError, TypeError):
        return ()
