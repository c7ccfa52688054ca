"""The care plans in force: the approved ones, and those of files for the schemes that these do not name."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import chain

from sqlmodel import Session

from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import load_all, parse_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.settings import Settings
from db.care import plans
from db.graded import schemes


def plans_in_force(session: Session, settings: Settings, today: date) -> CarePlans:
    """The care plans on a day. Raises SeveralProblems for a wrong file."""
    return with_files(approved(session, today), load_all(settings.care_plan))


def approved(session: Session, today: date) -> tuple[CarePlan, ...]:
    """The approved plans that are in force on a day."""
    return PlanCache().approved(session, today)


def days_to_come(session: Session, today: date) -> list[date]:
    """The days after today on which an approved plan begins."""
    approvals = chain.from_iterable(plans.approvals(plans.decisions(session)).values())
    return sorted({one.effective_from for one in approvals if one.effective_from > today})


def with_files(approved: Sequence[CarePlan], files: CarePlans) -> CarePlans:
    """Approved plans before those of files. A file with the id of an approved plan is another version of it: left out."""
    known = {plan.plan for plan in approved}
    return CarePlans.layered(approved, [plan for plan in files.sources if plan.plan not in known])


class PlanCache:
    """Parsed plan versions, which never change, and the rules by the newest decision and the newest scheme."""

    def __init__(self) -> None:
        self._parsed: dict[int, CarePlan] = {}
        self._rules: tuple[tuple[plans.Newest, date], CareRules, CareRules] | None = None

    def rules(self, session: Session, files: CareRules, today: date) -> CareRules:
        """The rules with the plans in force on a day; `files` has those of files. One small query without news."""
        newest = plans.newest(session)
        held = self._rules
        if held is None or held[0] != (newest, today) or held[1] is not files:
            present = with_files(self.approved(session, today), files.plans)
            present = present.of_schemes(schemes.names(session))
            held = ((newest, today), files, replace(files, plans=present))
            self._rules = held
        return held[2]

    def approved(self, session: Session, today: date) -> tuple[CarePlan, ...]:
        """The approved plans that are in force on a day."""
        held = plans.in_force(plans.decisions(session), today)
        return tuple(self._plan(session, decision.care_plan_version_id) for decision in held)

    def _plan(self, session: Session, version_id: int) -> CarePlan:
        if version_id not in self._parsed:
            row = session.get_one(plans.CarePlanVersion, version_id)
            self._parsed[version_id] = parse_plan(row.content, f"{row.name}@{row.version}")
        return self._parsed[version_id]
