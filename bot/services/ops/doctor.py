"""`tierbot doctor`: what of a running installation needs attention, each with its remedy."""

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, BotError, Phrase, ngettext
from bot.services.care.plan_file import load_all
from bot.services.delivery import circuit, time_jump
from bot.services.delivery.messenger import Messenger
from bot.services.grade import figures
from bot.services.ops import care_plans, channels, checks, connection, failing, storage
from bot.services.ops.connection import ConnectionState
from bot.services.ops.reach import examine_reach
from bot.services.ops.storage import Finding
from bot.settings import Settings
from db import processes
from db.book import customers, deputies, people
from db.care import due_touches, marks
from db.care.records import complaints, promises, surveys
from db.engine import Database
from db.graded import runs
from db.graded.runs import Purpose
from db.outbox import messages, send_state
from db.outbox.messages import MessageState
from db.outbox.send_state import CircuitReason

PACKAGES = ("tierbot", "slack-bolt", "slack-sdk", "sqlalchemy", "apscheduler", "pandas", "tzdata", "holidays")
SILENT = timedelta(seconds=90)
STUCK = timedelta(minutes=15)
LONG_UNHEARD = timedelta(days=1)
UNTOLD = timedelta(days=1)
CLOCK_APART = timedelta(seconds=60)
MOST_NAMED = 5
CIRCUIT_REMEDIES: dict[str, str] = {
    CircuitReason.NETWORK: Phrase(
        N_("check the network and the proxy of this machine; it goes on by itself when Slack answers")
    ),
    CircuitReason.CLOCK: Phrase(
        N_("switch on time synchronisation (NTP) on every machine that runs Tierbot")
    ),
}
HEARD = "heard:"  # before the name of an event, in the name of a cursor
STUCK_REMEDIES: dict[str, str] = {
    MessageState.PENDING: Phrase(N_("is a process running? see also slack and people here")),
    MessageState.SENDING: Phrase(
        N_("the process that was sending it is gone; it settles by itself within minutes")
    ),
    MessageState.UNKNOWN: Phrase(N_("Slack's answer was lost: tierbot outbox list --state unknown")),
}


REINSTALL = Phrase(N_("paste the output of tierbot manifest into the app and install it again"))
UNUSABLE = Phrase(N_("no process starts with it: tierbot check"))
HTTP_REMEDY = Phrase(
    N_(
        "type /tier in Slack; if it says that the app did not respond, compare the request URL on the app's page with"
        " the address that the proxy forwards"
    )
)


_PURPOSES = {
    Purpose.CREDIT: N_("credit"),
    Purpose.ACCOUNT: N_("account"),
    Purpose.PROSPECT: N_("prospect"),
}
_STATES = {
    MessageState.PENDING: N_("pending"),
    MessageState.SENDING: N_("sending"),
    MessageState.UNKNOWN: N_("unknown"),
}


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Slack's answer about the bot. `error` is empty when it took the token; otherwise the rest is unknown."""

    error: str = ""
    remedy: str = Phrase(
        N_("copy the bot token again from the app's page, under OAuth & Permissions; check the network")
    )
    app_token_error: str = ""  # why no Socket Mode connection could be opened; empty without an app token
    team: str = ""
    granted: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)  # scope -> what it is for, as a msgid
    events: Mapping[str, str] = field(default_factory=dict)  # event -> what does not work without it
    clock_apart: timedelta | None = None


def examine(
    database: Database, settings: Settings, slack: Slack, now: datetime, channels_of: Messenger | None = None
) -> list[Finding]:
    """Everything that can be found from this machine, and of the channels where Slack answers. Nothing is changed."""
    findings = [
        _versions(),
        *_slack(slack, now),
        *_rules(settings),
        *storage.examine_disk(settings, database),
        storage.examine_database(database, settings),
    ]
    if findings[-1].level == "problem":
        return findings
    with database.read() as session:
        findings += [
            *running(session, settings, now, slack),
            *_events(session, slack),
            *_messages(session, now),
            *_care(session, now),
            *_complaints(session, local_date(now, settings.zone)),
            *_surveys(session, local_date(now, settings.zone)),
            *_promises(session, local_date(now, settings.zone)),
            *examine_reach(session, settings, now),
            *_plans(session, settings, now),
            *_people(session, settings),
            *_gradings(session),
            *_figures(session),
        ]
        known = channels.written(session, settings.channels)
    if channels_of is not None and not slack.error:
        for remark in channels.remarks(known, channels.look(known, channels_of)):
            findings.append(Finding(remark.level, "channels", remark.found, remark.remedy))
    return findings


def running(session: Session, settings: Settings, now: datetime, slack: Slack | None = None) -> list[Finding]:
    """What the processes report of themselves: a few small rows, whatever the size of the book."""
    return [
        *_beats(session, now),
        *_failing(session, now),
        *_held(session, now),
        *_circuit(session, now, asked=slack or Slack()),
        *_connection(session, settings, now),
    ]


