"""The forms that record something and those of an act about it: they store first, and answer then."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from slack_bolt import Ack, BoltContext

from bot.errors import N_, BotError, Conflict
from bot.services.access import Actor
from bot.services.care.answers.contacts import SOURCE
from bot.slack import blocks, forms, outcomes
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Pointer
from bot.wording.message_base import Message
from db.processes import InboundKey, Repeated

Title = TypeVar("Title")


class HasMessage(Protocol):
    """What an act has made of something that is recorded."""

    @property
    def message(self) -> Message: ...


Result = TypeVar("Result", bound=HasMessage)


def save_new(
    deps: Dependencies,
    deferred: Deferred,
    ack: Ack,
    press: Press,
    title: str,
    record: Callable[[Actor, dict[str, Any], dict[str, Any]], HasMessage],
) -> None:
    """Store what a form records; until it is stored, the form keeps what was typed. `title` is a msgid.

    `record` is given the actor, the view, and what everything that is recorded takes: a form that is sent again, because
    its answer was lost, has the same id.
    """

    def store(attempt: Attempt) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        besides = {
            "meant": blocks.decode(view["private_metadata"]),
            "source": SOURCE,
            "external_id": f"view:{view['id']}",
            "rules": deps.rules,
            "now": deps.clock.now(),
            "before_commit": attempt.before_commit,
        }
        with deps.bounds.asking(actor):
            recorded = record(actor, view, besides)
        shown = outcomes.view(deps, recorded.message, actor.language, title)
        return {"response_action": "update", "view": shown}

    ack(**deferred.writes.finish(press, store))


def show_undone(deps: Dependencies, press: Press, message: Message, actor: Actor, title: str) -> None:
    """Show what is left in the view in which *Undo* was pressed, if it was in one."""
    if "view" in press.body:
        view = outcomes.view(deps, message, actor.language, title)
        press.client.views_update(view_id=press.body["view"]["id"], view=view)


@dataclass(frozen=True)
class ActForms(Generic[Result]):
    """The forms about one kind of record: how one is read as it is now, and shown where it was pressed."""

    deps: Dependencies
    deferred: Deferred
    kind: str  # of the request, which is taken once
    current: Callable[[Actor, Pointer], Result]
    show: Callable[[Dependencies, Press, Result, Actor], None]

    def title(self, press: Press, actor: Actor, read: Callable[[], Title]) -> Title:
        """What a form is about. When somebody was faster, the message shows what has become of it."""
        with self.deps.bounds.asking(actor):
            try:
                return read()
            except Conflict:
                self.show(self.deps, press, self.current(actor, press.pointer), actor)
                raise

    def save(
        self,
        ack: Ack,
        press: Press,
        context: BoltContext,
        act: Callable[[Actor, Pointer, dict[str, Any], dict[str, Any]], Result],
    ) -> None:
        """Store what a form says; the message that was pressed is updated afterwards.

        `act` is given the actor, what the form is about, the view, and what every act takes besides.
        """
        deps = self.deps
        pointer, opened = forms.opened_by(press)

        def store(attempt: Attempt) -> dict[str, Any]:
            actor, view = deps.identify(press.user_id), press.body["view"]
            # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
            request = InboundKey(team_id=press.key.team_id, kind=self.kind, key=str(view["id"]))
            besides = {"now": deps.clock.now(), "request": request, "before_commit": attempt.before_commit}
            with deps.bounds.asking(actor):
                try:
                    acted = act(actor, pointer, view, besides)
                except Repeated:
                    attempt.settle()
                    acted = self.current(actor, pointer)
            shown = outcomes.view(deps, acted.message, actor.language, N_("Saved"))
            return {"response_action": "update", "view": shown}

        def refresh() -> None:
            with suppress(BotError):  # what may be seen no more is left as it is
                actor = deps.identify(press.user_id)
                self.show(deps, opened, self.current(actor, pointer), actor)

        context[BEGIN] = lambda: self.deferred.writes.put(refresh, press.user_id)
        ack(**self.deferred.writes.finish(press, store))
