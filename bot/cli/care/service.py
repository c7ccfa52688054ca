"""`care service`: what tiers are promised, and how much of it was owed, in time, late and missed."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

import typer

from bot.cli.console import AsCsv, AsJson, _, acts, named_actor, opened, print_records, say, to_day
from bot.cli.output import care_service
from bot.cli.output.personal import record_list
from bot.services.ask import lookup
from bot.services.care.service import promised, report
from bot.services.care.service.report import GroupedBy, ServiceQuery

DAY = timedelta(days=1)


@acts
def show_service(
    name: Annotated[
        str | None, typer.Argument(help="The customer's code or name, written in full; without it, all.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(metavar="TIER", help="Only what customers in this tier were owed.")
    ] = None,
    team: Annotated[
        str | None, typer.Option(metavar="TEAM", help="Only what was owed while this team owned them.")
    ] = None,
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what was owed while this person owned them.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="The first day; without it, the first of January."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="The last day; without it, yesterday.")
    ] = None,
    by: Annotated[GroupedBy, typer.Option(help="What each row is for.")] = GroupedBy.TIER,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many rows, at most.")] = 200,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """What tiers are promised and was owed: visits, calls, trainings, reviews, surveys, answers to complaints."""
    with opened() as bot:
        actor, today = named_actor(bot), bot.today()
        last = to_day(end) if end is not None else max(today - DAY, to_day(start) if start else date.min)
        query = ServiceQuery(
            start=to_day(start) if start is not None else last.replace(month=1, day=1),
            end=last,
            by=by,
            customer_id=lookup.one(bot.database, actor, name) if name is not None else None,
            tier=tier,
            team=team,
            person=person,
        )
        with bot.database.read() as session:
            rows = report.report(session, actor, bot.scheme_cache, query, today)
            promise = query.customer_id and promised.promise_to(session, bot.scheme_cache, query.customer_id)
        if by == GroupedBy.CUSTOMER:
            record_list(bot, actor, "care service", len({row.code for row in rows[:limit]}))
        if as_json or as_csv:
            print_records([asdict(row) for row in rows[:limit]], as_csv)
            return
        if query.customer_id is not None:
            care_service.say_promise(bot, promise or None)
    if not rows:
        say(_("Nothing was owed from %(start)s to %(end)s.", start=query.start, end=query.end))
        return
    care_service.show(rows[:limit], by, query.start, query.end)
    if len(rows) > limit:
        say(_("There are more rows; --limit shows them."))
