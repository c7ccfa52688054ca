"""`person away`, `person back`, `person hours`: when people work."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, _, acts, named_actor, opened, print_json, say, to_day
from bot.cli.output.vocabulary import weekdays_word
from bot.cli.rights.people import Email
from bot.services import presence
from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import WorkingTime
from bot.working_days.checks import OF_PERSON
from bot.working_days.week import weekdays_text
from db.book.people import Person

Day = Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day; without it, today.")]


@acts
def go_away(
    email: Email,
    until: Annotated[str, typer.Option(metavar="DAY", help="The last day off, as 2026-03-31.")],
    start: Day = None,
    deputy: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who acts for them meanwhile, by e-mail address.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record days off, on which a person gets no reminders, with who acts for them."""
    with opened() as bot:
        found = presence.go_away(
            bot.database,
            named_actor(bot),
            email,
            first=to_day(start) if start else None,
            last=to_day(until),
            deputy=deputy,
            settings=bot.settings,
            now=bot.clock.now(),
        )
    days = {"name": found.person, "first": found.first_day, "last": found.last_day}
    if as_json:
        print_json(vars(found))
    elif found.deputy is None:
        say(_("%(name)s is away from %(first)s to %(last)s, without a deputy.", **days))
    else:
        acting = {"deputy": found.deputy, "until": until}
        say(
            _(
                "%(name)s is away from %(first)s to %(last)s; %(deputy)s acts for them to the end of %(until)s.",
                **days,
                **acting,
            )
        )


@acts
def come_back(
    email: Email,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DAY", help="The first day of work, one of the days off; without it, today."
        ),
    ] = None,
) -> None:
    """End days off early, or cancel those to come; the deputy who was named for them acts until then."""
    with opened() as bot:
        now = bot.clock.now()
        found = presence.come_back(
            bot.database,
            named_actor(bot),
            email,
            day=to_day(start) if start else None,
            settings=bot.settings,
            now=now,
        )
    say(
        _(
            "%(name)s works again from %(day)s; the days off were %(first)s to %(last)s.",
            name=found.person,
            day=found.back,
            first=found.first_day,
            last=found.last_day,
        )
    )


@acts
def set_hours(
    email: Email,
    days: Annotated[
        str | None, typer.Option(help="Working days of the week, as Sun-Thu or Mon,Wed-Fri.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Begin of work, as 09:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--until", metavar="TIME", help="End of work, as 18:00.")] = None,
    country: Annotated[
        str | None,
        typer.Option(help="Whose public holidays are theirs: a code such as SA, or DE-BY with a region."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Take the firm's again for what the other options do not give.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set when and where a person works, and show what counts then; without options, only show it."""
    options = {"working_days": days, "works_from": begin, "works_until": end, "country": country}
    given = {name: value for name, value in options.items() if value is not None}
    with opened() as bot:
        actor, now = named_actor(bot), bot.clock.now()
        person = presence.set_hours(
            bot.database,
            actor,
            email,
            dict.fromkeys(OF_PERSON, "") | given if reset else given,
            settings=bot.settings,
            now=now,
        )
        with bot.database.read() as session:
            number = person.id or 0
            found = working_times(session, [number], FirmTime.of(bot.settings), now)[number]
    if as_json:
        print_json(_fields(person, found))
    else:
        say(_shown(person, found))


def _fields(person: Person, time: WorkingTime) -> dict[str, object]:
    return {
        "name": person.name,
        "working_days": weekdays_text(time.weekdays),
        "hours": str(time.hours) if time.hours else None,
        "country": time.place,
        "timezone": time.zone.key,
    }


def _shown(person: Person, time: WorkingTime) -> str:
    return _(
        "%(name)s: working days %(days)s, hours %(hours)s, public holidays of %(place)s, time zone %(zone)s.",
        name=person.name,
        days=weekdays_word(time.weekdays),
        hours=time.hours or _("not set"),
        place=time.place or _("no country"),
        zone=time.zone.key,
    )