def _versions() -> Finding:
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} –")
    return Finding("ok", "versions", ", ".join(found))


def _rules(settings: Settings) -> Iterator[Finding]:
    """The firm's own files of rules that cannot be read."""
    for problem in checks.rule_problems(settings):
        yield Finding("problem", "rules", problem, UNUSABLE)


def _slack(slack: Slack, now: datetime) -> Iterator[Finding]:
    if slack.error:
        yield Finding("problem", "slack", slack.error, slack.remedy)
        return
    yield Finding("ok", "slack", Phrase(N_("connected to %(team)s"), team=slack.team))
    if slack.app_token_error:
        state = ConnectionState(since=now, problem=slack.app_token_error)
        yield Finding("problem", "connection", *connection.describe(state, now))
    for scope in sorted(slack.wanted - slack.granted):
        yield Finding(
            "problem",
            "scopes",
            Phrase(
                N_("missing: %(scope)s, to %(reason)s"),
                scope=scope,
                reason=Phrase(slack.reasons.get(scope, scope)),
            ),
            REINSTALL,
        )
    if missing := slack.optional - slack.granted:
        yield Finding(
            "note",
            "scopes",
            Phrase(N_("optional ones not granted: %(scopes)s"), scopes=", ".join(sorted(missing))),
            Phrase(
                N_(
                    "without them a message whose answer was lost may be sent twice, marked as a possible repeat"
                )
            ),
        )
    if excess := slack.granted - slack.wanted - slack.optional:
        yield Finding(
            "note",
            "scopes",
            Phrase(N_("not needed: %(scopes)s"), scopes=", ".join(sorted(excess))),
            Phrase(N_("remove them from the app and install it again")),
        )
    if slack.clock_apart is not None and slack.clock_apart > CLOCK_APART:
        yield Finding(
            "problem",
            "clock",
            Phrase(
                N_("%(seconds)s s apart from Slack's"), seconds=f"{slack.clock_apart.total_seconds():.0f}"
            ),
            Phrase(N_("switch on time synchronisation (NTP); beyond 300 s Slack's requests are refused")),
        )


def _events(session: Session, slack: Slack) -> Iterator[Finding]:
    """Events that have never arrived, once any has: Slack does not say to which an app has subscribed."""
    heard = processes.cursors(session, HEARD)
    for event, feature in slack.events.items() if heard else ():
        if HEARD + event not in heard:
            yield Finding(
                "note",
                "events",
                Phrase(
                    N_("%(event)s has never arrived; it is for %(feature)s"),
                    event=event,
                    feature=Phrase(feature),
                ),
                Phrase(
                    N_(
                        "if people have tried that, paste the output of tierbot manifest into the app and install it again"
                    )
                ),
            )


def note_heard(database: Database, event: str, now: datetime) -> None:
    """Remember that Slack delivers an event."""
    with database.write() as session:
        processes.set_cursor(session, HEARD + event, now.isoformat())


def _beats(session: Session, now: datetime) -> Iterator[Finding]:
    newest = processes.newest_beats(session)
    if "worker" not in newest:
        yield Finding(
            "note",
            "jobs",
            Phrase(N_("no process has ever ticked")),
            Phrase(N_("start one: `tierbot run`, or `tierbot tick` from cron")),
        )
        return
    age = now - newest["worker"]
    found = Phrase(N_("last sign of life %(span)s ago"), span=_span(age))
    if age > SILENT:
        remedy = Phrase(N_("start `tierbot run`; under cron this is the time since the last tick"))
        yield Finding("problem", "jobs", found, remedy)
    else:
        yield Finding("ok", "jobs", found)


def _failing(session: Session, now: datetime) -> Iterator[Finding]:
    for one in failing.jobs_failing(session):
        yield Finding(
            "problem",
            "jobs",
            Phrase(
                N_("the job %(job)s has failed for %(span)s: %(reason)s"),
                job=one.job,
                span=_span(now - one.since),
                reason=one.reason,
            ),
            Phrase(N_("the log says why, in the lines job.failed; it is tried again by itself")),
        )


def _held(session: Session, now: datetime) -> Iterator[Finding]:
    since = time_jump.jumped_since(session, now)
    if since is not None:
        yield Finding(
            "problem",
            "time",
            Phrase(
                N_("held: the last time noted is %(since)s UTC; nothing is said"),
                since=f"{since:%Y-%m-%d %H:%M}",
            ),
            Phrase(
                N_("is this machine's date right? tierbot catch-up --show says what waits, --apply goes on")
            ),
        )


