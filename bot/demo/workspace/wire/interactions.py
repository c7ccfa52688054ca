"""What people do: it is delivered to the app, and the answer is shown."""

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
    find_element,
    input_errors,
    state_values,
    value_of,
)
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import BOT_USER_ID, Command, Json, Outcome, Shortcut, StoredMessage, View
from bot.demo.workspace.state.views import view_json
from bot.demo.workspace.wire.payloads import (
    Place,
    actions_payload,
    closed_payload,
    command_payload,
    escape,
    event_payload,
    shortcut_payload,
    submission_payload,
    suggestion_payload,
)
from bot.demo.workspace.wire.socket_mode import NotAcknowledged, NotConnected

_NO_CONNECTION = "We had some trouble connecting. Try again?"


class PayloadRoute(Protocol):
    """How payloads reach the app: Socket Mode or HTTP."""

    async def deliver(self, kind: str, payload: Json, *, accepts_payload: bool) -> Json:
        """The app's acknowledgement; NotAcknowledged or NotConnected where there is none."""
        ...


class Interactions:
    """One method per thing a person can do; each runs on the server's event loop."""

    def __init__(
        self,
        platform: Platform,
        delivery: PayloadRoute,
        commands: Iterable[Command],
        shortcuts: Iterable[Shortcut] = (),
    ) -> None:
        self._platform = platform
        self.delivery = delivery
        self.commands, self.shortcuts = tuple(commands), tuple(shortcuts)
        # The options that the app gave to external selects, by value: a choice is sent back with its text.
        self._offered: dict[str, Json] = {}
        # Payloads held back by the fault `out_of_order` until another has been acknowledged.
        self._held_back: set[asyncio.Event] = set()

    async def _deliver(self, kind: str, payload: Json, *, accepts_payload: bool = True) -> Json | Outcome:
        await self._hold_back(kind)
        try:
            return await self.delivery.deliver(kind, payload, accepts_payload=accepts_payload)
        except NotAcknowledged:
            return Outcome(error="operation_timeout")
        except NotConnected:
            return Outcome(error="dispatch_failed")
        finally:
            for held in self._held_back:
                held.set()

    async def _hold_back(self, kind: str) -> None:
        fault = self._platform.faults.draw("order", kind)
        if fault:
            held = asyncio.Event()
            self._held_back.add(held)
            with suppress(TimeoutError):
                await asyncio.wait_for(held.wait(), fault.seconds)
            self._held_back.discard(held)

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
        """The message or view a person acts on; what they cannot see is (`message_`)`not_found`."""
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
        return Outcome(error=answer.error, message=_NO_CONNECTION)

    async def shortcut(self, user_id: str, place: Place, callback_id: str) -> Outcome:
        """Choose a shortcut in the menu of a message; those that only one person sees have no such menu."""
        if not isinstance(place, StoredMessage) or place.is_ephemeral:
            raise ApiError("message_not_found")
        if self.shortcuts and callback_id not in {one.callback_id for one in self.shortcuts}:
            raise ApiError("shortcut_not_found")
        user = self._platform.state.user(user_id)
        payload = shortcut_payload(self._platform, user, place, callback_id)
        answer = await self._deliver("interactive", payload, accepts_payload=False)
        if not isinstance(answer, Outcome):
            return Outcome()
        sentence = f"The app did not respond ({answer.error}). Try again?"
        return self._notice(user.id, place.channel, sentence, answer.error)

    async def act_as_given(self, given: Json) -> Outcome:
        """`act` with the arguments in a JSON request."""
        return await self.act(
            given["user"],
            self.place_given(given),
            given["action_id"],
            block_id=given.get("block_id"),
            value=given.get("value"),
            inputs=given.get("inputs"),
        )

    def place_given(self, given: Json) -> Place:
        """`place` with the arguments in a JSON request."""
        named = {name: str(given.get(name) or "") for name in ("channel", "ts", "view_id")}
        return self.place(given["user"], **named)

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
        """The inputs for values by block id or action id."""
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
        """Submit a modal; the app's answer may close, replace or push it, or show errors under its inputs."""
        user = self._platform.state.user(user_id)
        values = state_values(view.blocks, inputs, self._offered)
        errors = input_errors(view.blocks, values)
        if errors:
            self._platform.views.show_errors(view, errors)
            return Outcome(error="invalid_input", errors=errors)
        answered = self._platform.submissions[view.id] = asyncio.Event()
        try:
            answer = await self._deliver(
                "interactive", submission_payload(self._platform, user, view, values)
            )
            if isinstance(answer, Outcome):
                return Outcome(error=answer.error, message=_NO_CONNECTION)
            return self._show_answer(user.id, view, answer)
        except ApiError as refused:
            detail = "; ".join([refused.code, *refused.messages])
            return Outcome(error="invalid_response", message=f"{_NO_CONNECTION} ({detail})")
        finally:
            answered.set()
            self._platform.submissions.pop(view.id, None)

    def _show_answer(self, user: str, view: View, answer: Json) -> Outcome:
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

    async def close(self, user_id: str, view: View) -> Outcome:
        """Close a modal; the app is notified where the view asks for it."""
        user = self._platform.state.user(user_id)
        if view.spec.get("clear_on_close"):
            self._platform.views.clear(user.id)
        else:
            self._platform.views.close(view)
        if view.spec.get("notify_on_close"):
            await self._deliver("interactive", closed_payload(user, view), accepts_payload=False)
        return Outcome()

    async def _deliver_event(self, event: Json) -> None:
        payload = event_payload(self._platform, event)
        await self._deliver("events_api", payload, accepts_payload=False)

    async def open_home(self, user_id: str, tab: str = "home") -> None:
        """Open the app's Home tab, or its Messages tab: Slack sends the event for both, with the view there is."""
        channel, home = self._platform.state.dm(user_id), self._platform.views.home(user_id)
        if "app_home_opened" in self._platform.events:
            event: Json = {"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": tab}
            if home is not None and tab == "home":
                event["view"] = view_json(home)
            await self._deliver_event(event | {"event_ts": self._platform.state.next_ts()})

    async def say(
        self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None
    ) -> StoredMessage:
        """Post as a person, perhaps in a thread; the app gets the events it has subscribed to."""
        user, channel = self._platform.state.user(user_id), self._platform.state.channel(channel_id)
        if user.id not in channel.members:
            raise ApiError("not_in_channel")
        if not text.strip():
            raise ApiError("no_text")
        bot = self._platform.state.users[BOT_USER_ID].real_name
        escaped = re.sub(rf"@{re.escape(bot)}\b", f"<@{BOT_USER_ID}>", escape(text), flags=re.IGNORECASE)
        message = self._platform.state.add_message(
            channel=channel.id, user=user.id, text=escaped, thread_ts=thread_ts
        )
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        body = message_json(message) | {"channel": channel.id, "channel_type": kind, "event_ts": message.ts}
        plural = {"im": "im", "group": "groups", "channel": "channels"}[kind]
        if BOT_USER_ID in channel.members and f"message.{plural}" in self._platform.events:
            await self._deliver_event(body)
        # Slack sends app_mention of channels only, and there beside the message.
        mentioned = f"<@{BOT_USER_ID}>" in escaped and not channel.is_im
        if mentioned and "app_mention" in self._platform.events:
            await self._deliver_event(body | {"type": "app_mention"})
        return message
