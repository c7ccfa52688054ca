"""`care weekly`: what became of care in a week, as managers are told of it."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.cli.console import AsJson, acts, named_actor, opened, print_json, to_day
from bot.cli.output import care_weekly
from bot.cli.output.personal import record_list
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.weekly.listing import WeekQuery, week_of
from bot.services.care.weekly.period import CareWeek, WeeklyOptions


@acts
def show_week(
    week: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="A day of the week; by default the last week that is over."),
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="TEAM", help="Only the customers of this team.")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what this person has to do.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="How many rows of each kind, at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Steps kept, late, skipped and reported, customers nobody attends to and complaints: by person and tier."""
    with opened() as bot:
        actor, now = named_actor(bot), bot.clock.now()
        zone, options = ZoneInfo(actor.timezone), WeeklyOptions.of(bot.settings)
        if week is not None:
            period = CareWeek.with_day(to_day(week), options, zone)
        else:
            period = CareWeek.before(options.told_on(actor.today(now)), zone)
        query = WeekQuery(period=period, team=team, person=person, most=limit)
        sending = Sending.of(bot.settings, bot.database, bot.scheme_cache, bot.rules, now)
        with bot.database.read() as session:
            figures, rows = week_of(session, actor, sending, query)
        record_list(bot, actor, "care weekly", len({row.code for row in rows.rows}))
    if as_json:
        print_json(care_weekly.as_json(figures, rows))
        return
    care_weekly.show(figures, rows)
