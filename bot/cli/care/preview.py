"""`care preview`: what will be due in the next days, and what another plan would change."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, acts, named_actor, opened, print_json
from bot.cli.output import care_preview
from bot.services.care.plan_versions import lifecycle


@acts
def show_preview(
    days: Annotated[int, typer.Option(min=0, max=400, help="How many days from today on.")] = 30,
    plan: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN",
            help="What a file, a shipped plan or standard@2 would change, if it were in force.",
        ),
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="TEAM", help="Only customers of this team.")] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only customers of this account manager.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What will be due day by day, and what another plan would add, move and drop. Nothing is changed."""
    with opened() as bot:
        actor = named_actor(bot)
        instead = None
        if plan is not None:
            with bot.database.read() as session:
                files = bot.file_rules.plans
                instead = lifecycle.as_if_approved(session, actor, files, plan, bot.today())
        found = care_preview.preview_of(bot, actor, days=days, instead=instead, team=team, owner=owner)
        if as_json:
            print_json(care_preview.as_json(found))
            return
        if found.changes is not None:
            care_preview.show_changes(found)
        if instead is not None:
            care_preview.show_gaps(bot, instead)
    care_preview.show_days(found)
