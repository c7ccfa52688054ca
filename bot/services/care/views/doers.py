"""Who does planned steps."""

from collections.abc import Mapping

from bot.services.care.plan import Doer
from bot.services.care.views.planned import PlannedStep
from db.book.people import Person, Team


class Doers:
    """Finds who does a step among the people of the book."""

    def __init__(self, everybody: Mapping[int, Person], teams: Mapping[int, Team]) -> None:
        self._people = everybody
        self._teams = teams

    def name(self, step: PlannedStep) -> str:
        """The person it was given to, the account manager, or the lead of their team; else the role."""
        found = self._people.get(self.person_id(step.who, step.owner_id, step.assignee_id) or 0)
        return found.name if found else step.who

    def person_id(self, who: str, owner_id: int | None, assignee_id: int | None = None) -> int | None:
        """The same person by id; None when a role does it, or nobody."""
        if assignee_id is not None or who == Doer.OWNER:
            return assignee_id or owner_id
        if who != Doer.LEAD:
            return None
        owner = self._people.get(owner_id or 0)
        team = self._teams.get(owner.team_id or 0) if owner else None
        return team.lead_id if team else None
