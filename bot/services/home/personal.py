"""What a person sets for themselves: language, time zone, the hour of the digest, which alerts come.

Working hours, days off and deputies are those of `bot.services.presence` and `bot.services.staff`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, BadInput
from bot.services import staff
from bot.services.access import Actor
from bot.services.care.schedule import CareRules
from bot.settings import Settings
from bot.wording.ask.home import ActingDeputy, DaysAway, HomeSettings
from bot.wording.catalogue import LANGUAGES
from bot.working_days import checks
from bot.working_days.week import working_hours
from db.audit import AuditAction, ObjectKind
from db.book import deputies, people, personal_settings
from db.book.people import Person
from db.book.personal_settings import ALERTS
from db.engine import Database

SECOND = timedelta(seconds=1)


def settings_of(
    session: Session, rules: CareRules, actor: Actor, settings: Settings, now: datetime
) -> HomeSettings:
    """What counts for the actor at present, the firm's where they have set nothing."""
    person, own = people.get(session, actor.person_id), personal_settings.of(session, actor.person_id)
    assert person is not None
    zone = zone_named(person.timezone, settings.zone)
    today = local_date(now, zone)
    away = deputies.absences(session, [actor.person_id], today)
    periods = [one for one in deputies.not_over(session, now) if one.person_id == actor.person_id]
    named = people.get_many(session, [one.deputy_id for one in periods])
    hours, quiet = working_hours(person.works_from, person.works_until), settings.quiet
    return HomeSettings(
        language=actor.language,
        timezone=actor.timezone,
        hours=str(hours) if hours else "",
        quiet=str(quiet) if quiet else "",
        digest_at=own.remind_at or f"{rules.times.remind_at:%H:%M}",
        own_digest=own.remind_at is not None,
        muted=tuple(one for one in ALERTS if one in own.muted.split()),
        away=tuple(DaysAway(first=one.first_day, last=one.last_day) for one in away),
        deputies=tuple(
            ActingDeputy(
                name=named[one.deputy_id].name,
                first=local_date(one.starts_at, zone),
                last=local_date(one.ends_at - SECOND, zone),
            )
            for one in periods
        ),
    )


def set_language_and_zone(
    database: Database, actor: Actor, *, language: str, timezone: str, settings: Settings, now: datetime
) -> None:
    """Store a person's own language and time zone. Raises BadInput."""
    if language not in LANGUAGES:
        raise BadInput(
            N_("%(value)s is not a language of Tierbot; there are %(languages)s."),
            value=language,
            languages=", ".join(LANGUAGES),
        ).of("language")
    try:
        zone = checks.check_zone(timezone.strip())
    except ValueError as error:
        raise BadInput(N_("%(problem)s."), problem=error.args[0]).of("timezone") from None
    with _changed(database, actor, settings, now) as (session, acting, person):
        before = {"language": person.language, "timezone": person.timezone}
        person.language, person.timezone = language, zone
        session.add(person)
        after = {"language": language, "timezone": zone}
        if before != after:
            acting.record(
                session,
                AuditAction.PERSON_CHANGED,
                ObjectKind.PERSON,
                person.id,
                before=before,
                after=after,
            )


def set_digest(
    database: Database, actor: Actor, *, at: str | None, settings: Settings, now: datetime
) -> None:
    """Store at which time of the day the actor's digest comes; None: at the firm's. Raises BadInput."""
    try:
        own = (checks.check_time(at) or None) if at else None
    except ValueError as error:
        raise BadInput(N_("%(problem)s."), problem=error.args[0]).of("at") from None
    with _changed(database, actor, settings, now) as (session, acting, person):
        before = personal_settings.of(session, person.id or 0)
        _store(session, acting, person, own, before.muted.split())


def set_alerts(
    database: Database, actor: Actor, *, wanted: Collection[str], settings: Settings, now: datetime
) -> None:
    """Store which of the alerts of `ALERTS` come to the actor."""
    with _changed(database, actor, settings, now) as (session, acting, person):
        before = personal_settings.of(session, person.id or 0)
        _store(session, acting, person, before.remind_at, [one for one in ALERTS if one not in wanted])


def email_of(session: Session, actor: Actor) -> str:
    """The address by which other services know the actor."""
    person = people.get(session, actor.person_id)
    assert person is not None
    return person.email


@contextmanager
def _changed(
    database: Database, actor: Actor, settings: Settings, now: datetime
) -> Iterator[tuple[Session, Actor, Person]]:
    """A transaction with the actor and their own row as they are now: nobody sets these for somebody else.

    Raises NotAllowed for who is no longer there.
    """
    with database.write(lock=staff.LOCK) as session:
        acting = staff.present_actor(session, actor, settings, now)
        person = people.get(session, acting.person_id)
        assert person is not None
        yield session, acting, person


def _store(session: Session, acting: Actor, person: Person, remind_at: str | None, muted: list[str]) -> None:
    own = personal_settings.of(session, person.id or 0)
    before = {"digest": own.remind_at, "muted": own.muted}
    personal_settings.store(session, person.id or 0, remind_at=remind_at, muted=muted)
    after = {"digest": remind_at, "muted": " ".join(muted)}
    if before != after:
        acting.record(
            session,
            AuditAction.WORKING_TIME_CHANGED,
            ObjectKind.PERSON,
            person.id,
            before=before,
            after=after,
        )
