"""Whether this installation receives what Slack sends: what each process knows, in Socket Mode of its connection.

A process keeps it in memory for /readyz, and reports it in a row for the doctor, /metrics and the other processes.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.clock import Clock, ShiftedClock, SystemClock
from bot.errors import N_, Phrase, ngettext
from db import connections
from db.connections import SlackConnection
from db.engine import Database

log = structlog.get_logger()

CONNECTING, UNREACHABLE, SHARED, OTHER_APP = "connecting", "unreachable", "shared", "other_app"
UNVERIFIED = "unverified"  # HTTP mode; anybody can cause it, so it must not end what depends on /readyz
FULL, DISABLED = "too_many_websockets", "link_disabled"  # Slack's words, of its `disconnect`
FRESH = timedelta(seconds=60)  # a running process reports four times as often

_NETWORK = N_("check the network and the proxy of this machine; it connects again by itself")
_REMEDIES: dict[str, str] = {
    UNVERIFIED: N_(
        "copy the signing secret again from the app's page, under Basic Information, set SLACK_SIGNING_SECRET and start"
        " Tierbot again; is this machine's clock right?"
    ),
    CONNECTING: _NETWORK,
    UNREACHABLE: _NETWORK,
    FULL: N_(
        "end other processes that use this app token; connections of machines that vanished end by themselves"
    ),
    DISABLED: N_("switch it on, on the app's page under Socket Mode; it connects again by itself"),
    OTHER_APP: N_("copy both tokens from the page of one app, set them and start Tierbot again"),
    SHARED: N_(
        "end the other installation, or give it a Slack app of its own; a connection that a machine has lost ends by"
        " itself within minutes"
    ),
}
# Slack's words for an app token that it does not take: trying again does not help before a person has acted.
TOKEN_REFUSALS = frozenset(
    {
        "account_inactive",
        "forbidden_team",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "team_disabled",
        "token_expired",
        "token_revoked",
        "user_removed_from_team",
    }
)
_TOKEN_REMEDY = N_(
    "create an app-level token with connections:write on the app's page, under Basic Information, set SLACK_APP_TOKEN"
    " and start Tierbot again"
)
_LATER_REMEDY = N_("Slack is asked again by itself; see status.slack.com if this stays")


@dataclass(frozen=True, kw_only=True)
class ConnectionState:
    """How a process hears Slack at one moment; `problem` is empty while everything it should hear arrives.

    `connected`, `counted` and `others` are of Socket Mode: in HTTP mode there is no connection to keep.
    """

    since: datetime
    problem: str = CONNECTING  # one of those above, or Slack's error
    connected: bool = False
    counted: int | None = None
    others: int = 0


class ConnectionWatch:
    """How this process hears Slack, for any thread. There is no state before `begin` or `listen`: in a worker."""

    def __init__(self, boot_id: str, clock: Clock) -> None:
        self.boot_id = boot_id
        self.changed = threading.Event()  # the state is to be reported
        self.heard_at: float | None = None  # when Slack last sent a request, on the monotonic clock
        self._clock = clock
        self._lock = threading.Lock()
        self._state: ConnectionState | None = None

    @property
    def state(self) -> ConnectionState | None:
        return self._state

    def begin(self) -> None:
        """From now on this process should be connected."""
        with self._lock:
            self._state = ConnectionState(since=self._clock.now())

    def listen(self) -> None:
        """From now on this process should get requests over HTTP."""
        with self._lock:
            self._state = ConnectionState(since=self._clock.now(), problem="")
        self.changed.set()

    def heard(self) -> None:
        """A request with Slack's signature has come over HTTP."""
        self.heard_at = time.monotonic()
        if self._require().problem:
            with self._lock:
                self._change(self._require(), problem="")

    def refused(self) -> None:
        """A request has come over HTTP whose signature is wrong or old: perhaps Slack's, with another secret.

        Not Slack's while others are verified.
        """
        if self.heard_at is not None and time.monotonic() - self.heard_at < FRESH.total_seconds():
            return
        if not self._require().problem:
            with self._lock:
                self._change(self._require(), problem=UNVERIFIED)

    def opened(self, counted: int | None, others: int) -> None:
        """A connection was opened; `others` are those that are not this installation's.

        One count after a loss is no proof: Slack may still count the lost connection. The next count tells.
        """
        with self._lock:
            before = self._require()
            problem = SHARED if others and before.others else ""
            self._change(before, problem=problem, connected=True, counted=counted, others=others)
        log.info("slack.connected", counted=counted, others=others)

    def lost(self, reason: str) -> None:
        """The connection ended, and is replaced."""
        with self._lock:
            self._change(self._require(), problem=CONNECTING, connected=False, others=0)
        log.warning("slack.disconnected", reason=reason)

    def failed(self, problem: str) -> None:
        """No connection could be opened. While an older one still works, that is only logged."""
        with self._lock:
            before = self._require()
            if before.connected:
                log.warning("slack.not_renewed", reason=problem)
            else:
                self._change(before, problem=problem)

    def last_request_at(self) -> datetime | None:
        """When Slack last sent a request."""
        if self.heard_at is None:
            return None
        return self._clock.now() - timedelta(seconds=time.monotonic() - self.heard_at)

    def _require(self) -> ConnectionState:
        assert self._state is not None, "begin first"
        return self._state

    def _change(
        self, before: ConnectionState, *, problem: str, connected: bool | None = None, **values: int | None
    ) -> None:
        now = self._clock.now()
        after = replace(
            before,
            problem=problem,
            connected=before.connected if connected is None else connected,
            since=before.since if bool(problem) == bool(before.problem) else now,
            **values,  # type: ignore[arg-type]
        )
        self._state = after
        self.changed.set()
        if problem not in ("", CONNECTING, before.problem):
            found, remedy = describe(after, now)
            log.error("slack.deaf", problem=problem, sentence=f"{found}: {remedy}")


