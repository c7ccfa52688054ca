"""Finding the customers of whom an open care step was given to somebody: few, and not in the book of that person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from db.book import near_names
from db.book.customers import NameHit, NameKind


@dataclass(frozen=True, kw_only=True)
class GivenNames:
    """The names of these customers, and those among them that a text may mean."""

    names: Sequence[NameHit] = ()

    @classmethod
    def of(cls, session: Session, actor: Actor) -> "GivenNames":
        ids = access.given_customers(actor)
        return cls(names=near_names.names_of(session, ids) if ids else ())

    def equal(self, keys: Sequence[str]) -> list[NameHit]:
        """Names that compare equal to one of the keys; initials, which many share, are none."""
        wanted = {*keys, *(key.replace(" ", "") for key in keys)}
        return [hit for hit in self.names if hit.key in wanted and hit.kind != NameKind.INITIALS]

    def holding(self, keys: Sequence[str]) -> list[int]:
        """The customers one of whose names holds one of the keys."""
        found = (hit.customer_id for hit in self.names if any(key in hit.key for key in keys))
        return list(dict.fromkeys(found))
