"""Acknowledge first, work afterwards: own threads do what was pressed, once Slack has its answer.

Slack waits three seconds for an acknowledgement and does not send a press again. So nothing that can take long (a
write to the database, a call to Slack) may come before it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import structlog
from slack_bolt import Ack, BoltContext
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.errors import N_, Conflict
from bot.slack import blocks
from bot.wording.actions import Pointer
from db.processes import InboundKey, Repeated

# With the listeners that answer directly no more than the connections of db.engine, so that no thread waits for one.
READERS, WRITERS = 5, 5
MOST_WAITING = 200  # presses; for one more Slack tells the person at once that it did not work
REMEMBERED = 10_000  # requests
ANSWER_TIMEOUT = 10  # seconds
GONE = frozenset({"not_found", "view_not_found"})
BEGIN = "tierbot_begin"  # in the context of a request: the function to call once it has been answered

log = structlog.get_logger()


class Full(Exception):
    """So much is waiting that more must not be acknowledged."""


@dataclass(frozen=True, kw_only=True)
class Press:
    """A click, choice, form, command or event, and the client to answer with."""

    body: dict[str, Any]
    client: WebClient

    @property
    def user_id(self) -> str:
        return str(self.body["user_id"] if "user_id" in self.body else self.body["user"]["id"])

    @property
    def pointer(self) -> Pointer:
        """What the pressed button, or the chosen option, points at. Raises BadInput."""
        action = self.body["actions"][0]
        return blocks.decode(action.get("value") or (action.get("selected_option") or {}).get("value"))

    @property
    def key(self) -> InboundKey:
        """The same for a click that Slack sends twice, another one for a second click."""
        body, team = self.body, (self.body.get("team") or {}).get("id") or self.body.get("team_id") or ""
        kind = str(body.get("type") or "command")
        if kind == "view_submission":
            # Not the view's hash: a form that came back with an error keeps it, and is submitted again.
            key = f"{body['view']['id']}:{body.get('trigger_id')}"
        elif kind == "event_callback":  # which Slack delivers up to four times
            key = str(body.get("event_id"))
        else:
            action = (body.get("actions") or [{}])[0]
            key = f"{body.get('trigger_id')}:{action.get('action_ts')}"
        return InboundKey(team_id=team, kind=kind, key=key)

    def respond(self, content: dict[str, Any], **how: Any) -> None:
        """Answer to the response_url, once: Slack's own client retries after a dropped connection."""
        webhook = WebhookClient(self.body["response_url"], timeout=ANSWER_TIMEOUT, retry_handlers=[])
        response = webhook.send_dict({**content, **how})
        if response.status_code != 200:
            log.warning("slack.respond_failed", status=response.status_code)
            raise Conflict(N_("Slack did not take the answer. Ask again with /tier."))

    def open_view(self, view: dict[str, Any]) -> None:
        self.client.views_open(trigger_id=self.body["trigger_id"], view=view)

    def push_view(self, view: dict[str, Any]) -> None:
        """Show a view on top of the one that was pressed in."""
        self.client.views_push(trigger_id=self.body["trigger_id"], view=view)

    def update_view(self, view: dict[str, Any]) -> None:
        """Show the outcome in place of the form; to a person who has closed it, as a direct message."""
        try:
            self.client.views_update(view_id=self.body["view"]["id"], view=view)
        except SlackApiError as error:
            if error.response.get("error") not in GONE:
                raise
            self.client.chat_postMessage(
                channel=self.user_id, text=view["title"]["text"], blocks=view["blocks"]
            )


Work = Callable[[Press], None]


class Recent:
    """The newest requests of this process, to drop repeats cheaply. Rows in the database guard the effects."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[InboundKey, None] = OrderedDict()

    def is_new(self, key: InboundKey) -> bool:
        with self._lock:
            if key in self._seen:
                return False
            self._seen[key] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return True


class WorkQueue:
    """A number of threads for what was acknowledged, and a limit of what may wait for them.

    The threads are daemons, so that work that hangs does not keep the process from stopping.
    """

    def __init__(
        self, name: str, threads: int, explain: Callable[[Exception, Press], None], recent: Recent
    ) -> None:
        self._explain = explain
        self._recent = recent
        self._most = MOST_WAITING
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._changed = threading.Condition()
        self.unfinished = 0  # what waits, and what is being done
        self._closed = False
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def __call__(self, work: Work) -> Callable[..., None]:
        """A listener that acknowledges and has the work done afterwards."""

        def acknowledge(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
            self.defer(context, Press(body=body, client=client), work)
            ack()

        return acknowledge

    def defer(self, context: BoltContext, press: Press, work: Work) -> None:
        """Have this done once the request has been answered. Raises Full when it must not be acknowledged."""
        if self.unfinished >= self._most:
            raise Full
        context[BEGIN] = lambda: self._begin(press, work)

    def put(self, job: Callable[[], None]) -> None:
        """Have a job done; by the caller's thread when the queue is closed, because it was acknowledged."""
        with self._changed:
            self.unfinished += 1
            if not self._closed:
                self._jobs.put(job)
                return
        self._do(job)

    def close(self, until: float) -> int:
        """Finish the jobs, until this time on the monotonic clock; how many were left undone."""
        with self._changed:
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)
            self._changed.wait_for(lambda: self.unfinished == 0, max(0.0, until - time.monotonic()))
            return self.unfinished

    def _begin(self, press: Press, work: Work) -> None:
        if self._recent.is_new(press.key):
            self.put(lambda: self._answer(press, work))

    def _answer(self, press: Press, work: Work) -> None:
        try:
            work(press)
        except Repeated:
            log.info("press.repeated")
        except Exception as error:
            self._explain(error, press)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            log.error("pool.failed", error=type(error).__name__, exc_info=error)
        finally:
            with self._changed:
                self.unfinished -= 1
                self._changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """Two queues, so that a read never waits behind a write. Views are opened in `reads`: a trigger lives 3 seconds."""

    reads: WorkQueue
    writes: WorkQueue

    def close(self, seconds: float) -> int:
        """Finish what was acknowledged, within so many seconds; how much was left undone, which is logged."""
        until = time.monotonic() + seconds
        undone = self.reads.close(until) + self.writes.close(until)
        if undone:
            log.error("presses.undone", count=undone)
        return undone


def queues(explain: Callable[[Exception, Press], None]) -> Deferred:
    """Both queues with their threads; `explain` gets the errors of their work."""
    recent = Recent()
    return Deferred(
        reads=WorkQueue("reads", READERS, explain, recent),
        writes=WorkQueue("writes", WRITERS, explain, recent),
    )
