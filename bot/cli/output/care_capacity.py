"""What the capacity of people prints: hours owed and there, who is over in which weeks, and what would have to give."""

from collections.abc import Iterable
from typing import Any

from bot.app import Tierbot
from bot.cli.console import _, customers, listed, print_table, progress_bar, say
from bot.cli.output.presentation import local_name
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import Phrase, ngettext
from bot.services.access import Actor
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.views import capacity as capacities
from bot.services.care.views.capacity import WEEKS, Capacity, PersonLoad, StepOfTier, Workload
from bot.services.care.views.hours_there import whose_hours


def capacity_of(
    bot: Tierbot,
    actor: Actor,
    *,
    weeks: int = WEEKS,
    instead: CarePlans | None = None,
    person: str | None = None,
    team: str | None = None,
) -> Capacity:
    """The capacity of the people whose hours the actor may see."""
    now = bot.clock.now()
    with bot.database.read() as session:
        persons = whose_hours(session, actor, team=team, person=person)
        book = bot.scheme_cache.tier_names(session)
    with progress_bar(_("Adding up the hours")) as progress:
        return capacities.capacity(
            bot.database,
            bot.rules,
            book,
            persons=persons,
            share=bot.settings.care_share,
            today=bot.today(now),
            now=now,
            weeks=weeks,
            instead=instead,
            progress=progress,
        )


def show(found: Capacity) -> None:
    """All of it."""
    if found.instead is not None:
        _show_steps(found, found.instead)
        say_difference(found)
    if not found.people:
        say(_("No care is owed until %(day)s.", day=found.until))
        return
    say(
        _(
            "Care of %(customers)s until %(day)s, each step done on the day on which it is due. The hours there are"
            " %(share)s per cent of the working time (%(setting)s).",
            customers=customers(found.customers),
            day=found.until,
            share=found.share,
            setting="TIERBOT_CARE_SHARE",
        )
    )
    print_table(
        [
            _("done by"),
            _("owed this week"),
            _("hours this week"),
            _("owed in all weeks"),
            _("hours in all weeks"),
            _("over in the weeks from"),
        ],
        [
            [
                _name(one),
                _hours(one.owes[0]),
                one.has and _hours(one.has[0]),
                _hours(sum(one.owes)),
                one.has and _hours(sum(one.has)),
                listed(
                    f"{found.weeks[week]} (+{_hours(minutes)})"
                    for week, minutes in one.over(one.owes).items()
                ),
            ]
            for one in found.people
        ],
    )
    _show_given_up(found)


def say_difference(found: Capacity) -> None:
    """What the plans instead mean, before and after, and who would be over their hours."""
    instead = found.instead or found.present
    say(
        _(
            "Until %(day)s it means %(steps)s and %(hours)s hours; without it, %(before)s and %(hours_before)s hours.",
            day=found.until,
            steps=_steps(instead.count),
            hours=_hours(instead.total),
            before=_steps(found.present.count),
            hours_before=_hours(found.present.total),
        )
    )
    over = [
        _(
            "%(name)s in %(weeks)s (now in %(before)s)",
            name=one.name,
            weeks=_weeks(len(one.over(one.owes))),
            before=_weeks(len(one.over(one.before))),
        )
        for one in found.people
        if one.over(one.owes)
    ]
    if over:
        say(_("Over their hours would be: %(people)s.", people=listed(over)))
    else:
        say(_("Nobody would be over their hours."))


def as_json(found: Capacity) -> dict[str, Any]:
    """For scripts: minutes throughout."""
    shown: dict[str, Any] = {
        "customers": found.customers,
        "share": found.share,
        "weeks": found.weeks,
        "steps": _steps_json(found.present),
        "people": [_person_json(found, one) for one in found.people],
    }
    if found.instead is not None:
        shown["steps_instead"] = _steps_json(found.instead)
    return shown


def _steps_json(load: Workload) -> list[dict[str, Any]]:
    return [
        of._asdict() | {"count": step.count, "minutes": step.minutes} for of, step in _ordered(load.steps)
    ]


def _person_json(found: Capacity, one: PersonLoad) -> dict[str, Any]:
    before = {} if found.instead is None else {"owes_now": one.before}
    return {
        "person": one.person_id,
        "name": one.name,
        "has": one.has,
        "owes": one.owes,
        **before,
        "over": {str(found.weeks[week]): minutes for week, minutes in one.over(one.owes).items()},
        "would_have_to_give": [
            {"week": found.weeks[week], **given.of._asdict(), "count": given.count, "minutes": given.minutes}
            for week, steps in one.given_up.items()
            for given in steps
        ],
    }


def _show_steps(found: Capacity, instead: Workload) -> None:
    """Steps and hours by tier and step, now and with the other plan."""
    names = {of: step.names for load in (found.present, instead) for of, step in load.steps.items()}
    print_table(
        [_("plan"), _("tier"), _("step"), _("steps now"), _("hours now"), _("steps then"), _("hours then")],
        [
            [
                of.plan,
                tier_word(of.tier),
                local_name(name),
                *_sums(found.present, of),
                *_sums(instead, of),
            ]
            for of, name in _ordered(names)
        ],
    )


def _sums(load: Workload, of: StepOfTier) -> list[str | None]:
    step = load.steps.get(of)
    return [None, None] if step is None else [f"{step.count:,}", _hours(step.minutes)]


def _show_given_up(found: Capacity) -> None:
    rows: list[list[Any]] = [
        [
            found.weeks[week],
            _name(one),
            tier_word(given.of.tier),
            local_name(given.names),
            f"{given.count:,}",
            _hours(given.minutes),
        ]
        for one in found.people
        for week, steps in one.given_up.items()
        for given in steps
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row[0], str(row[1])))
    say(
        _(
            "What would have to give, so that the rest fits: the least important steps, as the digest ranks them. This is a"
            " proposal; nothing is changed."
        )
    )
    print_table(
        [_("week from"), _("done by"), _("tier"), _("step"), _("times"), _("hours")],
        rows,
    )


def _ordered(of: Any) -> Iterable[tuple[StepOfTier, Any]]:
    return sorted(of.items(), key=lambda one: (one[0].plan or "", one[0].tier, one[0].step))


def _name(one: PersonLoad) -> str:
    return one.name if one.person_id is not None else word("doer", one.name)


def _hours(minutes: int) -> str:
    return f"{minutes / 60:,.1f}"


def _steps(count: int) -> Phrase:
    return ngettext("%(count)s step", "%(count)s steps", count)


def _weeks(count: int) -> Phrase:
    return ngettext("%(count)s week", "%(count)s weeks", count)
