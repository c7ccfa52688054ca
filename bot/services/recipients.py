"""Who hears of whose customers: the deputy, else the owner, else the lead of their team, else a channel; as it is now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.services.access import Act, Actor, OwnedBy, Position, can, role_of
from db.book import deputies, people
from db.book.people import Person, Team

LEAD = "lead"  # who does a step besides the account manager and the holders of a role
HANDLER = "handler"  # who handles a complaint in the account manager's place


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


class Recipients:
    """People and teams, read once, and who of them hears of the customers of an owner."""

    def __init__(self, firm: FirmDefaults) -> None:
        self.people: dict[int, Person] = {}
        self.firm = firm
        self._teams: dict[int, Team] = {}
        self._views: dict[int, frozenset[int]] = {}
        self._acting: list[deputies.ActingPair] = []
        self._holders: dict[str, list[Person]] = {}

    @classmethod
    def of(
        cls,
        session: Session,
        person_ids: Iterable[int] | None,
        firm: FirmDefaults,
        now: datetime,
        roles: Collection[str] = (),
    ) -> "Recipients":
        """Some people, or all of them, with their deputies at this instant, the leads of all teams, and who has a role."""
        found = cls(firm)
        found._teams, found._views = people.teams(session), deputies.team_views(session)
        found._acting = deputies.acting(session, now)
        if person_ids is None:
            found.people = people.everybody(session)
        else:
            leads = {team.lead_id for team in found._teams.values() if team.lead_id is not None}
            both = {person for one in found._acting for person in one}
            found.people = people.get_many(session, leads | both | set(person_ids))
        for person in people.with_roles(session, roles) if roles else ():
            found.people.setdefault(person.id or 0, person)
            found._holders.setdefault(person.role, []).append(person)
        return found

    def team(self, owner: Person | None) -> Team | None:
        return self._teams.get(owner.team_id or 0) if owner else None

    @property
    def teams(self) -> Mapping[int, Team]:
        return self._teams

    def may_see(self, reader: Person, owner: Person | None) -> bool:
        """Whether a person may see the customers of an owner, and is still here."""
        return self._sees(reader, OwnedBy(owner.id if owner else None, owner.team_id if owner else None))

    def _sees(self, reader: Person, customer: OwnedBy) -> bool:
        absent = [self.people.get(one.person_id) for one in self._acting if one.deputy_id == reader.id]
        actor = Actor(
            **self._position(reader),
            absent=tuple(Position(**self._position(one)) for one in absent if one),
            name=reader.name,
            slack_user_id=reader.slack_user_id or "",
            language="",
            timezone="",
        )
        return reader.is_present and can(actor, Act.SEE, customer)

    def _position(self, person: Person) -> dict[str, Any]:
        return {
            "person_id": person.id or 0,
            "role": role_of(person.email, person.role, self.firm.admins),
            "team_id": person.team_id,
            "led_teams": frozenset(
                number for number, team in self._teams.items() if team.lead_id == person.id
            ),
            "seen_teams": self._views.get(person.team_id or 0, frozenset()),
        }

    def reader(self, owner: Person | None, *, deputies_too: bool = True) -> Person | None:
        """The owner's deputy; without one in Slack the owner; the lead of their team when neither is here or may see the customers."""
        if owner is None:
            return None
        found = self._or_deputy(owner, owner, deputies_too=deputies_too)
        return found or self._or_deputy(self._lead(owner), owner, deputies_too=False)

    def doer(
        self, who: str, assignee_id: int | None, owner: Person | None, *, deputies_too: bool = True
    ) -> Person | None:
        """Who does a step for an owner's customer: the person it was given to, else the lead or the holder of a role.

        Where that is nobody who is here and may see the customer, it is who hears of the owner's customers. Their
        deputies do it in their place, unless they are not asked for. Who was given a step may see its customer; who
        handles a complaint may have lost the right to.
        """
        assignee = self.people.get(assignee_id or 0)
        given = self._in_place_of(assignee if who != HANDLER else None, deputies_too=deputies_too)
        if (person := next((one for one in given if one.is_present), None)) is not None:
            return person
        asked: list[Person | None] = []
        if who == HANDLER:
            asked.append(assignee)
        elif who == LEAD:
            asked.append(self._lead(owner))
        elif who in self._holders:
            team = owner.team_id if owner else None
            asked += [one for one in self._holders[who] if one.team_id == team]
            asked += [one for one in self._holders[who] if one.team_id != team]
        found = (self._or_deputy(one, owner, deputies_too=deputies_too) for one in asked)
        return next((one for one in found if one), None) or self.reader(owner, deputies_too=deputies_too)

    def _lead(self, owner: Person | None) -> Person | None:
        return self.lead_of(self.team(owner))

    def lead_of(self, team: Team | None) -> Person | None:
        return self.people.get(team.lead_id or 0) if team else None

    def reader_of(self, team: Team | None) -> Person | None:
        """Who is told of a team as a whole: the lead's deputy, else the lead, in Slack; if they may see its customers."""
        if team is None:
            return None
        theirs = OwnedBy(None, team.id)
        asked = self._in_place_of(self.lead_of(team), deputies_too=True)
        return next((one for one in asked if one.slack_user_id and self._sees(one, theirs)), None)

    def deputy(self, person: Person) -> Person | None:
        """Who acts for a person at this instant, is here and can be reached in Slack."""
        in_place = self._in_place_of(person, deputies_too=True)
        return next((one for one in in_place if one.id != person.id and one.is_present), None)

    def _or_deputy(
        self, person: Person | None, owner: Person | None, *, deputies_too: bool = True
    ) -> Person | None:
        """A person's deputy who is in Slack, else the person, if they are here and may see the owner's customers."""
        asked = self._in_place_of(person, deputies_too=deputies_too)
        return next((one for one in asked if self.may_see(one, owner)), None)

    def _in_place_of(self, person: Person | None, *, deputies_too: bool) -> list[Person]:
        """A person's deputy who is in Slack, then the person."""
        if person is None:
            return []
        pairs = self._acting if deputies_too else ()
        in_place = [self.people.get(one.deputy_id) for one in pairs if one.person_id == person.id]
        return [*(one for one in in_place if one and one.slack_user_id), person]

    def absent(self, person_id: int) -> frozenset[int]:
        """Whose deputy a person is."""
        return frozenset(one.person_id for one in self._acting if one.deputy_id == person_id)

    def leads(self) -> list[Person]:
        """The leads of all teams, and their deputies."""
        leads = {team.lead_id for team in self._teams.values()}
        deputies_too = {one.deputy_id for one in self._acting if one.person_id in leads}
        return [self.people[one] for one in leads | deputies_too if one in self.people]

    def manager(self, owner: Person | None, doer: Person | None) -> Person | None:
        """Who is told of steps that were not done: the lead of the owner's team, or the lead's deputy, in Slack.

        Nobody where the lead is the one who should have done them.
        """
        lead = self._lead(owner)
        if lead is None:
            return None
        late = {one.id for one in (owner, doer) if one is not None}
        in_place = [self.people.get(one.deputy_id) for one in self._acting if one.person_id == lead.id]
        return next(
            (
                one
                for one in (*in_place, lead)
                if one and one.slack_user_id and not {one.id, lead.id} & late and self.may_see(one, owner)
            ),
            None,
        )

    def part_of(self, reader: Person | None, owner: Person | None) -> str:
        """Why a reader hears of an owner's customers: as their `owner`, as the `deputy`, or as the `lead`."""
        if reader is None or owner is None:
            return "lead"
        if reader.id == owner.id:
            return "owner"
        return "deputy" if (owner.id, reader.id) in self._acting else "lead"

    def channel(self, owner: Person | None) -> str:
        """The channel of the owner's team, else the firm's; empty without both."""
        return self.channel_of(self.team(owner))

    def channel_of(self, team: Team | None) -> str:
        return (team.channel if team else None) or self.firm.channel

    def channel_language(self, owner: Person | None) -> str:
        return self.language_of(self.team(owner))

    def language_of(self, team: Team | None) -> str:
        """The language of a team's channel, else the firm's."""
        return (team.language if team else None) or self.firm.language

    def language(self, person: Person) -> str:
        return person.language or self.firm.language

    def place(self, owner: Person | None) -> Place | None:
        """Where the reminders of an owner's customers go: to their reader, else to a channel."""
        return self._of(self.reader(owner), owner)

    def place_of_step(self, who: str, assignee_id: int | None, owner: Person | None) -> Place | None:
        """Where a step for an owner's customer is shown: to who does it, else in a channel."""
        return self._of(self.doer(who, assignee_id, owner), owner)

    def _of(self, reader: Person | None, owner: Person | None) -> Place | None:
        channel = self.channel(owner)
        if reader is not None:
            return Place(person_id=reader.id)
        return Place(channel=channel) if channel else None