def _circuit(session: Session, now: datetime, *, asked: Slack) -> Iterator[Finding]:
    row = send_state.circuit(session)
    if row is None:
        return
    if row.reason:
        yield Finding(
            "problem",
            "sending",
            Phrase(
                N_("stopped for %(span)s: %(reason)s"),
                span=_span(now - (row.opened_at or now)),
                reason=Phrase(row.sentence or row.reason),
            ),
            CIRCUIT_REMEDIES.get(
                row.reason,
                Phrase(N_("Slack is asked every 15 s, and sending goes on by itself once that is solved")),
            ),
        )
    # Slack's answer of a moment ago is newer than the row.
    if asked.clock_apart is None and (row.apart_seconds or 0) > circuit.APART_WARN.total_seconds():
        yield Finding(
            "problem",
            "clock",
            Phrase(
                N_("%(seconds)s s apart from Slack's when a message was last sent"),
                seconds=f"{row.apart_seconds:.0f}",
            ),
            CIRCUIT_REMEDIES[CircuitReason.CLOCK],
        )


def _connection(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether requests arrive, by what the running processes report."""
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        return
    rows = connection.running(session, now)
    if not rows:
        yield Finding(
            "problem" if processes.newest_beats(session) else "note",
            "connection",
            Phrase(N_("no process receives what people type and press in Slack")),
            Phrase(N_("start `tierbot run`")),
        )
    heard = [row.last_request_at for row in rows if row.last_request_at is not None]
    for row in rows:
        if row.problem:
            # Where Slack has been heard, requests that it did not sign may be anybody's.
            level: Literal["note", "problem"] = (
                "note" if row.problem == connection.UNVERIFIED and heard else "problem"
            )
            yield Finding(level, "connection", *connection.describe(row, now))
    if not rows or any(row.problem for row in rows):
        return
    over_http = all(connection.is_over_http(row) for row in rows)
    if heard:
        last = N_("connected; the last request came %(span)s ago")
        if over_http:
            last = N_("listens over HTTP; the last request of Slack came %(span)s ago")
        yield Finding("ok", "connection", Phrase(last, span=_span(now - max(heard))))
    elif over_http:
        yield _unheard(session, now, since=min(row.since for row in rows))
    else:
        yield Finding("ok", "connection", Phrase(N_("connected; no request has come since the start")))


def _unheard(session: Session, now: datetime, *, since: datetime) -> Finding:
    """In HTTP mode only a request shows that the address is right; people who get messages press their buttons."""
    span = _span(now - since)
    if not (sent := messages.count_sent_to_people(session, since)):
        found = Phrase(
            N_("listens over HTTP; no request of Slack has come since the start %(span)s ago"), span=span
        )
        return Finding("note", "connection", found, HTTP_REMEDY)
    found = ngettext(
        "listens over HTTP; no request of Slack has come since the start %(span)s ago, but %(count)s message went to"
        " people",
        "listens over HTTP; no request of Slack has come since the start %(span)s ago, but %(count)s messages went to"
        " people",
        sent,
        span=span,
    )
    return Finding("problem" if now - since > LONG_UNHEARD else "note", "connection", found, HTTP_REMEDY)


def _messages(session: Session, now: datetime) -> Iterator[Finding]:
    oldest, counts = messages.oldest(session), messages.counts(session)
    for state, remedy in STUCK_REMEDIES.items():
        if state in oldest and now - oldest[state] > STUCK:
            found = Phrase(
                N_("%(count)s %(state)s, the oldest for %(span)s"),
                state=Phrase(_STATES[MessageState(state)]),
                count=counts[state],
                span=_span(now - oldest[state]),
            )
            yield Finding("problem", "messages", found, remedy)
    if dead := messages.count_dead(session):
        yield Finding(
            "problem",
            "messages",
            ngettext("%(count)s message could not be sent", "%(count)s messages could not be sent", dead),
            Phrase(
                N_(
                    "tierbot outbox list --state dead says why; tierbot outbox retry ID sends again, tierbot outbox drop"
                    " ID gives it up"
                )
            ),
        )


def _care(session: Session, now: datetime) -> Iterator[Finding]:
    """Steps that nobody is told of. What a person hears only tomorrow is not due before tomorrow."""
    if failed := marks.troubled(session):
        yield Finding(
            "problem",
            "care",
            ngettext(
                "the care of %(count)s customer could not be planned; everybody else's was",
                "the care of %(count)s customers could not be planned; everybody else's was",
                failed,
            ),
            Phrase(
                N_(
                    "the log says why, under care.customer_failed and care.step_failed; it is tried again once a day and"
                    " after each change"
                )
            ),
        )
    if untold := due_touches.count(session, now - UNTOLD):
        yield Finding(
            "note",
            "care",
            ngettext(
                "%(count)s care step has been due for more than a day, and nobody was told",
                "%(count)s care steps have been due for more than a day, and nobody was told",
                untold,
            ),
            Phrase(
                N_(
                    "import owners of the customers, or set TIERBOT_ALERT_CHANNEL for those without one; while nothing"
                    " ticks or is held, nobody is told either"
                )
            ),
        )


def _complaints(session: Session, today: date) -> Iterator[Finding]:
    """Complaints past their deadline that nobody handles."""
    if unattended := complaints.count_unattended(session, today):
        yield Finding(
            "problem",
            "complaints",
            ngettext(
                "%(count)s complaint is past its deadline, and nobody handles it",
                "%(count)s complaints are past their deadlines, and nobody handles them",
                unattended,
            ),
            Phrase(
                N_(
                    "tierbot complaint list --overdue names them; import owners of the customers, or the complaints with"
                    " a handler"
                )
            ),
        )


def _surveys(session: Session, today: date) -> Iterator[Finding]:
    """Low survey scores that nobody follows up."""
    if unfollowed := surveys.count_unfollowed(session, today):
        yield Finding(
            "note",
            "surveys",
            ngettext(
                "%(count)s low survey score has no follow-up",
                "%(count)s low survey scores have no follow-up",
                unfollowed,
            ),
            Phrase(
                N_(
                    "tierbot survey list --low names them; their customers are blocked, or not graded: the follow-up comes"
                    " with the first grading"
                )
            ),
        )


def _promises(session: Session, today: date) -> Iterator[Finding]:
    """Promises past their day that nobody is asked about."""
    if unattended := promises.count_unattended(session, today):
        yield Finding(
            "problem",
            "promises",
            ngettext(
                "%(count)s promise is past its day, and nobody looks after the customer",
                "%(count)s promises are past their days, and nobody looks after the customers",
                unattended,
            ),
            Phrase(N_("tierbot promise list --overdue names them; import owners of the customers")),
        )


def _plans(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    today = local_date(now, settings.zone)
    try:
        care = care_plans.care_of_day(session, load_all(settings.care_plan), today)
    except BotError as error:
        yield Finding("problem", "care", error.phrase, UNUSABLE)
        return
    yield from care_plans.findings(care)


def _people(session: Session, settings: Settings) -> Iterator[Finding]:
    if deputies.admins_left(session, settings.admins):
        yield Finding(
            "problem",
            "people",
            Phrase(N_("every admin has left or is switched off, so nobody may change roles or teams")),
            Phrase(N_("name one in TIERBOT_ADMINS, or: tierbot person role EMAIL admin")),
        )
    unmatched = people.count_unmatched(session)
    if unmatched:
        yield Finding(
            "note",
            "people",
            ngettext(
                "%(count)s person has no Slack user yet: reminders wait, and no direct message tells of tier changes",
                "%(count)s people have no Slack user yet: their reminders wait, and no direct message tells them of tier changes",
                unmatched,
            ),
            Phrase(
                N_(
                    "is the e-mail address the same as in Slack? correct it and import the people again; switch off"
                    " who is in the list a second time under an older address"
                )
            ),
        )
    absent = customers.absent_owners(session)
    if absent:
        yield Finding(
            "problem",
            "people",
            Phrase(
                N_(
                    "look after customers but are no members of the Slack workspace any more (%(count)s): %(names)s;"
                    " their reminders and alerts go to their deputy or the lead of their team, else to the channel"
                ),
                count=len(absent),
                names=", ".join(absent[:MOST_NAMED]) + (" …" if len(absent) > MOST_NAMED else ""),
            ),
            Phrase(
                N_(
                    "import new owners of their customers and switch the people off; a new Slack account with the"
                    " same e-mail address takes over by itself"
                )
            ),
        )


def _gradings(session: Session) -> Iterator[Finding]:
    newest = runs.newest_days(session)
    if not newest:
        yield Finding(
            "note",
            "grading",
            Phrase(N_("nothing has been graded yet")),
            Phrase(N_("tierbot grade --scheme orders_only, or one you proposed")),
        )
    for purpose, day in newest.items():
        yield Finding(
            "ok",
            "grading",
            Phrase(N_("%(purpose)s: as of %(day)s"), purpose=Phrase(_PURPOSES[Purpose(purpose)]), day=day),
        )


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return Phrase(N_("%(count)s s"), count=seconds)
    return (
        Phrase(N_("%(count)s min"), count=seconds // 60)
        if seconds < 7200
        else Phrase(N_("%(count)s h"), count=seconds // 3600)
    )


def _figures(session: Session) -> Iterator[Finding]:
    """Whether what lists and value at risk go by follows the newest grading."""
    if figures.is_due(session):
        yield Finding(
            "problem",
            "figures",
            Phrase(
                N_(
                    "the figures of accounts are older than the newest grading, which lists and value at risk go by"
                )
            ),
            Phrase(
                N_("a running worker writes them within seconds: is one running? else start `tierbot run`")
            ),
        )
