"""Care plans in words: their steps, when each is due, who does it, and whom it reaches when it stays open."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.cli.console import _, in_language, is_chinese, listed
from bot.cli.output.presentation import local_name
from bot.cli.output.vocabulary import word
from bot.errors import Phrase, ngettext
from bot.services.care.birthdays import person_of
from bot.services.care.conditions import PROFILE, Traits
from bot.services.care.holiday import Holiday
from bot.services.care.occasions import OCCASIONS
from bot.services.care.plan import (
    DEFAULT,
    Anniversary,
    BirthdayStep,
    CarePlan,
    Escalation,
    FollowUp,
    Greeting,
    LowScoreStep,
    Once,
    Revisit,
    Step,
)


def days(count: int) -> Phrase:
    return ngettext("%(count)s day", "%(count)s days", count)


def step_name(step: Step) -> str:
    return local_name(step.name)


def occasion_name(occasion: str, step: Step | None = None) -> str:
    """The name of an occasion by its id; `step` may describe a holiday of its own."""
    own = step.occasion(occasion) if isinstance(step, Greeting) else None
    known = own or OCCASIONS.get(occasion)
    return local_name(known.name) if known else occasion


def titled(name: str, occasion: str, step: Step | None = None, person: str | None = None) -> str:
    """The name of a step, with that of the occasion of a greeting, or of the person whose birthday it is."""
    if person_of(occasion) is not None:
        return f"{name} ({person})" if person else name
    return f"{name} ({occasion_name(occasion, step)})" if occasion else name


def kinds(names: Iterable[str]) -> str:
    """Kinds of contacts in a row."""
    return listed(word("contact", name) for name in names)


def when(step: Step) -> str:
    """The rule by which a step is due."""
    if isinstance(step, Revisit):
        return _(
            "%(days)s after the last contact (%(kinds)s), at the latest after %(most)s",
            days=days(step.every_days),
            kinds=kinds(step.counts),
            most=days(step.at_most_days),
        )
    if isinstance(step, FollowUp):
        return _(
            "%(days)s after each contact (%(kinds)s), within %(most)s",
            days=days(step.after_days),
            kinds=kinds(step.after),
            most=days(step.within_days),
        )
    if isinstance(step, Greeting):
        return _(
            "%(days)s before: %(occasions)s",
            days=days(step.days_before),
            occasions=listed(
                local_name(one.name) if isinstance(one, Holiday) else occasion_name(one)
                for one in step.occasions
            ),
        )
    if isinstance(step, Anniversary):
        return _(
            "each year, %(days)s before the day in %(field)s, at the latest %(most)s after it",
            days=days(step.days_before),
            field=step.of,
            most=days(step.within_days),
        )
    if isinstance(step, BirthdayStep):
        if not step.days_before:
            return _("on the birthday of each contact person who wants it")
        return _(
            "%(days)s before the birthday of each contact person who wants it", days=days(step.days_before)
        )
    if isinstance(step, LowScoreStep):
        return _("when a survey score is low, until the day that its tier has for it")
    return _once(step)


def _once(step: Once) -> str:
    return _(
        "once, %(days)s after it is owed, within %(most)s",
        days=days(step.after_days),
        most=days(step.within_days),
    )


def reaches(escalation: Escalation) -> str:
    """Whom a step reaches when it stays open after its limit."""
    found = []
    if escalation.manager_days is not None:
        found.append(_("the manager after %(days)s", days=days(escalation.manager_days)))
    if escalation.group_days is not None:
        found.append(_("the emergency group after %(days)s", days=days(escalation.group_days)))
    return listed(found) if found else _("nobody else")


def traits(when: Traits) -> str:
    """The conditions of an `also` block."""
    return "; ".join(
        f"{_trait_name(name)}: {listed(_trait_value(name, value) for value in values)}"
        for name, values in when.given.items()
    )


def _trait_name(condition: str) -> str:
    """The name of a condition; of one on the customer profile with its field."""
    if condition.startswith(PROFILE):
        return f"{word('trait', 'profile')} {condition.removeprefix(PROFILE)}"
    return word("trait", condition)


def _trait_value(trait: str, value: str) -> str:
    """A value of a condition in words; the ids of a scheme as they are."""
    if trait == "lifecycle":
        return word("lifecycle", value)
    if trait == "tier":
        return word("tier", value)
    names: Mapping[str, Mapping[str, str]] = {}
    if trait == "quadrant":
        from grading.views.value_matrix import CELLS  # pandas

        names = CELLS
    elif trait == "rfm":
        from grading.views.rfm import CLASSES, SEGMENTS  # pandas

        names = {**CLASSES, **SEGMENTS}
    return names[value]["zh" if is_chinese() else "en"] if value in names else value


def tier_label(tier: str) -> str:
    return _("any other tier") if tier == DEFAULT else word("tier", tier)


def rows(plan: CarePlan) -> Iterator[Sequence[Any]]:
    """One row for each step of a plan: those of its tiers, then those for customers with some traits."""
    for tier, care in plan.tiers.items():
        for step in care.steps:
            yield [tier_label(tier), *_cells(step, plan.escalation_of(tier, step))]
    for also in plan.also:
        whom = traits(also.when)
        for step in also.steps:
            shown = _("%(whom)s, instead of those of the tier", whom=whom) if also.only else whom
            yield [shown, *_cells(step, step.escalation or plan.escalation)]


def _cells(step: Step, escalation: Escalation) -> list[Any]:
    what = word("contact", step.what) if step.what else word("step", step.kind)
    who = word("doer", step.who)
    return [
        step_name(step),
        in_language(what),
        when(step),
        who,
        "" if isinstance(step, Greeting | BirthdayStep) else reaches(escalation),
    ]
