"""Who reads a message about care steps at this moment, and which of the customers in it they may see."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import zone_named
from bot.services.recipients import FirmDefaults, Recipients
from db.book import customers
from db.book.people import Person
from db.care import touches


class MessageReader:
    """The reader of a message in Slack, by their rights now; a channel (None) may read all that was posted there."""

    def __init__(
        self,
        session: Session,
        reader: int | None,
        customer_ids: Collection[int],
        touch_ids: Collection[int],
        firm: FirmDefaults,
        now: datetime,
    ) -> None:
        self.id = reader
        self._owners = customers.present_owners(session, sorted(set(customer_ids)))
        everybody = {owner for owner in self._owners.values() if owner is not None}
        self._recipients = Recipients.of(session, everybody | ({reader} if reader else set()), firm, now)
        self._person = self._recipients.people.get(reader or 0)
        self.acts_for = self._recipients.absent(reader) if reader is not None else frozenset()
        # What a person did with a step that was given to them stays in their message.
        mine = {reader, *self.acts_for} if reader is not None else set()
        self._given = touches.given_to(session, mine, touch_ids) if mine else frozenset()

    def sees(self, customer_id: int) -> bool:
        """Whether a customer of the message is shown in it."""
        if self._person is None or customer_id in self._given:
            return True
        return self._recipients.may_see(self._person, self.owner(customer_id))

    def owner(self, customer_id: int) -> Person | None:
        return self._recipients.people.get(self._owners.get(customer_id) or 0)

    def zone(self, otherwise: ZoneInfo) -> ZoneInfo:
        return zone_named(self._person.timezone if self._person else None, otherwise)
