"""The doctor reports each problem with a remedy, and no problem where there is none."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.services.delivery import outbox, time_jump
from bot.services.grade import figures
from bot.services.ops import connection
from bot.services.ops.connection import ConnectionWatch
from bot.services.ops.doctor import Slack, examine, note_heard
from bot.services.ops.storage import Finding
from bot.services.recipients import Place
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.slack.manifest import EVENTS, OPTIONAL_SCOPES, SCOPES
from bot.wording.messages import Problem
from db import processes
from db.book.people import Person
from db.engine import Database
from db.outbox import send_state
from db.outbox.messages import OutboxMessage
from db.processes import HeartbeatRole
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.book import MONDAY, Book, at

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = frozenset(SCOPES) | frozenset(OPTIONAL_SCOPES)


def slack(**given: object) -> Slack:
    fine: dict[str, object] = {
        "error": "",
        "team": "Local",
        "granted": ALL,
        "wanted": frozenset(SCOPES),
        "optional": frozenset(OPTIONAL_SCOPES),
        "reasons": {**SCOPES, **OPTIONAL_SCOPES},
        "events": EVENTS,
        "clock_apart": timedelta(seconds=1),
    }
    return Slack(**{**fine, **given})  # type: ignore[arg-type]


def findings(database: Database, tmp_path: Path, answer: Slack | None = None) -> list[Finding]:
    return examine(database, Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path), answer or slack(), NOW)


def test_a_sound_installation_has_no_problem_and_no_note(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        customer = factories.customer(session, owner_id=factories.person(session))
        factories.graded(session, {customer: "A"}, as_of=date(2026, 4, 30))
        processes.beat(session, HeartbeatRole.WORKER, "boot", NOW - timedelta(seconds=20))
    (late,) = (item for item in findings(database, tmp_path) if item.level != "ok")
    assert late.about == "figures"  # which the worker writes soon after a grading
    figures.write_book(database, SchemeCache(), NOW.date())
    found = findings(database, tmp_path)
    assert [item for item in found if item.level != "ok"] == []
    assert {item.about for item in found} == {"versions", "slack", "database", "jobs", "grading"}


def test_an_event_that_never_arrives_is_noted_once_another_has(database: Database, tmp_path: Path) -> None:
    assert [one for one in findings(database, tmp_path) if one.about == "events"] == []
    with database.write() as session:
        note_heard(session, "app_mention", NOW)
    noted = [one for one in findings(database, tmp_path) if one.about == "events"]
    assert [str(one.found).split(" ")[0] for one in noted] == ["app_home_opened", "message.im"]
    assert {one.level for one in noted} == {"note"}


@pytest.mark.parametrize(
    ("given", "about", "words"),
    [
        ({"error": "invalid_auth"}, "slack", "invalid_auth"),
        ({"granted": ALL - {"commands"}}, "scopes", "missing: commands"),
        (
            {"granted": ALL - {"app_mentions:read"}},
            "scopes",
            "answer where people mention the bot in a channel",
        ),
        ({"granted": ALL | {"reactions:read"}}, "scopes", "not needed: reactions:read"),
        ({"granted": ALL - {"groups:history"}}, "scopes", "not granted: groups:history"),
        ({"clock_apart": timedelta(seconds=75)}, "clock", "75 s apart"),
    ],
)
def test_problems_are_found_in_slacks_answer(
    database: Database, tmp_path: Path, given: dict[str, object], about: str, words: str
) -> None:
    found = [item for item in findings(database, tmp_path, slack(**given)) if item.about == about]
    wrong = [item for item in found if item.level != "ok"]
    assert len(wrong) == 1
    assert words in wrong[0].found
    assert wrong[0].remedy


def test_stuck_lost_and_dead_messages_are_counted(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        person = factories.person(session)
        for state, age in (("pending", 60), ("pending", 1), ("unknown", 16), ("dead", 500), ("sent", 999)):
            number = outbox.enqueue(
                session,
                kind="reminder",
                place=Place(person_id=person),
                message=Problem(text="x"),
                language="en",
                dedupe_key=f"{state}{age}",
                now=NOW - timedelta(minutes=age),
            )
            row = session.get(OutboxMessage, number)
            assert row is not None
            row.state = state
    found = [(item.level, item.found) for item in findings(database, tmp_path) if item.about == "messages"]
    assert found == [
        ("problem", "2 pending, the oldest for 60 min"),
        ("problem", "1 unknown, the oldest for 16 min"),
        ("problem", "1 message could not be sent"),
    ]


def test_a_dead_message_is_a_problem_until_somebody_drops_it(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        number = outbox.enqueue(
            session,
            kind="reminder",
            place=Place(person_id=factories.person(session)),
            message=Problem(text="x"),
            language="en",
            dedupe_key="x",
            now=NOW,
        )
        row = session.get_one(OutboxMessage, number)
        row.state, row.error_class, row.error = "dead", "invalid_blocks", "Slack refuses the blocks"
    (dead,) = [item for item in findings(database, tmp_path) if item.about == "messages"]
    assert (dead.level, "tierbot outbox drop" in dead.remedy) == ("problem", True)
    with database.write() as session:
        session.get_one(OutboxMessage, number).error_class = "left"
    assert [item for item in findings(database, tmp_path) if item.about == "messages"] == []
    with database.write() as session:
        session.get_one(OutboxMessage, number).error_class = None
    outbox.drop(database, number, actor=factories.operator("cli:anna"))
    assert [item for item in findings(database, tmp_path) if item.about == "messages"] == []
    assert outbox.show(database, number).error == "dropped by cli:anna; Slack refuses the blocks"


def test_a_silent_worker_is_a_problem(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        processes.beat(session, HeartbeatRole.WORKER, "boot", NOW - timedelta(minutes=5))
    silent = next(item for item in findings(database, tmp_path) if item.about == "jobs")
    assert (silent.level, silent.found) == ("problem", "last sign of life 5 min ago")


def test_people_without_a_slack_user_are_noted(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        factories.person(session, "Anna", slack=False)
        factories.person(session, "Gone", slack=False, active=False)
    note = next(item for item in findings(database, tmp_path) if item.about == "people")
    assert note.found.startswith("1 person has no Slack user")


@pytest.mark.parametrize(("role", "level"), [("viewer", []), ("admin", ["problem"])])
def test_that_every_admin_has_left_is_a_problem(
    database: Database, tmp_path: Path, role: str, level: list[str]
) -> None:
    with database.write() as session:
        session.get_one(Person, factories.person(session, "Ada", role=role)).slack_status = "left"
    assert [item.level for item in findings(database, tmp_path) if item.about == "people"] == level


@pytest.mark.parametrize("status", ["left", "guest", "outside"])
def test_owners_who_are_no_members_any_more_are_a_problem(
    database: Database, tmp_path: Path, status: str
) -> None:
    with database.write() as session:
        anna, ben = factories.person(session, "Anna"), factories.person(session, "Ben")
        cleo = factories.person(session, "Cleo", active=False)
        for owner in (anna, cleo):
            factories.customer(session, owner_id=owner)
        for person in (anna, ben, cleo):  # Ben looks after nobody, and Cleo is switched off
            session.get_one(Person, person).slack_status = status
    found = [item for item in findings(database, tmp_path) if item.about == "people"]
    assert [item.level for item in found] == ["problem"]
    assert "no members of the Slack workspace any more (1): Anna;" in found[0].found


@pytest.mark.parametrize(
    ("revision", "remedy"), [("0003", "tierbot db upgrade"), ("9999", "install the newer version again")]
)
def test_with_a_database_of_another_revision_nothing_else_is_queried(
    database: Database, tmp_path: Path, revision: str, remedy: str
) -> None:
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    last = findings(database, tmp_path)[-1]
    assert (last.level, last.about) == ("problem", "database")
    assert f"revision {revision}" in last.found
    assert remedy in last.remedy


def test_a_circuit_that_is_open_is_a_problem_with_a_remedy(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        send_state.put_circuit(
            session,
            reason="clock",
            sentence="this machine's clock is wrong",
            opened_at=NOW - timedelta(minutes=5),
            apart_seconds=300.0,
        )
    (sending,) = [item for item in findings(database, tmp_path) if item.about == "sending"]
    assert (sending.level, sending.found) == ("problem", "stopped for 5 min: this machine's clock is wrong")
    assert "NTP" in sending.remedy
    (clock,) = [
        item for item in findings(database, tmp_path, slack(clock_apart=None)) if item.about == "clock"
    ]
    assert "300 s apart" in clock.found


def in_socket_mode(database: Database, tmp_path: Path, answer: Slack | None = None) -> list[Finding]:
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path, SLACK_APP_TOKEN="xapp-1")
    found = examine(database, settings, answer or slack(), NOW)
    return [item for item in found if item.about == "connection"]


def watch_of(boot_id: str, at: datetime = NOW) -> ConnectionWatch:
    watch = ConnectionWatch(boot_id, FixedClock(at))
    watch.begin()
    return watch


def test_a_connection_that_hears_slack_is_in_order(database: Database, tmp_path: Path) -> None:
    watch = watch_of("web", NOW - timedelta(minutes=3))
    watch.opened(1, others=0)
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_socket_mode(database, tmp_path)
    assert (found.level, found.found) == ("ok", "connected; no request has come since the start")
    watch.heard_at = time.monotonic()  # by a clock that is three minutes late
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_socket_mode(database, tmp_path)
    assert (found.level, found.found) == ("ok", "connected; the last request came 3 min ago")


@pytest.mark.parametrize(
    ("problem", "words", "remedy"),
    [
        ("connecting", "not connected to Slack for 0 s", "check the network"),
        ("unreachable", "Slack cannot be reached", "check the network"),
        ("invalid_auth", "Slack refuses the app token: invalid_auth", "set SLACK_APP_TOKEN"),
        ("too_many_websockets", "the app has ten", "end other processes that use this app token"),
        ("link_disabled", "Socket Mode is switched off", "switch it on"),
        ("other_app", "are of two apps", "from the page of one app"),
        ("internal_error", "Slack opens no connection: internal_error", "asked again by itself"),
    ],
)
def test_a_process_that_does_not_hear_slack_is_a_problem_with_a_remedy(
    database: Database, tmp_path: Path, problem: str, words: str, remedy: str
) -> None:
    watch = watch_of("web")
    watch.failed(problem)
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_socket_mode(database, tmp_path)
    assert (found.level, words in found.found, remedy in found.remedy) == ("problem", True, True)


def test_connections_of_another_installation_are_a_problem(database: Database, tmp_path: Path) -> None:
    watch = watch_of("web")
    for _ in range(2):
        watch.opened(2, others=1)
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_socket_mode(database, tmp_path)
    assert found.level == "problem"
    assert "1 connection of the app that this installation does not hold" in found.found
    assert "give it a Slack app of its own" in found.remedy


def test_without_a_process_nothing_receives_what_people_type(database: Database, tmp_path: Path) -> None:
    (found,) = in_socket_mode(database, tmp_path)
    assert (found.level, found.found) == ("note", "no process receives what people type and press in Slack")
    killed = watch_of("killed")
    killed.opened(1, others=0)
    connection.report(database, killed, FixedClock(NOW - timedelta(seconds=61)))
    with database.write() as session:
        processes.beat(session, HeartbeatRole.WORKER, "boot", NOW)
    (found,) = in_socket_mode(database, tmp_path)
    assert (found.level, found.found) == (
        "problem",
        "no process receives what people type and press in Slack",
    )


def test_an_app_token_that_slack_refuses_now_is_a_problem(database: Database, tmp_path: Path) -> None:
    watch = watch_of("web")  # connected since before it was revoked
    watch.opened(1, others=0)
    connection.report(database, watch, FixedClock(NOW))
    found = in_socket_mode(database, tmp_path, slack(app_token_error="token_revoked"))
    assert [item.level for item in found] == ["problem", "ok"]
    assert found[0].found == "Slack refuses the app token: token_revoked"


def test_messages_held_after_a_time_jump_are_a_problem_with_a_remedy(
    database: Database, tmp_path: Path
) -> None:
    time_jump.note(database, NOW - timedelta(days=7))
    assert [item for item in findings(database, tmp_path) if item.about == "time"] == []
    with database.write() as session:
        processes.set_cursor(session, time_jump.CURSOR, (NOW - timedelta(days=8)).isoformat())
    (held,) = [item for item in findings(database, tmp_path) if item.about == "time"]
    assert (held.level, "2026-04-26" in held.found, "catch-up" in held.remedy) == ("problem", True, True)


def in_http_mode(database: Database, tmp_path: Path) -> list[Finding]:
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path, SLACK_SIGNING_SECRET="secret")
    found = examine(database, settings, slack(), NOW)
    return [item for item in found if item.about == "connection"]


def listening(database: Database, since: timedelta) -> ConnectionWatch:
    """A process that has listened over HTTP for so long."""
    watch = ConnectionWatch("web", FixedClock(NOW - since))
    watch.listen()
    connection.report(database, watch, FixedClock(NOW))
    return watch


def test_http_mode_says_when_the_last_request_came(database: Database, tmp_path: Path) -> None:
    watch = listening(database, timedelta(minutes=3))
    watch.heard()  # by a clock that is three minutes late
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_http_mode(database, tmp_path)
    words = "listens over HTTP; the last request of Slack came 3 min ago"
    assert (found.level, found.found) == ("ok", words)


@all_on_postgresql
@pytest.mark.parametrize(
    ("since", "sent", "level", "words"),
    [
        (timedelta(hours=3), None, "note", "no request of Slack has come since the start 3 h ago"),
        (
            timedelta(days=9),
            timedelta(days=10),
            "note",
            "no request of Slack has come since the start 216 h ago",
        ),
        (timedelta(hours=3), timedelta(hours=2), "note", "the start 3 h ago, but 1 message went to people"),
        (
            timedelta(days=2),
            timedelta(hours=2),
            "problem",
            "the start 48 h ago, but 1 message went to people",
        ),
    ],
)
def test_http_mode_without_a_request_is_a_problem_once_people_got_messages(
    database: Database, tmp_path: Path, since: timedelta, sent: timedelta | None, level: str, words: str
) -> None:
    listening(database, since)
    if sent is not None:
        with database.write() as session:
            place = Place(person_id=factories.person(session))
            number = outbox.enqueue(
                session,
                kind="reminder",
                place=place,
                message=Problem(text="x"),
                language="en",
                dedupe_key="x",
                now=NOW,
            )
            row = session.get_one(OutboxMessage, number)
            row.state, row.first_try_at = "sent", NOW - sent
    (found,) = in_http_mode(database, tmp_path)
    assert (found.level, found.found.endswith(words)) == (level, True)
    assert "request URL" in found.remedy


def test_requests_that_the_secret_does_not_verify_are_a_problem_until_one_is_verified(
    database: Database, tmp_path: Path
) -> None:
    watch = listening(database, timedelta(minutes=3))
    watch.refused()
    connection.report(database, watch, FixedClock(NOW))
    (found,) = in_http_mode(database, tmp_path)
    assert (found.level, "SLACK_SIGNING_SECRET" in found.found) == ("problem", True)
    assert "copy the signing secret again" in found.remedy
    watch.heard()
    watch.refused()  # somebody else's, beside Slack's
    connection.report(database, watch, FixedClock(NOW))
    assert [item.level for item in in_http_mode(database, tmp_path)] == ["ok"]


def test_without_a_process_that_listens_nothing_is_received_in_http_mode_either(
    database: Database, tmp_path: Path
) -> None:
    (found,) = in_http_mode(database, tmp_path)
    assert found.found == "no process receives what people type and press in Slack"


def test_care_steps_of_which_nobody_is_told_are_noted(database: Database, tmp_path: Path) -> None:
    book = Book(database, clock=FixedClock(at(MONDAY)))
    with database.write() as session:
        acme = factories.customer(session, "ACME")  # without an owner, and there is no channel
        factories.contact(session, acme, MONDAY - 400 * DAY, "call")
    book.grade({acme: "A"})
    book.go(MONDAY)

    def found() -> list[tuple[str, str]]:
        settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path)
        findings = examine(database, settings, slack(), book.clock.now())
        return [(one.level, one.found) for one in findings if one.about == "care"]

    assert book.reminded_of() == []
    assert found() == []
    book.go(MONDAY + 2 * DAY)
    assert found() == [
        ("note", "1 care step has been due for more than a day, and nobody was told"),
        ("problem", "1 care step has nobody who could be told"),
    ]
    with database.write() as session:
        factories.own(session, acme, factories.person(session))
    book.go(MONDAY + 3 * DAY)
    assert found() == []
