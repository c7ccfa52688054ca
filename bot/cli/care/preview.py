"""`care preview`: what will be due in the next days, and what another plan would change."""

from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import AsJson, _, acts, named_actor, opened, print_json, progress_bar
from bot.cli.output import care_preview
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import versions
from bot.services.care.plan import CarePlans
from bot.services.care.views import due_list
from bot.services.care.views import preview as previews
from bot.services.care.views.preview import Preview


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
            access.require(actor, Act.DECIDE_CARE)
            with bot.database.read() as session:
                file = versions.find(session, plan)
                instead = versions.with_approved(session, bot.file_rules.plans, file.plan, bot.today())
        found = preview_of(bot, actor, days=days, instead=instead, team=team, owner=owner)
    if as_json:
        print_json(care_preview.as_json(found))
        return
    if found.changes is not None:
        care_preview.show_changes(found)
    care_preview.show_days(found)


def preview_of(
    bot: Tierbot,
    actor: Actor,
    *,
    days: int,
    instead: CarePlans | None,
    team: str | None = None,
    owner: str | None = None,
) -> Preview:
    """A preview of the customers that the actor may see."""
    with bot.database.read() as session:
        owners = due_list.owners(session, actor, team=team, owner=owner)
    now = bot.clock.now()
    with progress_bar(_("Computing what will be due")) as progress:
        return previews.preview(
            bot.database,
            bot.rules,
            owners=owners,
            days=days,
            today=bot.today(now),
            now=now,
            instead=instead,
            progress=progress,
        )
