"""`care list`: the due and coming steps, the worst first."""

from typing import Annotated

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    named_actor,
    opened,
    print_records,
    print_table,
    say,
)
from bot.cli.output.care_plan import titled
from bot.cli.output.personal import record_list
from bot.cli.output.presentation import local_name
from bot.cli.output.recorded import Limit, say_rest
from bot.cli.output.vocabulary import tier_word, word
from bot.services.care import planning_pass
from bot.services.care.views import due_list
from bot.services.care.views.due_list import DueQuery
from bot.services.traits import search


@acts
def list_steps(
    team: Annotated[str | None, typer.Option(metavar="TEAM", help="Only customers of this team.")] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only customers of this account manager.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="FIELD=VALUE", help="Only customers with this in their customer profile."),
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only steps that are over their limit.")] = False,
    days: Annotated[
        int, typer.Option(min=0, max=400, help="Also steps that are due within so many days.")
    ] = 14,
    limit: Limit = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Due and coming care steps: of which customer, until when, and who does them; the longest over its limit on top."""
    with opened() as bot:
        actor = named_actor(bot)
        asked = search.wanted(bot.rules.traits, profile) if profile is not None else None
        query = DueQuery(days=days, overdue=overdue, team=team, owner=owner, wanted_trait=asked, most=limit)
        plans = bot.rules.plans
        with bot.database.read() as session:
            found = due_list.due_steps(session, actor, plans, query, bot.today())
            is_planned = planning_pass.has_planned(session)
        record_list(bot, actor, "care list", len({step.customer_id for step in found.steps}))
    if as_json or as_csv:
        print_records(
            [vars(step) | {"names": local_name(step.names)} for step in found.steps],
            as_csv,
        )
        return
    if not found.steps:
        nothing = _("No care step is due.")
        say(
            nothing
            if is_planned
            else _("No care was planned yet. A running Tierbot plans it, or `tierbot tick`.")
        )
        return
    print_table(
        [
            _("code"),
            _("name"),
            _("tier"),
            _("step"),
            _("due on"),
            _("latest day"),
            _("days over"),
            _("done by"),
            _("state"),
        ],
        [
            [
                step.code,
                step.customer,
                tier_word(step.tier),
                titled(
                    local_name(step.names),
                    step.occasion,
                    plans.step(step.plan, step.tier, step.step),
                    step.person,
                ),
                step.due_on,
                step.latest_on,
                step.days_over or None,
                word("doer", step.who),
                word("touch", step.state),
            ]
            for step in found.steps
        ],
    )
    say_rest(len(found.steps), found.total)
