"""`care capacity`: the hours that care plans owe, against the hours that people have for care."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, acts, named_actor, opened, print_json
from bot.cli.output import care_capacity
from bot.services.care.plan_versions import lifecycle
from bot.services.care.views.capacity import WEEKS


@acts
def show_capacity(
    plan: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN", help="What a file, a shipped plan or standard@2 would mean, if it were in force."
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only the hours of this person.")
    ] = None,
    team: Annotated[
        str | None, typer.Option(metavar="TEAM", help="Only the hours of this team and its lead.")
    ] = None,
    weeks: Annotated[int, typer.Option(min=0, max=52, help="How many weeks after the present one.")] = WEEKS,
    as_json: AsJson = False,
) -> None:
    """Hours of care that are owed per person and week, who has too few, and what would have to give."""
    with opened() as bot:
        actor = named_actor(bot)
        instead = None
        if plan is not None:
            with bot.database.read() as session:
                files = bot.file_rules.plans
                instead = lifecycle.as_if_approved(session, actor, files, plan, bot.today())
        found = care_capacity.capacity_of(bot, actor, weeks=weeks, instead=instead, person=person, team=team)
    if as_json:
        print_json(care_capacity.as_json(found))
        return
    care_capacity.show(found)
