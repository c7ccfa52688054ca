"""`care plan`, `care approve`, `care retire`: the care plans in force, and who decides about them."""

from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsJson,
    _,
    acts,
    listed,
    named_actor,
    opened,
    print_json,
    print_table,
    say,
    to_day,
)
from bot.cli.output import care_capacity, care_plan, care_preview
from bot.cli.output.presentation import local_name
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions import lifecycle
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.plan_versions.lifecycle import PlanStatus

Name = Annotated[str, typer.Argument(help="A file, a shipped plan, or an approved version, as standard@2.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@acts
def show_plans(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN", help="A plan in force, a file, a shipped plan or standard@2; none: all in force."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The care plans in force with their schemes and versions; of one plan its steps in words."""
    with opened() as bot:
        actor = _decider(bot)
        if name is not None:
            _show_plan(_plan_named(bot, name), as_json)
            return
        with bot.database.read() as session:
            found = lifecycle.listed(session, actor, bot.file_rules.plans, today=bot.today())
    if as_json:
        print_json([_as_json(status) for status in found])
        return
    print_table(
        [_("plan"), _("version"), _("schemes"), _("tiers"), _("in force from"), _("until"), _("by")],
        [
            [
                status.plan.plan,
                status.plan.version,
                listed(status.plan.schemes) or _("every scheme"),
                listed(map(care_plan.tier_label, status.plan.tiers)),
                status.effective_from,
                status.until,
                status.by or _("file"),
            ]
            for status in found
        ],
    )


@acts
def approve_plan(
    name: Name,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="The first day it is in force; without it, today."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a care plan in force from a day on: first see what it would change, and the hours that it means."""
    with opened() as bot:
        actor, now = _decider(bot), bot.clock.now()
        today, files = bot.today(now), bot.file_rules.plans
        first = to_day(start) if start else today
        with bot.database.read() as session:
            file = lifecycle.find(session, name)
            instead = lifecycle.with_approved(session, files, file.plan, first)
        if not as_json:
            _show_changes(bot, actor, instead)
            care_capacity.say_difference(care_capacity.capacity_of(bot, actor, instead=instead))
        if not yes:
            typer.confirm(_("Put it in force?"), abort=True)
        status = lifecycle.approve(
            bot.database, actor, file, files=files, fields=bot.rules.traits, start=first, today=today, now=now
        )
    if as_json:
        print_json(_as_json(status))
        return
    say(
        _(
            "%(plan)s is in force from %(day)s on, approved by %(who)s.",
            plan=status.label,
            day=status.effective_from,
            who=status.by,
        )
    )


@acts
def retire_plan(
    name: Annotated[
        str, typer.Argument(metavar="PLAN", help="One that was approved, as standard or standard@2.")
    ],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End an approved care plan from today on; what files or the shipped plans have is in force again."""
    with opened() as bot:
        actor, now = _decider(bot), bot.clock.now()
        with bot.database.read() as session:
            instead = lifecycle.without(session, bot.file_rules.plans, name, bot.today(now))
        if not as_json:
            _show_changes(bot, actor, instead)
        if not yes:
            typer.confirm(_("Retire it?"), abort=True)
        plan = lifecycle.retire(bot.database, actor, name, today=bot.today(now), now=now)
    if as_json:
        print_json({"plan": plan.plan, "version": plan.version, "state": "retired"})
        return
    say(_("%(scheme)s is retired.", scheme=f"{plan.plan}@{plan.version}"))


def _show_changes(bot: Tierbot, actor: Actor, instead: CarePlans) -> None:
    care_preview.show_changes(care_preview.preview_of(bot, actor, days=0, instead=instead))
    care_preview.show_gaps(bot, instead)


def _plan_named(bot: Tierbot, name: str) -> CarePlan:
    present = bot.rules.plans.plans
    found = next((plan for plan in present if plan.plan == name), None)
    if found is not None:
        return found
    with bot.database.read() as session:
        return lifecycle.find(session, name).plan


def _decider(bot: Tierbot) -> Actor:
    """Who runs the command, if they may decide about care plans."""
    actor = named_actor(bot)
    access.require(actor, Act.DECIDE_CARE)
    return actor


def _show_plan(plan: CarePlan, as_json: bool) -> None:
    if as_json:
        print_json(plan.model_dump(mode="json"))
        return
    say(
        _(
            "%(name)s version %(version)s, for the tiers of: %(schemes)s",
            name=local_name(plan.name) if plan.name else plan.plan,
            version=plan.version,
            schemes=listed(plan.schemes) or _("every scheme"),
        )
    )
    say(_("Due steps shown to one person in one morning, at most: %(count)s.", count=plan.at_most_per_day))
    titles = [_("for"), _("step"), _("what"), _("when"), _("done by"), _("overdue, it reaches")]
    print_table(titles, care_plan.rows(plan))


def _as_json(status: PlanStatus) -> dict[str, Any]:
    plan = status.plan
    return {
        "plan": plan.plan,
        "version": plan.version,
        "schemes": plan.schemes,
        "tiers": list(plan.tiers),
        "effective_from": status.effective_from,
        "until": status.until,
        "by": status.by,
        "at": status.at,
    }
