"""The versions of a care plan: approved from a day on, retired. Decided by people, stored as rows."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import FOLDER, parse_plan
from bot.services.care.plan_versions import in_force
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.plan_versions.in_force import with_files
from bot.services.schemes.status import split
from bot.services.traits.fields import TraitFields
from db.audit import AuditAction, ObjectKind
from db.care import plans
from db.care.plans import CarePlanDecision, CarePlanState, CarePlanVersion
from db.engine import Database
from grading.scheme import text as yaml_text

LOCK = "care plans"


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """A valid care plan and the text it came from."""

    plan: CarePlan
    text: str
    source: str

    @property
    def label(self) -> str:
        return f"{self.plan.plan}@{self.plan.version}"


@dataclass(frozen=True, kw_only=True)
class PlanStatus:
    """A care plan that is in force, or will be from a day on. One of a file was decided by nobody."""

    plan: CarePlan
    effective_from: date | None = None
    until: date | None = None  # the day from which another version is in force
    by: str | None = None
    at: datetime | None = None

    @property
    def label(self) -> str:
        return f"{self.plan.plan}@{self.plan.version}"


def approve(
    database: Database,
    actor: Actor,
    file: PlanFile,
    *,
    files: CarePlans,
    fields: TraitFields,
    start: date,
    today: date,
    now: datetime,
) -> PlanStatus:
    """Put a care plan in force from a day on, instead of the version of it that is; `files` has those of files, and `fields` what its
    conditions may ask for.

    Raises BadInput for a day that is over, for a condition that is never met and for a version that is stored with other content, Conflict when it is in
    force on that day already, when another plan is for one of its schemes, and when it shares a step with a plan whose
    steps are owed together with its own.
    """
    access.require(actor, Act.DECIDE_CARE)
    if start < today:
        raise BadInput(
            N_("--from %(start)s is over; today is %(today)s. Name today or a later day."),
            start=start,
            today=today,
        )
    for problem in file.plan.unmet(fields):
        raise BadInput(problem.msgid, **problem.values)
    with database.write(lock=LOCK) as session:
        version = _record(session, file, now)
        decided = plans.decisions(session)
        present = {held.plan: held for held in plans.in_force(decided, start)}
        if (held := present.get(file.plan.plan)) and held.care_plan_version_id == version.id:
            raise Conflict(N_("%(plan)s is in force on %(day)s already."), plan=file.label, day=start)
        _check_beside(session, files, file.plan, start)
        plans.decide(session, version, CarePlanState.APPROVED, start=start, actor=actor.name, at=now)
        actor.record(
            session,
            AuditAction.CARE_PLAN_APPROVED,
            ObjectKind.CARE_PLAN,
            file.label,
            before={"replaces": [_label(session, held)]} if held else None,
            after={"from": start, "sha256": version.sha256},
        )
        return PlanStatus(plan=file.plan, effective_from=start, by=actor.name, at=now)


def retire(database: Database, actor: Actor, name: str, *, today: date, now: datetime) -> CarePlan:
    """End an approved care plan from today on, with the versions of it that were still to come.

    What a file or the shipped plans have for its schemes is in force again. Raises NotFound for a plan that was not
    approved.
    """
    access.require(actor, Act.DECIDE_CARE)
    with database.write(lock=LOCK) as session:
        newest = approved_plan(session, name)
        version = session.get_one(CarePlanVersion, newest.care_plan_version_id)
        plans.decide(session, version, CarePlanState.RETIRED, start=today, actor=actor.name, at=now)
        label = f"{version.name}@{version.version}"
        actor.record(
            session,
            AuditAction.CARE_PLAN_RETIRED,
            ObjectKind.CARE_PLAN,
            label,
            after={"from": today, "sha256": version.sha256},
        )
        return parse_plan(version.content, label)


def approved_plan(session: Session, name: str) -> CarePlanDecision:
    """The newest approval of a plan that is in force or to come. Raises NotFound when there is none."""
    wanted, number = split(name)
    held = plans.approvals(plans.decisions(session))
    numbers = {row.id: row.version for row in plans.versions(session)}
    found = [one for one in held.get(wanted, []) if number in (None, numbers[one.care_plan_version_id])]
    if not found:
        raise NotFound(
            N_(
                "No care plan %(name)s was approved. Approved are: %(names)s. What is in force by a file ends with"
                " TIERBOT_CARE_PLAN, or when another one is approved for its schemes."
            ),
            name=name,
            names=", ".join(held) or "-",
        )
    return found[-1]


def listed(session: Session, actor: Actor, files: CarePlans, *, today: date) -> list[PlanStatus]:
    """The care plans in force in the order in which they are asked, then those to come."""
    access.require(actor, Act.DECIDE_CARE)
    decided = plans.decisions(session)
    present, coming = list[PlanStatus](), list[PlanStatus]()
    for _, approved in sorted(plans.approvals(decided).items()):
        for number, decision in enumerate(approved):
            following = approved[number + 1].effective_from if number + 1 < len(approved) else None
            if following is not None and following <= today:
                continue  # replaced
            version = session.get_one(CarePlanVersion, decision.care_plan_version_id)
            status = PlanStatus(
                plan=parse_plan(version.content, f"{version.name}@{version.version}"),
                effective_from=decision.effective_from,
                until=following,
                by=decision.actor,
                at=decision.at,
            )
            (present if decision.effective_from <= today else coming).append(status)
    in_files = with_files([status.plan for status in present], files).plans[len(present) :]
    return [*present, *(PlanStatus(plan=plan) for plan in in_files), *coming]


def find(session: Session, name: str) -> PlanFile:
    """A care plan by file, as one of those that are shipped, or `name@2` for a version that was approved.

    Raises NotFound when there is none, BadInput with every problem of a file.
    """
    wanted, number = split(name)
    shipped = {_id_in(path): path for path in FOLDER.glob("*.yaml")}
    path = Path(name) if Path(name).is_file() else shipped.get(name)
    if number is None and path is not None:
        return read(path)
    row = plans.find_version(session, wanted, number)
    if row is None:
        raise NotFound(
            N_("There is no care plan %(name)s: neither a file, nor one of the shipped %(shipped)s."),
            name=name,
            shipped=", ".join(sorted(shipped)),
        )
    label = f"{row.name}@{row.version}"
    return PlanFile(plan=parse_plan(row.content, label), text=row.content, source=label)


def _id_in(path: Path) -> str:
    """The id of a shipped plan, without reading the whole file."""
    found = re.search(r"^plan: *(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def read(path: Path) -> PlanFile:
    """A care plan file. Raises BadInput with every problem."""
    try:
        text = yaml_text.read(path)
    except UnicodeDecodeError:
        raise BadInput(N_("%(file)s is not UTF-8 text. Save it as UTF-8."), file=path.name) from None
    return PlanFile(plan=parse_plan(text, path.name), text=text, source=path.name)


def with_approved(session: Session, files: CarePlans, plan: CarePlan, start: date) -> CarePlans:
    """The care plans in force on a day as they would be with this one approved. Raises Conflict as `approve`."""
    _check_beside(session, files, plan, start)
    others = (one for one in in_force.approved(session, start) if one.plan != plan.plan)
    return with_files(sorted([plan, *others], key=lambda one: one.plan), files)


def as_if_approved(session: Session, actor: Actor, files: CarePlans, name: str, today: date) -> CarePlans:
    """The same for a plan by its name, for who decides about plans. Raises NotAllowed too."""
    access.require(actor, Act.DECIDE_CARE)
    return with_approved(session, files, find(session, name).plan, today)


def without(session: Session, files: CarePlans, name: str, today: date) -> CarePlans:
    """The care plans in force as they would be with this one retired. Raises NotFound as `retire`."""
    plan = approved_plan(session, name).plan
    return with_files([one for one in in_force.approved(session, today) if one.plan != plan], files)


def _record(session: Session, file: PlanFile, now: datetime) -> CarePlanVersion:
    """The plan's version, inserted if new. Raises BadInput when that version is stored with other content."""
    plan, sha256 = file.plan, _content_hash(file.text)
    known = plans.find_version(session, plan.plan, plan.version)
    if known is None:
        return plans.add_version(
            session, name=plan.plan, version=plan.version, sha256=sha256, content=file.text, at=now
        )
    if known.sha256 != sha256:
        newest = plans.find_version(session, plan.plan)
        raise BadInput(
            N_(
                "%(source)s: %(scheme)s version %(version)s is in use since %(day)s with other content, and a version"
                " in use never changes. Raise version: to %(next)s in the file."
            ),
            source=file.source,
            scheme=plan.plan,
            version=plan.version,
            day=known.created_at.date(),
            next=(newest.version if newest else plan.version) + 1,
        )
    return known


