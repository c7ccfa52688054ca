"""Whether the care plans fit the schemes: tiers that none names, tiers and gates that no scheme has, days that nobody knows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import structlog
from sqlmodel import Session

from bot.errors import N_, BotError, Phrase
from bot.services.care import occasions
from bot.services.care.conditions import ANY
from bot.services.care.holiday import Holiday
from bot.services.care.plan import DEFAULT, CarePlan, Greeting
from bot.services.care.plan_file import FOLDER, SHIPPED, shipped_plans
from bot.services.care.plan_versions import in_force as plan_versions
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.ops.storage import Finding
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from bot.services.traits.fields import TraitFields
from db.engine import Database
from db.graded.runs import Purpose
from grading.scheme.model import NEW, UNRATED, WORDS_FOR_NO_TIER, Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme

log = structlog.get_logger()

YEARS = 6  # in which a holiday must have a day: this one and the next five


@dataclass(frozen=True, kw_only=True)
class UnplannedTiers:
    """Tiers of a scheme that no care plan names, and the shipped plan to copy for them."""

    scheme: str
    tiers: tuple[str, ...]
    copy: Path
    fall_to_default: bool  # whether they have the steps of `default` meanwhile, else none
    by_approval: bool = False  # whether the firm approves its plans: a file would come after those

    @property
    def names(self) -> str:
        return ", ".join(self.tiers)

    @property
    def remedy(self) -> Phrase:
        msgid = N_(
            "copy %(file)s, give the copy another id and `schemes: [%(scheme)s]`, and name it, or a folder with it, in"
            " TIERBOT_CARE_PLAN"
        )
        if self.by_approval:
            msgid = N_(
                "copy %(file)s, give the copy another id and `schemes: [%(scheme)s]`, and put it in force: tierbot care"
                " approve COPY"
            )
        return Phrase(msgid, file=self.copy, scheme=self.scheme)


@dataclass(frozen=True, kw_only=True)
class CareOfDay:
    """The care plans and the schemes that are in force from a day on."""

    day: date
    plans: CarePlans
    schemes: Sequence[Scheme] = ()
    approved: tuple[CarePlan, ...] = ()  # those of the plans that are not of files


def in_force(session: Session, today: date) -> list[Scheme]:
    """The schemes that are in force, whatever they grade."""
    scheme_cache = SchemeCache()
    return [rule.scheme for one in Purpose for rule in store.rules_on(session, scheme_cache, one, today)]


def care_of_days(session: Session, files: CarePlans, today: date) -> list[CareOfDay]:
    """Care of today and of each day to come on which an approved plan begins. Raises SeveralProblems for a broken one."""
    days = [today, *plan_versions.days_to_come(session, today)]
    return [care_of_day(session, files, day) for day in days]


def care_of_day(session: Session, files: CarePlans, day: date) -> CareOfDay:
    """The approved plans of a day, those of files, and the schemes. Raises SeveralProblems for a broken plan."""
    approved = plan_versions.approved(session, day)
    present = plan_versions.with_files(approved, files)
    return CareOfDay(day=day, plans=present, schemes=in_force(session, day), approved=approved)


def unplanned(
    plans: CarePlans, schemes: Iterable[Scheme], *, by_approval: bool = False
) -> list[UnplannedTiers]:
    """What of some schemes no plan names; `default` does not count."""
    found = []
    for scheme in schemes:
        planned = _planned(plans, scheme)
        tiers = tuple(tier.id for tier in scheme.tiers if tier.id not in planned)
        if tiers:
            found.append(
                UnplannedTiers(
                    scheme=scheme.scheme,
                    tiers=tiers,
                    copy=_like(scheme),
                    fall_to_default=DEFAULT in planned,
                    by_approval=by_approval,
                )
            )
    return found


def problems(days: Sequence[CareOfDay], fields: TraitFields | None = None) -> list[Phrase]:
    """What must be solved today, and what else from later days on; `fields` are None where they cannot be read."""
    found: dict[Phrase, Phrase] = {}
    for care in days:
        for problem in _problems(care, days[0].day, fields):
            later = Phrase(N_("From %(day)s on: %(problem)s"), day=care.day, problem=problem)
            found.setdefault(problem, problem if care is days[0] else later)
    return list(found.values())


def _problems(care: CareOfDay, today: date, fields: TraitFields | None) -> list[Phrase]:
    """Tiers in force without a plan, steps that two plans share, occasions without a date, conditions never met."""
    gaps = [
        Phrase(
            N_("Scheme %(scheme)s: no care plan names %(tiers)s (`default` does not count); %(remedy)s."),
            scheme=gap.scheme,
            tiers=gap.names,
            remedy=gap.remedy,
        )
        for gap in _gaps(care)
    ]
    unmet = [] if fields is None else [one for plan in care.plans.plans for one in plan.unmet(fields)]
    return [*gaps, *care.plans.shared_steps(), *_undated(care.plans, today), *unmet]


def _gaps(care: CareOfDay) -> list[UnplannedTiers]:
    return unplanned(care.plans, care.schemes, by_approval=bool(care.approved))


def notices(own: Mapping[Path, CarePlan], care: CareOfDay, schemes_dir: Path | None) -> list[Phrase]:
    """What is worth knowing: drafts without a plan, and what of the firm's plans nobody is owed."""
    drafts, plans, schemes = _drafts(schemes_dir), care.plans, care.schemes
    found = [
        Phrase(N_("%(file)s: the care plan has nothing for %(tiers)s."), file=name, tiers=gap.names)
        for name, scheme in drafts.items()
        for gap in unplanned(plans, [scheme])
        if not gap.fall_to_default
    ]
    for scheme in schemes:
        planned = _planned(plans, scheme)
        missing = [word for word in _words(scheme) if word not in planned and DEFAULT not in planned]
        if missing and scheme.credit_limit is None:
            found.append(
                Phrase(
                    N_("Scheme %(scheme)s: customers that are %(words)s have no care steps."),
                    scheme=scheme.scheme,
                    words=", ".join(missing),
                )
            )
    known = {scheme.scheme: scheme for scheme in (*_presets(), *drafts.values(), *schemes)}
    named = {path.name: plan for path, plan in own.items() if plan in plans.sources}
    named |= {f"{plan.plan}@{plan.version}": plan for plan in care.approved}
    for name, plan in named.items():
        found += _foreign(name, plan, [*drafts.values(), *schemes], known)
    return found


