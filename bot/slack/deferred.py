"""Acknowledge first, work afterwards: what was pressed is done by threads of our own once Slack has its answer.

Slack waits three seconds for an acknowledgement and does not send a press again, so nothing that can take long (a
database that somebody else writes to, a call to Slack) may stand before it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt import Ack, BoltContext, BoltRequest
from slack_sdk import WebClient

from bot.services.delivery.inbound import InboundKey, Repeated
from bot.slack.pool import Pool

# Together with what answers on the direct path no more than the connections of db.engine, so that nobody waits for one.
READERS, WRITERS = 5, 5
MOST_WAITING = 200  # presses; beyond that Slack says to the person at once that it did not work
REMEMBERED = 10_000  # deliveries
_BEGIN = "tierbot_begin"

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Press:
    """A button, choice, form, command or event, and the client to answer it by."""

    body: dict[str, Any]
    client: WebClient

    @property
    def delivery(self) -> InboundKey:
        """Two clicks are two deliveries, the same click sent twice is one."""
        body, team = self.body, (self.body.get("team") or {}).get("id") or self.body.get("team_id") or ""
        kind = str(body.get("type") or "command")
        if kind == "view_submission":
            # Not the view's hash: a form that was sent back with a complaint keeps it, and is sent in again.
            key = f"{body['view']['id']}:{body.get('trigger_id')}"
        elif kind == "event_callback":  # which Slack delivers up to four times
            key = str(body.get("event_id"))
        else:
            action = (body.get("actions") or [{}])[0]
            key = f"{body.get('trigger_id')}:{action.get('action_ts')}"
        return InboundKey(team_id=team, kind=kind, key=key)


Work = Callable[[Press], None]


@dataclass(frozen=True, kw_only=True)
class WorkQueue:
    """A pool and what happens to errors in it."""

    pool: Pool
    explain: Callable[[Exception, Press], None]
    recent: "Recent"

    def __call__(self, work: Work) -> Callable[..., None]:
        """A listener that acknowledges and leaves the work for afterwards."""

        def acknowledge(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
            self.put(context, Press(body=body, client=client), work)
            ack()

        return acknowledge

    def put(self, context: BoltContext, press: Press, work: Work) -> None:
        """Do this once the request has been answered. Raises Full when it had better not be acknowledged."""
        self.pool.check()
        context[_BEGIN] = lambda: self._begin(press, work)

    def _begin(self, press: Press, work: Work) -> None:
        if self.recent.is_new(press.delivery):
            self.pool.put(lambda: self._do(press, work))

    def _do(self, press: Press, work: Work) -> None:
        try:
            work(press)
        except Repeated:
            log.info("press.repeated")
        except Exception as error:
            self.explain(error, press)


class Recent:
    """The newest deliveries of this process: a repeat costs nothing and is told nothing. Rows guard the effects."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[InboundKey, None] = OrderedDict()

    def is_new(self, delivery: InboundKey) -> bool:
        with self._lock:
            if delivery in self._seen:
                return False
            self._seen[delivery] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return True


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """Two queues, so that a read never waits behind a write; views are opened in `reads`,
    because a trigger lives three seconds."""

    reads: WorkQueue
    writes: WorkQueue
    pools: tuple[Pool, Pool] = field(repr=False)

    def close(self, seconds: float) -> int:
        """Finish what was acknowledged, within so many seconds; how much was left undone, which is logged."""
        until = time.monotonic() + seconds
        undone = sum(pool.close(until) for pool in self.pools)
        if undone:
            log.error("presses.undone", count=undone)
        return undone


def queues(explain: Callable[[Exception, Press], None]) -> Deferred:
    reads = Pool("reads", threads=READERS, most=MOST_WAITING)
    writes = Pool("writes", threads=WRITERS, most=MOST_WAITING)
    recent = Recent()
    return Deferred(
        reads=WorkQueue(pool=reads, explain=explain, recent=recent),
        writes=WorkQueue(pool=writes, explain=explain, recent=recent),
        pools=(reads, writes),
    )


def begin(request: BoltRequest) -> None:
    """The request has been answered: begin what it left for afterwards."""
    work = request.context.get(_BEGIN)
    if work is not None:
        work()
