"""What a person has to do at any time: the list that /tier todo shows, and a digest as it has to be now."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.services.access import Actor
from bot.services.care.complaints import rows as complaint_rows
from bot.services.care.digest import mailboxes, morning, rows
from bot.services.care.digest.readers import MessageReader
from bot.services.care.digest.rows import RowReader
from bot.services.care.promises import rows as promise_rows
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import working_times
from bot.services.recipients import FirmDefaults, Place
from bot.services.schemes.store import TierNames
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.care.promises import PromiseRow
from db.book import people
from db.care import due_touches, promises
from db.care.due_touches import DueGroup, DueTouch
from db.care.touches import StepKind, Touch, TouchState

MOST_LISTED = 1_000
NO_TIERS = TierNames(tiers={})


def todo(
    session: Session,
    rules: CareRules,
    book: TierNames,
    actor: Actor,
    firm: FirmDefaults,
    now: datetime,
    *,
    start: int = 0,
    also: Mapping[int, int | None] | None = None,
    complained: Collection[int] = (),
    promised: Collection[int] = (),
) -> CareDigest:
    """What the actor has to do now and soon, from a place in the list on; the same steps as in their next digests.

    `also` are touches that were answered a moment ago, and by whom: they stay in the list with what has become of them,
    as do the complaints of `complained` and the promises of `promised`.
    """
    also = also or {}
    today, zone = actor.today(now), zone_named(actor.timezone, rules.zone)
    absent = frozenset(one.person_id for one in actor.absent)
    furthest = today + timedelta(days=morning.furthest(rules))
    theirs = own_touches(session, actor, firm, now, due_by=furthest)
    ids = [one.id for one in theirs if one.kind != StepKind.GREETING and not _is_greeted(one, today)]
    listed = [
        touch
        for touch in due_touches.load(session, sorted({*ids, *also}))
        if touch.id in also or morning.is_coming_up(rules, touch, today) or _is_due(touch, today, zone)
    ]
    reading = RowReader(
        rules=rules,
        book=book,
        reader=actor.person_id,
        day=today,
        zone=zone,
        acts_for=absent,
        undoable=also,
    )
    found_rows = rows.rows_of(session, reading, listed)
    greetings = morning.to_greet(session, rules, {actor.person_id, *absent}, today)
    shown, more = complaint_rows.shown(
        session,
        rules.complaints,
        _own_groups(session, actor, firm, now, complaint_rows.groups(session)),
        reader=actor.person_id,
        day=today,
        also=complained,
        now=now,
    )
    promises, promises_more = _promises(session, rules, actor, firm, now, promised)
    return rows.digest_of(
        found_rows,
        day=today,
        start=start,
        listed=True,
        greetings=greetings,
        complaints=() if start else shown,
        complaints_more=0 if start else more,
        promises=() if start else promises,
        promises_more=0 if start else promises_more,
    )


def own_touches(
    session: Session, actor: Actor, firm: FirmDefaults, now: datetime, *, due_by: date
) -> list[DueTouch]:
    """The most pressing open touches due on a day at the latest that the actor's digests show, now or later."""
    absent = frozenset(one.person_id for one in actor.absent)
    found = due_touches.open_of(
        session,
        owners={actor.person_id, *absent} | people.in_teams(session, actor.led_teams),
        assignees={actor.person_id, *absent},
        roles={actor.role, *(one.role for one in actor.absent)},
        due_by=due_by,
        most=MOST_LISTED,
    )
    recipients = mailboxes.recipients_of(session, {touch.group for touch in found}, firm, now)
    own = Place(person_id=actor.person_id)
    return [one for one in found if mailboxes.goes_to(recipients, one) == own]


