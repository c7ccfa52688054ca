"""What people do, handed to the app, and what they then see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from bot.demo.workspace.api.chat import add_response, message_json
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.elements import (
    Inputs,
    action_of,
    complaints,
    find_element,
    state_values,
    value_of,
)
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.state.records import BOT_USER_ID, Command, Json, Outcome, StoredMessage, View
from bot.demo.workspace.wire.payloads import (
    Place,
    actions_payload,
    closed_payload,
    command_payload,
    event_payload,
    submission_payload,
    suggestion_payload,
)
from bot.demo.workspace.wire.socket_mode import NotAcknowledged, NotConnected

_TROUBLE = "We had some trouble connecting. Try again?"


class PayloadRoute(Protocol):
    """How payloads reach the app: Socket Mode or HTTP."""

    async def deliver(self, kind: str, payload: Json, *, accepts_payload: bool) -> Json:
        """The app's acknowledgement; NotAcknowledged or NotConnected where there is none."""
        ...


class Interactions:
    """One method per thing a person can do; each runs on the server's event loop."""

    def __init__(self, platform: Platform, delivery: PayloadRoute, commands: Iterable[Command]) -> None:
        self._platform = platform
        self.delivery = delivery
        self.commands = tuple(commands)
        # Options that external selects were given, so that a choice can be sent back whole.
        self._offered: dict[str, Json] = {}
        # Payloads held back by `out_of_order` until another has been taken.
        self._overtaken: set[asyncio.Event] = set()

    async def _deliver(self, kind: str, payload: Json, *, accepts_payload: bool = True) -> Json | Outcome:
        await self._fall_behind(kind)
        try:
            return await self.delivery.deliver(kind, payload, accepts_payload=accepts_payload)
        except NotAcknowledged:
            return Outcome(error="operation_timeout")
        except NotConnected:
            return Outcome(error="dispatch_failed")
        finally:
            for held in self._overtaken:
                held.set()

    async def _fall_behind(self, kind: str) -> None:
        fault = self._platform.faults.draw("order", kind)
        if fault:
            held = asyncio.Event()
            self._overtaken.add(held)
            with suppress(TimeoutError):
                await asyncio.wait_for(held.wait(), fault.seconds)
            self._overtaken.discard(held)

    def _notice(self, user: str, channel: str, sentence: str, error: str) -> Outcome:
        self._platform.state.add_message(
            channel=channel, user="USLACKBOT", text=sentence, only_for=user, is_notice=True
        )
        return Outcome(error=error, message=sentence)

    async def command(self, user_id: str, channel_id: str, name: str, text: str) -> Outcome:
        """Run a slash command."""
        user, channel = self._platform.state.user(user_id), self._platform.state.channel(channel_id)
        if user.id not in channel.members:
            raise ApiError("not_in_channel")
        if self.commands and name not in {command.name for command in self.commands}:
            return self._notice(user.id, channel.id, f"{name} is not a valid command.", "invalid_command")
        answer = await self._deliver(
            "slash_commands", command_payload(self._platform, user, channel, name, text)
        )
        if isinstance(answer, Outcome):
            sentence = f'{name} failed with the error "{answer.error}"'
            if answer.error == "operation_timeout":
                sentence = f"{name} did not respond ({answer.error}). Try again?"
            return self._notice(user.id, channel.id, sentence, answer.error)
        if answer.get("text") or answer.get("blocks"):
            try:
                add_response(self._platform, user.id, channel.id, answer)
            except ApiError as refused:
                return self._notice(
                    user.id, channel.id, f'{name} failed with the error "{refused.code}"', refused.code
                )
        return Outcome()

    def place(self, user_id: str, *, channel: str = "", ts: str = "", view_id: str = "") -> Place:
        """The message or view a person can act on; what they cannot see is not found."""
        if view_id:
            view = self._platform.views.find(view_id)
            if view.user != user_id:
                raise ApiError("not_found")
            return view
        message = self._platform.state.find_message(channel, ts)
        hidden = message.only_for not in (None, user_id)
        if hidden or user_id not in self._platform.state.channel(channel).members:
            raise ApiError("message_not_found")
        return message

    async def act(
        self,
        user_id: str,
        place: Place,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
        inputs: Inputs | None = None,
    ) -> Outcome:
        """Press a button or choose an option."""
        user = self._platform.state.user(user_id)
        found_block, element = find_element(place.blocks, action_id, block_id=block_id, value=value)
        entered = {key: dict(held) for key, held in (inputs or {}).items()}
        if element["type"] not in ("button", "overflow"):
            entered.setdefault(found_block, {})[action_id] = value
        action = action_of(found_block, element, value, self._platform.state.next_ts(), self._offered)
        values = state_values(place.blocks, entered, self._offered)
        answer = await self._deliver(
            "interactive", actions_payload(self._platform, user, place, action, values), accepts_payload=False
        )
        if not isinstance(answer, Outcome):
            return Outcome()
        sentence = f"The app did not respond ({answer.error}). Try again?"
        if isinstance(place, StoredMessage):
            return self._notice(user.id, place.channel, sentence, answer.error)
        return Outcome(error=answer.error, message=_TROUBLE)

    async def suggest(
        self, user_id: str, place: Place, block_id: str, action_id: str, typed: str
    ) -> list[Json]:
        """The options an external select offers for what was typed."""
        _, element = find_element(place.blocks, action_id, block_id=block_id)
        user = self._platform.state.user(user_id)
        payload = suggestion_payload(self._platform, user, place, element, block_id, typed)
        answer = await self._deliver("interactive", payload)
        if isinstance(answer, Outcome):
            raise ApiError(answer.error)
        options = list(answer.get("options") or ())
        for group in answer.get("option_groups") or ():
            options += group["options"]
        self._offered |= {option["value"]: option for option in options}
        return options

    def _values_by_name(self, view: View, values: Mapping[str, Any]) -> Inputs:
        """Inputs from {block_id or action_id: value}."""
        inputs: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            for block in view.blocks:
                element = block.get("element") or block.get("accessory") or {}
                if name in (block["block_id"], element.get("action_id")) and element:
                    value_of(element, value, self._offered)
                    inputs[block["block_id"]] = {element["action_id"]: value}
                    break
            else:
                raise ApiError("block_not_found", name=name)
        return inputs

    async def submit_named(self, user_id: str, view: View, values: Mapping[str, Any]) -> Outcome:
        """Submit a modal with values by block id or action id."""
        return await self.submit(user_id, view, self._values_by_name(view, values))

    async def submit(self, user_id: str, view: View, inputs: Inputs) -> Outcome:
        """Submit a modal; the app's answer may close, change or push it, or complain about inputs."""
        user = self._platform.state.user(user_id)
        values = state_values(view.blocks, inputs, self._offered)
        faults = complaints(view.blocks, values)
        if faults:
            self._platform.views.show_errors(view, faults)
            return Outcome(error="invalid_input", errors=faults)
        followed = self._platform.sent_in[view.id] = asyncio.Event()
        try:
            answer = await self._deliver(
                "interactive", submission_payload(self._platform, user, view, values)
            )
            if isinstance(answer, Outcome):
                return Outcome(error=answer.error, message=_TROUBLE)
            return self._follow(user.id, view, answer)
        except ApiError as refused:
            detail = "; ".join([refused.code, *refused.messages])
            return Outcome(error="invalid_response", message=f"{_TROUBLE} ({detail})")
        finally:
            followed.set()
            self._platform.sent_in.pop(view.id, None)

    def _follow(self, user: str, view: View, answer: Json) -> Outcome:
        views, action = self._platform.views, answer.get("response_action")
        if action == "errors":
            errors = {str(block): str(sentence) for block, sentence in (answer.get("errors") or {}).items()}
            inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
            if not errors or not errors.keys() <= inputs:
                raise ApiError("errors_must_name_input_blocks")
            views.show_errors(view, errors)
            return Outcome(error="invalid_input", errors=errors)
        if action == "update":
            views.update(view, answer.get("view"))
        elif action == "push":
            views.push(user, answer.get("view"))
        elif action == "clear":
            views.clear(user)
        elif action is None:
            views.close(view)
        else:
            raise ApiError("invalid_response_action")
        return Outcome()

    async def close(self, user_id: str, view: View, *, clear: bool = False) -> Outcome:
        """Close a modal; the app hears of it where it asked to."""
        user = self._platform.state.user(user_id)
        notify = bool(view.spec.get("notify_on_close"))
        if clear or view.spec.get("clear_on_close"):
            self._platform.views.clear(user.id)
        else:
            self._platform.views.close(view)
        if notify:
            payload = closed_payload(user, view, is_cleared=clear)
            await self._deliver("interactive", payload, accepts_payload=False)
        return Outcome()

    async def event(self, event: Json) -> None:
        """Tell the app of an event it has subscribed to."""
        payload = event_payload(self._platform, event)
        await self._deliver("events_api", payload, accepts_payload=False)

    async def open_home(self, user_id: str) -> None:
        """Look at the app's Home tab."""
        channel = self._platform.state.dm(user_id)
        if "app_home_opened" in self._platform.events:
            ts = self._platform.state.next_ts()
            event = {
                "type": "app_home_opened",
                "user": user_id,
                "channel": channel.id,
                "tab": "home",
                "event_ts": ts,
            }
            await self.event(event)

    async def say(self, user_id: str, channel_id: str, text: str) -> StoredMessage:
        """Post as a person; the app hears of it where it has subscribed."""
        user, channel = self._platform.state.user(user_id), self._platform.state.channel(channel_id)
        if user.id not in channel.members:
            raise ApiError("not_in_channel")
        if not text.strip():
            raise ApiError("no_text")
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        bot = self._platform.state.users[BOT_USER_ID].real_name
        escaped = re.sub(rf"@{re.escape(bot)}\b", f"<@{BOT_USER_ID}>", escaped, flags=re.IGNORECASE)
        message = self._platform.state.add_message(channel=channel.id, user=user.id, text=escaped)
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        body = message_json(message) | {"channel": channel.id, "channel_type": kind, "event_ts": message.ts}
        plural = {"im": "im", "group": "groups", "channel": "channels"}[kind]
        if BOT_USER_ID in channel.members and f"message.{plural}" in self._platform.events:
            await self.event(body)
        if f"<@{BOT_USER_ID}>" in escaped and "app_mention" in self._platform.events:
            await self.event(body | {"type": "app_mention"})
        return message