def findings(care: CareOfDay) -> Iterator[Finding]:
    """The tiers in force without a plan, for doctor."""
    for gap in _gaps(care):
        found = N_("no care plan names %(tiers)s of scheme %(scheme)s, so nobody is reminded of them")
        if gap.fall_to_default:
            found = N_("no care plan names %(tiers)s of scheme %(scheme)s: they have the steps of `default`")
        yield Finding("note", "care", Phrase(found, tiers=gap.names, scheme=gap.scheme), gap.remedy)


def warn(database: Database, plans: CarePlans, today: date) -> None:
    """Log the tiers in force without a plan: a bot that worked before starts all the same."""
    with database.read() as session:
        schemes = in_force(session, today)
    for gap in unplanned(plans, schemes):
        log.warning("care.tiers_without_plan", scheme=gap.scheme, tiers=gap.names, copy=str(gap.copy))


def _planned(plans: CarePlans, scheme: Scheme) -> Collection[str]:
    """The tiers that the plan of a scheme names."""
    plan = plans.by_credit if scheme.credit_limit is not None else plans.of_scheme(scheme.scheme)
    return plan.tiers if plan else ()


def _words(scheme: Scheme) -> list[str]:
    return [NEW, UNRATED] if scheme.min_history_months else [UNRATED]


def _like(scheme: Scheme) -> Path:
    """The shipped plan for the preset that has the tiers of a scheme, else the general one."""
    tiers = {tier.id for tier in scheme.tiers}
    by = "tier" if scheme.credit_limit is None else "credit"
    fitting = [
        one.plan for one in shipped_plans() if one.by == by and one.schemes and tiers <= set(one.read().tiers)
    ]
    if not fitting:
        return SHIPPED
    return FOLDER / f"{scheme.scheme if scheme.scheme in fitting else fitting[0]}.yaml"


def _undated(plans: CarePlans, today: date) -> Iterator[Phrase]:
    greetings = [step for plan in plans.plans for step in plan.all_steps if isinstance(step, Greeting)]
    named = [*dict.fromkeys(chain.from_iterable(step.occasions for step in greetings))]
    yield from occasions.undated([one for one in named if isinstance(one, str)], today)
    for one in named:
        if not isinstance(one, Holiday):
            continue
        if one.refusal is not None:
            yield Phrase(
                N_("holiday %(holiday)s: %(problem)s"), holiday=repr(one.holiday), problem=one.refusal
            )
        elif years := one.years_without(range(today.year, today.year + YEARS)):
            yield Phrase(
                N_(
                    "holiday %(holiday)s of %(country)s has no date in %(years)s, so nobody would be greeted; name it by an"
                    " id instead, such as spring_festival"
                ),
                holiday=repr(one.holiday),
                country=one.country,
                years=", ".join(map(str, years)),
            )


def _foreign(
    file: str, plan: CarePlan, used: Sequence[Scheme], known: Mapping[str, Scheme]
) -> Iterator[Phrase]:
    """What a plan names and none of its schemes has; a plan for every scheme is compared with those in use."""
    schemes = [known[name] for name in plan.schemes if name in known] if plan.schemes else used
    for name in plan.schemes:
        if name not in known:
            yield Phrase(N_("%(file)s: there is no scheme %(scheme)s."), file=file, scheme=repr(name))
    if not schemes:
        return
    conditions = [also.when for also in plan.also]
    tiers = {tier.id for scheme in schemes for tier in scheme.tiers}
    named = dict.fromkeys([*plan.tiers, *chain.from_iterable(when.tier for when in conditions)])
    if strange := [tier for tier in named if tier not in (*tiers, *WORDS_FOR_NO_TIER, DEFAULT)]:
        yield Phrase(
            N_("%(file)s: no scheme in use has the tiers %(tiers)s."), file=file, tiers=", ".join(strange)
        )
    gates = {gate.id for scheme in schemes for gate in scheme.gates}
    risks = dict.fromkeys(chain.from_iterable(when.risk for when in conditions))
    if strange := [risk for risk in risks if risk not in (*gates, ANY)]:
        yield Phrase(
            N_("%(file)s: no scheme in use has the gates %(gates)s, which it names as risks."),
            file=file,
            gates=", ".join(strange),
        )


def _presets() -> list[Scheme]:
    return [parse_scheme(preset_text(name), source=name) for name in preset_names()]


def _drafts(schemes_dir: Path | None) -> dict[str, Scheme]:
    """The firm's scheme files that can be read, by file name."""
    found = {}
    for path in store.own_schemes(schemes_dir):
        try:
            found[path.name] = store.find(str(path), None).scheme
        except BotError:
            continue  # its problems are among those of the schemes
    return found