def _promises(
    session: Session,
    rules: CareRules,
    actor: Actor,
    firm: FirmDefaults,
    now: datetime,
    also: Collection[int],
) -> tuple[tuple[PromiseRow, ...], int]:
    """The promises that the actor's digests show, with those in `also`, and how many more there are."""
    today = actor.today(now)
    groups = promise_rows.groups(session, today)
    found = [one for group in _own_groups(session, actor, firm, now, groups) for one in groups[group]]
    near: list[int] = []
    if found:
        working = working_times(session, {actor.person_id}, rules.times, now).get(actor.person_id)
        near = promise_rows.near(found, working or rules.times.working_time(now), today)
    first, more = near[: promise_rows.MOST_SHOWN], len(near[promise_rows.MOST_SHOWN :])
    done = promises.rows(session, [one for one in also if one not in first])
    later = {one.id for one in done if one.is_open and one.due_on > today}
    shown = promise_rows.rows_of(
        session,
        [*promises.rows(session, first), *done],
        reader=actor.person_id,
        day=today,
        put_off=later,
        now=now,
    )
    return shown, more


def _own_groups(
    session: Session, actor: Actor, firm: FirmDefaults, now: datetime, groups: Iterable[DueGroup]
) -> list[DueGroup]:
    """Those of the groups that the actor's digests show."""
    present = {actor.person_id, *(one.person_id for one in actor.absent)}
    owners = present | people.in_teams(session, actor.led_teams)
    groups = [one for one in groups if one.owner_id in owners or one.assignee_id in present]
    recipients = mailboxes.recipients_of(session, set(groups), firm, now)
    own = Place(person_id=actor.person_id)
    return [one for one in groups if mailboxes.place_of(recipients, one) == own]


def _is_greeted(touch: DueTouch, today: date) -> bool:
    """Whether a birthday has a message of its own already, and is not coming up any more."""
    return touch.kind == StepKind.BIRTHDAY and touch.due_on <= today


def _is_due(touch: Touch, today: date, zone: ZoneInfo) -> bool:
    """Whether a touch is due and nobody has put it off until a later day."""
    put_off = touch.state == TouchState.SNOOZED and local_date(touch.remind_at, zone) > today
    return touch.due_on <= today and not put_off


def current(
    session: Session,
    rules: CareRules,
    shown: CareDigest,
    reader: int | None,
    firm: FirmDefaults,
    now: datetime,
    *,
    undoable: Mapping[int, int | None] | None = None,
) -> CareDigest:
    """A digest as it has to be now for its reader (None: a channel): what has become of its rows, each in its place.

    Customers that the reader may no longer see are left out. `undoable`: what can be taken back, and by whom it was done.
    """
    read_by = MessageReader(
        session,
        reader,
        [row.customer_id for row in shown.all_rows],
        [row.touch_id for row in shown.rows],
        firm,
        now,
    )
    visible = [row for row in shown.rows if read_by.sees(row.customer_id)]
    reading = RowReader(
        rules=rules,
        book=NO_TIERS,
        reader=reader,
        day=shown.day,
        zone=read_by.zone(rules.zone),
        acts_for=read_by.acts_for,
        undoable=undoable or {},
    )
    counted = _recounted(shown, tuple(rows.redraw(session, reading, visible)))
    if not shown.complaints and not shown.promises:
        return counted
    complained = [row for row in shown.complaints if read_by.sees(row.customer_id)]
    present = complaint_rows.redraw(
        session, rules.complaints, complained, reader=reader, day=shown.day, now=now
    )
    promised = [row for row in shown.promises if read_by.sees(row.customer_id)]
    kept = promise_rows.redraw(session, promised, reader=reader, day=shown.day, now=now)
    return replace(counted, complaints=present, promises=kept)


def _recounted(shown: CareDigest, those: tuple[CareRow, ...]) -> CareDigest:
    """A digest with rows as they are now: what is no longer open counts no longer."""
    before = Counter(row.section for row in shown.rows if row.is_open)
    before.subtract(row.section for row in those if row.is_open)
    minutes = sum(_minutes(row) for row in shown.rows) - sum(_minutes(row) for row in those)
    return replace(
        shown,
        rows=those,
        overdue=max(0, shown.overdue - before["overdue"]),
        due=max(0, shown.due - before["due"]),
        soon=max(0, shown.soon - before["soon"]),
        minutes=max(0, shown.minutes - minutes),
    )


def _minutes(row: CareRow) -> int:
    return (row.minutes or 0) if row.is_open and row.section != rows.SOON else 0
