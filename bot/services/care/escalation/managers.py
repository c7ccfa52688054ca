"""Which manager is told of what their people have not done, and where, while they are away."""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session

from bot.services.care.digest.mailboxes import Mailbox, Sending
from bot.services.care.working_people import working_times
from bot.services.care.working_time import WorkingTime
from bot.services.recipients import HANDLER, Place, Recipients
from db.book import people
from db.book.people import Person


class Managers:
    """Who is told of what some people handle, read once."""

    def __init__(self, session: Session, sending: Sending, person_ids: Collection[int | None]) -> None:
        ids = {one for one in person_ids if one is not None}
        self._sending = sending
        self._recipients = Recipients.of(session, ids, sending.firm, sending.now)
        self._admins = people.admins(session, sending.firm.admins)
        readers = [*self._recipients.people.values(), *self._admins]
        self._working = working_times(
            session, {one.id for one in readers if one.id is not None}, sending.time, sending.now
        )

    def doer(
        self, owner_id: int | None, handler_id: int | None, *, deputies_too: bool = True
    ) -> Person | None:
        """Who handles it at present: the handler, else who hears of the owner's customers, or their deputy."""
        owner = self._recipients.people.get(owner_id or 0)
        return self._recipients.doer(HANDLER, handler_id, owner, deputies_too=deputies_too)

    def mailbox(self, owner_id: int | None, handler_id: int | None) -> Mailbox | None:
        """The manager's; while they have days off, or where there is none, the channel's, else an admin's."""
        recipients = self._recipients
        owner = recipients.people.get(owner_id or 0)
        doer = self.doer(owner_id, handler_id)
        manager = recipients.manager(owner, doer)
        if manager is not None and not self.away_until(manager):
            return self._of_person(manager)
        if channel := recipients.channel(owner):
            return Mailbox(
                place=Place(channel=channel),
                language=recipients.channel_language(owner),
                working=self._sending.time.working_time(self._sending.now),
            )
        others = [admin for admin in self._admins if doer is None or admin.id != doer.id]
        here = [admin for admin in others if not self.away_until(admin)]
        reader = next(iter([*here, *([manager] if manager else []), *others]), None)
        return self._of_person(reader) if reader is not None else None

    def away_until(self, person: Person) -> date | None:
        """The last of the days off that a person has today; None when they have none."""
        return self.working(person).away_until(self._of_person(person).today(self._sending.now))

    def working(self, person: Person) -> WorkingTime:
        """When a person works."""
        return self._working[person.id or 0]

    def _of_person(self, person: Person) -> Mailbox:
        return Mailbox(
            place=Place(person_id=person.id),
            language=self._recipients.language(person),
            working=self._working[person.id or 0],
        )
