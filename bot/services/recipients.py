"""Who hears of whose customers: the owner, else the lead of their team, else a channel; as it is at this moment."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from bot.services.access import Act, Actor, can
from db.book import people
from db.book.people import Person, PersonRole, Team


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a message goes: a person's direct messages, or a channel."""

    person_id: int | None = None
    channel: str | None = None

    @property
    def address(self) -> str:
        return f"person:{self.person_id}" if self.person_id is not None else f"channel:{self.channel}"


@dataclass(frozen=True, kw_only=True)
class FirmDefaults:
    """Where messages go that no team has a channel for, in which language, and who is admin by the settings."""

    channel: str = ""
    language: str = "en"
    admins: Collection[str] = ()


class OwnedBy(NamedTuple):
    """A customer, as far as rights depend on it."""

    owner_id: int | None
    owner_team_id: int | None


class Recipients:
    """People and teams, read once, and who of them hears of the customers of an owner."""

    def __init__(self, people: dict[int, Person], teams: dict[int, Team], firm: FirmDefaults) -> None:
        self.people = people
        self._teams = teams
        self.firm = firm

    @classmethod
    def of(cls, session: Session, person_ids: Iterable[int], firm: FirmDefaults) -> "Recipients":
        """Some people, and the leads of all teams."""
        teams = people.teams(session)
        leads = {team.lead_id for team in teams.values() if team.lead_id is not None}
        return cls(people.get_many(session, leads | set(person_ids)), teams, firm)

    def team(self, owner: Person | None) -> Team | None:
        return self._teams.get(owner.team_id or 0) if owner else None

    def may_see(self, reader: Person, owner: Person | None) -> bool:
        """Whether a person may see the customers of an owner, and is still here."""
        actor = Actor(
            person_id=reader.id or 0,
            name=reader.name,
            role=PersonRole.ADMIN if reader.email in self.firm.admins else reader.role,
            team_id=reader.team_id,
            led_teams=frozenset(number for number, team in self._teams.items() if team.lead_id == reader.id),
            slack_user_id=reader.slack_user_id or "",
            language="",
            timezone="",
        )
        customer = OwnedBy(owner.id if owner else None, owner.team_id if owner else None)
        return reader.is_present and can(actor, Act.SEE, customer)

    def reader(self, owner: Person | None) -> Person | None:
        """The owner; the lead of their team when the owner has left or may not see the customers; else nobody."""
        team = self.team(owner)
        lead = self.people.get(team.lead_id or 0) if team else None
        return next((one for one in (owner, lead) if one and self.may_see(one, owner)), None)

    def channel(self, owner: Person | None) -> str:
        """The channel of the owner's team, else the firm's; empty without both."""
        team = self.team(owner)
        return (team.channel if team else None) or self.firm.channel

    def channel_language(self, owner: Person | None) -> str:
        team = self.team(owner)
        return (team.language if team else None) or self.firm.language

    def language(self, person: Person) -> str:
        return person.language or self.firm.language

    def place(self, owner: Person | None) -> Place | None:
        """Where the reminders of an owner's customers go: to their reader, else to a channel."""
        reader, channel = self.reader(owner), self.channel(owner)
        if reader is not None:
            return Place(person_id=reader.id)
        return Place(channel=channel) if channel else None
