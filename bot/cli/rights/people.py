"""`person`, `team`: roles, deputies, and teams that see the customers of others."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    listed,
    named_actor,
    opened,
    print_json,
    print_records,
    print_table,
    say,
    to_day,
)
from bot.cli.output.personal import ShowPersonal, look
from bot.cli.output.vocabulary import word
from bot.clock import zone_named
from bot.services import staff
from bot.services.staff import DeputyPeriod
from db.book.deputies import AbsenceRow

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]


@acts
def list_people(personal: ShowPersonal = False, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """People with their roles, teams and deputies."""
    with opened() as bot:
        actor = named_actor(bot)
        found = staff.everybody(bot.database, actor, bot.settings, bot.clock.now())
        if personal:
            look(bot, actor, None, ("email",))
        firm = bot.settings.zone
    if as_json or as_csv:
        rows = [
            {
                **vars(one),
                "deputies": [vars(deputy) for deputy in one.deputies],
                "away": [{"first_day": off.first_day, "last_day": off.last_day} for off in one.away],
            }
            for one in found
        ]
        print_records(rows, as_csv)
        return
    if not found:
        say(_("There are no people yet. Import them: tierbot import people FILE"))
        return

    def deputy(one: DeputyPeriod, zone: ZoneInfo) -> str:
        first, last = (
            at.astimezone(zone).date() for at in (one.starts_at, one.ends_at - timedelta(seconds=1))
        )
        return _("%(name)s %(first)s to %(last)s", name=one.deputy, first=first, last=last)

    def away(one: AbsenceRow) -> str:
        return _("%(first)s to %(last)s", first=one.first_day, last=one.last_day)

    print_table(
        [_("name"), _("e-mail"), _("role"), _("team"), _("leads"), _("deputy"), _("away"), _("status")],
        [
            [
                one.name,
                one.email,
                word("role", one.role),
                one.team,
                listed(one.leads),
                listed(deputy(period, zone_named(one.timezone, firm)) for period in one.deputies),
                listed(map(away, one.away)),
                None if one.present else _("left, or switched off"),
            ]
            for one in found
        ],
    )


@acts
def set_role(
    email: Email,
    role: Annotated[
        str, typer.Argument(help="viewer, account_manager, team_lead, sales_ops, finance or admin.")
    ],
) -> None:
    """Give a person another role. Nobody changes their own one, and the last admin stays one."""
    with opened() as bot:
        person = staff.set_role(
            bot.database, named_actor(bot), email, role, settings=bot.settings, now=bot.clock.now()
        )
    say(_("%(name)s is now: %(role)s.", name=person.name, role=word("role", person.role)))


@acts
def name_deputy(
    email: Email,
    deputy: Annotated[str, typer.Argument(metavar="DEPUTY", help="The e-mail address of who acts for them.")],
    until: Annotated[str, typer.Option(metavar="DAY", help="The last day, as 2026-03-31.")],
    start: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="The first day; without it, from now on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody act for an absent person: with their customers and rights, and with their reminders."""
    with opened() as bot:
        zone = staff.zone_of(bot.database, email, bot.settings)
        found = staff.name_deputy_for_days(
            bot.database,
            named_actor(bot),
            email,
            deputy,
            first=to_day(start) if start else None,
            last=to_day(until),
            zone=zone,
            settings=bot.settings,
            now=bot.clock.now(),
        )
    if as_json:
        print_json(vars(found))
        return
    say(
        _(
            "%(deputy)s acts for %(person)s from %(first)s to the end of %(last)s.",
            deputy=found.deputy,
            person=found.person,
            first=found.starts_at.astimezone(zone).date(),
            last=to_day(until),
        )
    )


@acts
def end_deputy(email: Email) -> None:
    """Let nobody act for a person any more."""
    with opened() as bot:
        person = staff.end_deputy(
            bot.database, named_actor(bot), email, settings=bot.settings, now=bot.clock.now()
        )
    say(_("Nobody acts for %(name)s any more.", name=person.name))


@acts
def let_team_see(
    team: Annotated[str, typer.Argument(help="The team that sees.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The team whose customers it sees.")],
    no_longer: Annotated[bool, typer.Option("--no-longer", help="Take it back.")] = False,
) -> None:
    """Let the members of a team see another team's customers. They change nothing."""
    with opened() as bot:
        staff.set_view(
            bot.database,
            named_actor(bot),
            team,
            other,
            shown=not no_longer,
            settings=bot.settings,
            now=bot.clock.now(),
        )
    if no_longer:
        say(_("%(team)s no longer sees the customers of %(other)s.", team=team, other=other))
    else:
        say(_("%(team)s sees the customers of %(other)s.", team=team, other=other))
