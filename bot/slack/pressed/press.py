"""A click, choice, form, command or event: who pressed, what it points at, and where its answer goes."""

from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.errors import N_, Conflict
from bot.slack import blocks, retries
from bot.slack.fair_queue import NOBODY
from bot.slack.pressed import replies
from bot.wording.actions import Pointer
from db.processes import InboundKey

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Press:
    """A click, choice, form, command or event, and the client to answer with."""

    body: dict[str, Any]
    client: WebClient

    @property
    def bot_user_id(self) -> str | None:
        """The bot's own user, as an event names it."""
        given = self.body.get("authorizations") or [{}]
        found = given[0].get("user_id")
        return found if isinstance(found, str) else None

    @property
    def user_id(self) -> str:
        if "user_id" in self.body:
            return str(self.body["user_id"])
        found = (self.body.get("user") or {}).get("id") or self.event.get("user")
        return found if isinstance(found, str) else NOBODY

    @property
    def event(self) -> dict[str, Any]:
        """What happened, when it is an event; empty otherwise."""
        event = self.body.get("event")
        return event if isinstance(event, dict) else {}

    @property
    def view(self) -> dict[str, Any]:
        """The view in which it was pressed; empty when that was a message."""
        return self.body.get("view") or {}

    @property
    def in_home(self) -> bool:
        return self.view.get("type") == "home"

    @property
    def in_answer(self) -> bool:
        """Whether it was pressed in a modal that shows an answer."""
        return self.view.get("callback_id") == replies.ANSWER

    @property
    def may_respond(self) -> bool:
        """Whether `respond` has a place for an answer: not where a form was sent."""
        pressed = "actions" in self.body and "view" in self.body
        return "response_url" in self.body or "channel" in self.event or pressed

    @property
    def is_private(self) -> bool:
        """Whether what was pressed is on a message, or an answer in a view, that nobody else reads."""
        where = self.body.get("container") or {}
        channel = str(where.get("channel_id") or "")
        if self.in_answer:
            return True
        return "response_url" in self.body and bool(where.get("is_ephemeral") or channel.startswith("D"))

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
        """Answer to the response_url, as often as that helps; without one where it was asked, for the asker only.

        Raises Conflict.
        """
        if "response_url" not in self.body:
            self._respond_without_url(content, in_place=bool(how.get("replace_original")))
            return
        # A private answer that comes twice, or replaces the same message again, does no harm.
        harmless = how.get("response_type") != "in_channel"
        try:
            retries.respond(self.body["response_url"], {**content, **how}, harmless=harmless)
        except (retries.NotTaken, OSError, HTTPException) as error:
            log.warning("slack.respond_failed", error=str(error) or type(error).__name__)
            if harmless or retries.was_refused(error):
                raise NotAnswered from None
            raise MaybeAnswered from None

    def _respond_without_url(self, content: dict[str, Any], *, in_place: bool) -> None:
        try:
            if self.event:
                replies.post_to_asker(self.client, self.event, content)
            else:
                replies.show(self.client, self.body, content, in_place=in_place)
        except (OSError, HTTPException) as error:
            log.warning("slack.respond_failed", error=type(error).__name__)
            raise NotAnswered from None

    def open_view(self, view: dict[str, Any]) -> str:
        """Show a view, on top of the modal that was pressed in; its id."""
        if self.view.get("type") == "modal":
            return self.push_view(view)
        return _id_of(self.client.views_open(trigger_id=self.body["trigger_id"], view=view))

    def push_view(self, view: dict[str, Any]) -> str:
        """Show a view on top of the one that was pressed in; its id."""
        return _id_of(self.client.views_push(trigger_id=self.body["trigger_id"], view=view))


def _id_of(answer: Any) -> str:
    return str((answer.get("view") or {}).get("id") or "")


class NotAnswered(Conflict):
    """Slack did not take an answer."""

    def __init__(self) -> None:
        super().__init__(N_("Slack did not take the answer. Ask again with /tier."))


class MaybeAnswered(Conflict):
    """Slack did not say whether it took an answer that a whole channel reads."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "Slack did not say whether the card was shared. Look in the channel; if it is not there, ask again"
                " with /tier and share it."
            )
        )