def is_over_http(row: SlackConnection) -> bool:
    """Whether a process listens over HTTP: in Socket Mode one that is not connected has a problem of another kind."""
    return not row.connected and row.problem in ("", UNVERIFIED)


def describe(state: ConnectionState | SlackConnection, now: datetime) -> tuple[Phrase, Phrase]:
    """What a problem is, and what to do."""
    seconds = max(0, int((now - state.since).total_seconds()))
    match state.problem:
        case "connecting":
            found = Phrase(N_("not connected to Slack for %(seconds)s s"), seconds=seconds)
        case "unreachable":
            found = Phrase(N_("Slack cannot be reached for %(seconds)s s"), seconds=seconds)
        case "too_many_websockets":
            found = Phrase(N_("Slack refuses a connection, because the app has ten"))
        case "link_disabled":
            found = Phrase(N_("Socket Mode is switched off for the app"))
        case "unverified":
            found = Phrase(
                N_(
                    "requests come that SLACK_SIGNING_SECRET does not verify, and for %(seconds)s s none that it does"
                ),
                seconds=seconds,
            )
        case "other_app":
            found = Phrase(
                N_(
                    "SLACK_APP_TOKEN and SLACK_BOT_TOKEN are of two apps: what people type and press for one goes to the other"
                )
            )
        case "shared":
            found = ngettext(
                "Slack counts %(count)s connection of the app that this installation does not hold: part of what people type"
                " and press goes there",
                "Slack counts %(count)s connections of the app that this installation does not hold: part of what people type"
                " and press goes there",
                state.others,
            )
        case code if code in TOKEN_REFUSALS:
            return Phrase(N_("Slack refuses the app token: %(code)s"), code=code), Phrase(_TOKEN_REMEDY)
        case code:
            found = Phrase(N_("Slack opens no connection: %(code)s"), code=code)
    return found, Phrase(_REMEDIES.get(state.problem, _LATER_REMEDY))


def report(database: Database, watch: ConnectionWatch, clock: Clock) -> None:
    """Write the state of this process."""
    if (state := watch.state) is None:
        return
    with database.write() as session:
        now = _shared_time(session, clock)
        row = SlackConnection(
            boot_id=watch.boot_id,
            at=now,
            connected=state.connected,
            counted=state.counted,
            others=state.others,
            problem=state.problem,
            since=state.since,
            last_request_at=watch.last_request_at(),
        )
        connections.put(session, row)
        connections.forget(session, now - timedelta(days=1))


def withdraw(database: Database, boot_id: str) -> None:
    """Remove the row of this process, which ends."""
    with database.write() as session:
        connections.remove(session, boot_id)


def held_by_others(database: Database, boot_id: str, clock: Clock) -> int:
    """How many connections other processes of this installation hold."""
    with database.read() as session:
        rows = running(session, _shared_time(session, clock))
        return sum(row.connected and row.boot_id != boot_id for row in rows)


def _shared_time(session: Session, clock: Clock) -> datetime:
    """The database's time, because the clocks of processes differ. Only a clock that stands still, in a test, counts instead."""
    moves = isinstance(clock, SystemClock | ShiftedClock)
    return connections.clock(session) if moves else clock.now()


def running(session: Session, now: datetime) -> Sequence[SlackConnection]:
    """What the running processes report."""
    return connections.reported(session, now - FRESH)