def _content_hash(text: str) -> str:
    """Of the values, so that a comment or a line break makes no other content."""
    return hashlib.sha256(
        json.dumps(yaml_text.load(text), ensure_ascii=False, default=str).encode()
    ).hexdigest()


def _check_beside(session: Session, files: CarePlans, plan: CarePlan, start: date) -> None:
    """Raise Conflict when a plan does not go together with those in force on a day or later."""
    own, others = _served(plan), list[CarePlan]()
    for name, approved in plans.approvals(plans.decisions(session)).items():
        if name == plan.plan:
            continue
        for decision in plans.lasting(approved, start):
            version = session.get_one(CarePlanVersion, decision.care_plan_version_id)
            other = parse_plan(version.content, _label(session, decision))
            others.append(other)
            if shared := own & _served(other):
                raise Conflict(
                    N_(
                        "%(other)s is approved for %(schemes)s already. Retire it first (tierbot care retire %(name)s),"
                        " or name other schemes in %(plan)s."
                    ),
                    other=_label(session, decision),
                    schemes=", ".join(sorted(shared)),
                    name=name,
                    plan=f"{plan.plan}@{plan.version}",
                )
    together = with_files([plan, *others], files)
    if plan.by == "tier":
        beside = (one for one in together.sources if one.by == "credit")
        together = CarePlans((plan, *beside))
    for problem in together.shared_steps():
        raise Conflict(N_("%(problem)s."), problem=problem)


def _served(plan: CarePlan) -> set[str]:
    """The schemes whose tiers are its own, `*` for every scheme, `credit` for the credit grades."""
    return {"credit"} if plan.by == "credit" else {*plan.schemes} or {"*"}


def _label(session: Session, decision: CarePlanDecision) -> str:
    version = session.get_one(CarePlanVersion, decision.care_plan_version_id)
    return f"{version.name}@{version.version}"
