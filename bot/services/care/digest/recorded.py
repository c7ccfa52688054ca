"""What a digest shows besides care steps: open complaints, and promises whose day is near or past."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.services.care.complaints import rows as complaint_rows
from bot.services.care.digest.mailboxes import Mailbox
from bot.services.care.digest.rows import RowReader
from bot.services.care.escalation.overdue import EASTERNMOST
from bot.services.care.promises import rows as promise_rows
from bot.wording.care.complaints import ComplaintRow
from bot.wording.care.digest import CareDigest
from bot.wording.care.promises import PromiseRow
from db.care import complaints, promises
from db.care.complaints import ComplaintRole
from db.care.due_touches import DueGroup
from db.care.promises import NearPromise, PromiseRole
from db.care.touches import StepKind


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups with open complaints, and those with promises that may be near, the earliest day first."""

    complained: Set[DueGroup]
    promised: Mapping[DueGroup, Sequence[NearPromise]]

    @classmethod
    def read(cls, session: Session, now: datetime) -> "Groups":
        promised = promise_rows.groups(session, (now + EASTERNMOST).date())
        return cls(complained=complaint_rows.groups(session), promised=promised)

    @property
    def all(self) -> Set[DueGroup]:
        return self.complained | self.promised.keys()

    def of(self, mailbox: Mailbox, now: datetime) -> "Groups":
        """Those that the digest of today at a place shows."""
        today = mailbox.today(now)
        return Groups(
            complained=self.complained & mailbox.groups,
            promised={
                group: self.promised[group]
                for group in self.promised.keys() & mailbox.groups
                if promise_rows.near(self.promised[group][:1], mailbox.working, today)
            },
        )

    def __bool__(self) -> bool:
        return bool(self.complained or self.promised)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a digest shows of them, how many more there are, and all promises that it shows or counts."""

    complaints: tuple[ComplaintRow, ...] = ()
    complaints_more: int = 0
    promises: tuple[PromiseRow, ...] = ()
    promises_more: int = 0
    promised: tuple[int, ...] = ()

    @classmethod
    def read(cls, session: Session, reading: RowReader, groups: Groups, mailbox: Mailbox) -> "Recorded":
        """What a digest shows of these groups. Nobody acts on it until the digest is written."""
        complained: tuple[ComplaintRow, ...] = ()
        complained_more = 0
        if groups.complained:
            kinds = reading.rules.complaints
            complaint_rows.lock(session, groups.complained)
            complained, complained_more = complaint_rows.shown(
                session, kinds, groups.complained, reader=reading.reader, day=reading.day
            )
        found = [one for of in groups.promised.values() for one in of]
        near = promise_rows.near(found, mailbox.working, reading.day)
        shown = promise_rows.locked(session, near[: promise_rows.MOST_SHOWN])
        return cls(
            complaints=complained,
            complaints_more=complained_more,
            promises=promise_rows.rows_of(session, shown, reader=reading.reader, day=reading.day),
            promises_more=len(near[promise_rows.MOST_SHOWN :]),
            promised=tuple(near),
        )

    def __bool__(self) -> bool:
        return bool(self.complaints or self.promises)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a digest."""
        return {
            name: getattr(self, name)
            for name in ("complaints", "complaints_more", "promises", "promises_more")
        }

    def link(self, session: Session, outbox_id: int, digest: CareDigest) -> None:
        """Note what a digest shows, so that it is drawn again when that changes."""
        ids = [row.complaint_id for row in self.complaints]
        complaints.link(session, outbox_id, ids, ComplaintRole.DIGEST)
        asking = {row.customer_id for row in digest.rows if row.kind == StepKind.FOLLOW_UP}
        asked = promise_rows.ids_asked_in_steps(session, asking)
        promises.link(session, outbox_id, [*self.promised, *asked], PromiseRole.DIGEST)
