"""The calendar of a person's care steps, read over HTTP by its link: entries, tags, revoking, and what is never said."""

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import vobject
from icalendar import Calendar as VCalendar
from sqlalchemy import event, text
from sqlmodel import select
from starlette.applications import Starlette

from bot.app import Tierbot, build
from bot.clock import FixedClock
from bot.errors import NotAllowed, NotFound, NotReady
from bot.health import Pulse, health_app
from bot.logs import masked
from bot.server import Server, serve
from bot.services import access
from bot.services.access import Actor
from bot.services.care.calendar import links
from bot.settings import Settings
from bot.slack.transport.calendar_pages import PER_MINUTE, Rates, calendar_route
from db.audit import AuditEntry
from db.book import people
from db.care.calendar_feeds import CalendarEntry, CalendarFeed
from db.care.touches import Touch, TouchState
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, at

pytestmark = on_sqlite

DAY = timedelta(days=1)
PUBLIC = "https://tierbot.example.com"


@dataclass(kw_only=True)
class Desk:
    """A bot whose calendars are served, with a person and the steps of their customers."""

    bot: Tierbot
    server: Server
    seconds: list[float]  # of the monotonic clock of the rates
    anna: int = 0
    ben: int = 0

    def actor(self, person_id: int) -> Actor:
        with self.bot.database.read() as session:
            person = people.row_by_id(session, person_id, self.bot.clock.now())
        assert person is not None
        return access.actor_of(person, self.bot.settings)

    def link(self, whose: int | None = None) -> str:
        """The path of a new link."""
        actor = self.actor(whose or self.anna)
        made = links.link(
            self.bot.database, actor, None, settings=self.bot.settings, now=self.bot.clock.now()
        )
        assert made.url.startswith(PUBLIC + "/")
        return made.url.removeprefix(PUBLIC)

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            connection.request(
                "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            answer.content = answer.read()  # type: ignore[attr-defined]
            return answer
        finally:
            connection.close()

    def events(self, path: str) -> dict[str, dict[str, Any]]:
        """Title -> day, uid and sequence of the events that a calendar program sees."""
        answer: Any = self.get(path)
        assert answer.status == 200
        found = VCalendar.from_ical(answer.content)
        return {
            str(one["summary"]): {
                "day": one.decoded("dtstart"),
                "uid": str(one["uid"]),
                "sequence": one["sequence"],
            }
            for one in found.walk("VEVENT")
        }

    def touch(self, name: str, owner: int, day: date, **values: Any) -> int:
        with self.bot.database.write() as session:
            customer = factories.customer(session, name, owner_id=owner)
            fixed: dict[str, Any] = {
                "step": "revisit", "kind": "revisit", "tier": "A", "latest_on": day + 15 * DAY,
                "remind_at": at(day), "state": "planned", "created_at": at(MONDAY),
            }  # fmt: skip
            row = Touch(customer_id=customer, dedupe_key=f"k:{customer}", due_on=day, **fixed | values)
            session.add(row)
            session.flush()
            return row.id or 0

    def change(self, touch_id: int, **values: Any) -> None:
        with self.bot.database.write() as session:
            touch = session.get_one(Touch, touch_id)
            touch.sqlmodel_update(values)
            session.add(touch)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    settings = Settings(_env_file=None, TIERBOT_PUBLIC_URL=PUBLIC)
    wired = build(settings, clock=FixedClock(at(MONDAY)))
    wired.database.close()
    bot = replace(wired, database=database)
    seconds = [0.0]
    application = Starlette(routes=[calendar_route(bot.deps, Rates(lambda: seconds[0]))])
    server = serve(application, host="127.0.0.1", port=0, name="calendars")
    desk = Desk(bot=bot, server=server, seconds=seconds)
    with database.write() as session:
        desk.anna = factories.person(session, "Anna")
        desk.ben = factories.person(session, "Ben", role="admin")
    try:
        yield desk
    finally:
        server.stop()


def test_a_calendar_has_the_open_steps_of_its_person_on_their_due_days_with_titles_only(desk: Desk) -> None:
    desk.touch("ACME", desk.anna, MONDAY + 3 * DAY)
    desk.touch("Globex; Söhne, 北京", desk.anna, MONDAY - 5 * DAY)
    desk.touch("Done & Co", desk.anna, MONDAY, state="done")
    desk.touch("Of another", desk.ben, MONDAY)
    desk.touch("Far away", desk.anna, MONDAY + 93 * DAY)
    desk.touch("Just near enough", desk.anna, MONDAY + 92 * DAY)
    path = desk.link()
    found = desk.events(path)
    assert {title: one["day"] for title, one in found.items()} == {
        "Revisit: ACME": MONDAY + 3 * DAY,
        "Revisit: Globex; Söhne, 北京": MONDAY - 5 * DAY,
        "Revisit: Just near enough": MONDAY + 92 * DAY,
    }
    answer: Any = desk.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert b"X-PUBLISHED-TTL:PT4H\r\n" in answer.content  # what Outlook reads, in place of REFRESH-INTERVAL
    written = set(re.findall(rb"^([A-Z-]+)[;:]", answer.content, re.MULTILINE))
    assert written.isdisjoint({b"DESCRIPTION", b"LOCATION", b"ATTENDEE", b"ORGANIZER", b"COMMENT", b"URL"})


def test_another_library_finds_the_calendar_valid(desk: Desk) -> None:
    for number in range(3):
        desk.touch(
            f"{'A very long name of a customer 有限公司 ' * 3}{number}", desk.anna, MONDAY + number * DAY
        )
    answer: Any = desk.get(desk.link())
    lines = answer.content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    calendar = vobject.readOne(answer.content.decode())
    assert calendar.validate(raiseException=True)
    events = calendar.vevent_list
    assert [one.dtstart.value for one in events] == [MONDAY + number * DAY for number in range(3)]
    assert [one.dtend.value - one.dtstart.value for one in events] == [DAY] * 3
    assert len({one.uid.value for one in events}) == 3
    assert {one.transp.value for one in events} == {"TRANSPARENT"}


def test_an_entry_keeps_its_uid_and_counts_its_changes_and_leaves_when_its_step_is_over(desk: Desk) -> None:
    acme = desk.touch("ACME", desk.anna, MONDAY)
    globex = desk.touch("Globex", desk.anna, MONDAY)
    path = desk.link()
    first = desk.events(path)
    assert [one["sequence"] for one in first.values()] == [0, 0]
    desk.change(acme, due_on=MONDAY + 2 * DAY, state="snoozed")
    second = desk.events(path)
    assert second["Revisit: ACME"] == first["Revisit: ACME"] | {"day": MONDAY + 2 * DAY, "sequence": 1}
    assert second["Revisit: Globex"] == first["Revisit: Globex"]
    with desk.bot.database.write() as session:
        session.execute(text("UPDATE customer SET name = 'Globex & Co' WHERE name = 'Globex'"))
    third = desk.events(path)
    assert third["Revisit: Globex & Co"] == first["Revisit: Globex"] | {"sequence": 1}
    assert desk.events(path) == third, "reading changes nothing"
    desk.change(globex, state=TouchState.CANCELLED)
    assert set(desk.events(path)) == {"Revisit: ACME"}
    desk.change(globex, state=TouchState.PLANNED)  # it was undone
    assert desk.events(path) == third


def test_what_has_not_changed_is_not_sent_again(desk: Desk) -> None:
    acme = desk.touch("ACME", desk.anna, MONDAY)
    path = desk.link()
    first: Any = desk.get(path)
    again: Any = desk.get(path, If_None_Match=first.headers["etag"])
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert desk.get(path, If_None_Match=f'"other", W/{first.headers["etag"]}').status == 304
    desk.change(acme, due_on=MONDAY + DAY)
    changed: Any = desk.get(path, If_None_Match=first.headers["etag"])
    assert (changed.status, changed.headers["etag"] != first.headers["etag"]) == (200, True)


def test_wrong_revoked_replaced_and_orphaned_links_are_not_found_after_the_same_work(desk: Desk) -> None:
    replaced, present = desk.link(), desk.link()
    revoked = desk.link(desk.ben)
    links.revoke(
        desk.bot.database, desk.actor(desk.ben), None, settings=desk.bot.settings, now=desk.bot.clock.now()
    )
    queries: list[str] = []
    event.listen(desk.bot.database.reader, "before_cursor_execute", lambda *given: queries.append(given[2]))
    seen = []
    for path in (replaced, revoked, "/calendar/x.ics", "/calendar/%00%ff.ics", f"/calendar/{'x' * 2000}.ics"):
        queries.clear()
        answer: Any = desk.get(path)
        seen.append((answer.status, answer.content, len(queries)))
    assert seen == [(404, b"", 1)] * 5
    assert desk.get(present).status == 200
    with desk.bot.database.write() as session:
        session.execute(text("UPDATE person SET active = false WHERE id = :id"), {"id": desk.anna})
    assert desk.get(present).status == 404


def test_a_flood_of_guesses_is_refused_without_the_database_and_known_links_are_read_meanwhile(
    desk: Desk,
) -> None:
    path = desk.link()
    assert desk.get(path).status == 200
    queries: list[str] = []
    event.listen(desk.bot.database.reader, "before_cursor_execute", lambda *given: queries.append(given[2]))
    statuses = [desk.get(f"/calendar/guess{number}.ics").status for number in range(PER_MINUTE + 5)]
    assert statuses == [404] * (PER_MINUTE - 1) + [429] * 6, "one was taken by the link before it was known"
    assert len(queries) == PER_MINUTE - 1
    assert desk.get(path).status == 200
    own = [desk.get(path).status for _ in range(PER_MINUTE)]
    assert own == [200] * (PER_MINUTE - 1) + [429]
    desk.seconds[0] += 60
    assert (desk.get(path).status, desk.get("/calendar/guess.ics").status) == (200, 404)


def test_neither_the_database_nor_the_audit_nor_the_log_knows_the_token(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.link()
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert desk.get(path).status == 200

    def fail(*given: object) -> None:
        raise RuntimeError(f"GET {path}")

    monkeypatch.setattr(links, "holder", fail)
    assert desk.get(path).status == 503
    with desk.bot.database.read() as session:
        rows = [*session.exec(select(CalendarFeed)), *session.exec(select(AuditEntry))]
        assert [row.action for row in rows[1:]] == ["calendar_linked"]  # type: ignore[union-attr]
        assert rows[0].token_hash  # type: ignore[union-attr]
        assert token not in repr(rows)
    logged = capsys.readouterr()
    assert "calendar.failed" in logged.err + logged.out
    assert token not in logged.err + logged.out
    assert masked(f"GET {path} HTTP/1.1 200") == "GET /calendar/….ics HTTP/1.1 200"


def test_a_revoked_calendar_leaves_nothing_behind(desk: Desk) -> None:
    desk.touch("ACME", desk.anna, MONDAY)
    desk.events(desk.link())
    actor, how = desk.actor(desk.anna), {"settings": desk.bot.settings, "now": desk.bot.clock.now()}
    links.revoke(desk.bot.database, actor, None, **how)  # type: ignore[arg-type]
    with desk.bot.database.read() as session:
        assert [*session.exec(select(CalendarFeed)), *session.exec(select(CalendarEntry))] == []
        assert session.exec(select(AuditEntry.action)).all() == ["calendar_linked", "calendar_revoked"]
    with pytest.raises(NotFound, match="Anna has no calendar link"):
        links.revoke(desk.bot.database, actor, None, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("by", "email", "outcome"),
    [
        ("Anna", None, "Anna"),
        ("Anna", "anna@example.com", "Anna"),
        ("Anna", "ben@example.com", NotAllowed),
        ("Ben", "anna@example.com", "Anna"),
        ("operator", "anna@example.com", "Anna"),
        ("operator", None, NotFound),
        ("operator", "nobody@example.com", NotFound),
    ],
)
def test_people_make_and_revoke_their_own_links_and_admins_those_of_others(
    desk: Desk, by: str, email: str | None, outcome: Any
) -> None:
    actor = factories.operator() if by == "operator" else desk.actor({"Anna": desk.anna, "Ben": desk.ben}[by])
    now: datetime = desk.bot.clock.now()
    for act in (links.link, links.revoke):
        if isinstance(outcome, str):
            found: Any = act(desk.bot.database, actor, email, settings=desk.bot.settings, now=now)  # type: ignore[operator]
            assert getattr(found, "person", found) == outcome
        else:
            with pytest.raises(outcome):
                act(desk.bot.database, actor, email, settings=desk.bot.settings, now=now)  # type: ignore[operator]


def test_without_a_public_address_no_link_is_made(desk: Desk) -> None:
    settings = Settings(_env_file=None)
    with pytest.raises(
        NotReady, match="There are no calendar links here yet: whoever runs Tierbot sets TIERBOT_PUBLIC_URL"
    ):
        links.link(
            desk.bot.database, desk.actor(desk.anna), None, settings=settings, now=desk.bot.clock.now()
        )


def test_the_server_of_health_has_the_calendars_too(desk: Desk) -> None:
    path = desk.link()
    server = serve(health_app(desk.bot, Pulse()), host="127.0.0.1", port=0, name="health")
    try:
        assert replace(desk, server=server).get(path).status == 200
    finally:
        server.stop()
