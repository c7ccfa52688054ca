"""The modals and Home tabs that people have open, and the rules for changing them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.blocks import check_view
from bot.demo.workspace.limits.elements import with_ids
from bot.demo.workspace.records import APP_ID, BOT_ID, TEAM_ID, Json, View
from bot.demo.workspace.state.memory import State

MOST_STACKED = 3


class Views:
    """Each person has a stack of at most three modals, and one Home tab."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._views: dict[str, View] = {}
        self._stacks: dict[str, list[str]] = {}
        self._homes: dict[str, str] = {}

    def top(self, user: str) -> View | None:
        """The modal in front, if any."""
        with self._state.changed:
            stack = self._stacks.get(user)
            return self._views[stack[-1]] if stack else None

    def home(self, user: str) -> View | None:
        """A person's Home tab, once the app has published one."""
        with self._state.changed:
            return self._views.get(self._homes.get(user, ""))

    def find(self, view_id: str) -> View:
        """An open view, or `not_found`."""
        with self._state.changed:
            if view_id not in self._views:
                raise ApiError("not_found")
            return self._views[view_id]

    def find_external(self, external_id: str) -> View:
        """An open view by the id the app chose, or `not_found`."""
        with self._state.changed:
            for view in self._views.values():
                if external_id and view.spec.get("external_id") == external_id:
                    return view
        raise ApiError("not_found")

    def _hash(self, spec: Json) -> str:
        digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self._state.next_ts()}.{digest}"

    def _prepare(self, spec: Any, kind: str) -> Json:
        check_view(spec)
        if spec["type"] != kind:
            message = f"[ERROR] view must be of type {kind} [json-pointer:/view/type]"
            raise ApiError("invalid_arguments", messages=[message])
        return {**spec, "blocks": list(with_ids(spec["blocks"], self._state.next_number))}

    def _store(self, view: View) -> View:
        self._views[view.id] = view
        self._state.bump()
        return view

    def _new(self, user: str, spec: Json, parent: View | None) -> View:
        external = spec.get("external_id")
        if external and any(view.spec.get("external_id") == external for view in self._views.values()):
            raise ApiError("duplicate_external_id")
        view_id = f"V{self._state.next_number():08d}"
        return View(
            id=view_id,
            user=user,
            spec=spec,
            hash=self._hash(spec),
            root_id=parent.root_id if parent else view_id,
            previous_id=parent.id if parent else None,
        )

    def open(self, user: str, spec: Any) -> View:
        """Show a modal in the place of those that were open."""
        prepared = self._prepare(spec, "modal")
        with self._state.changed:
            self.clear(user)
            view = self._new(user, prepared, None)
            self._stacks[user] = [view.id]
            return self._store(view)

    def push(self, user: str, spec: Any) -> View:
        """Put a modal on the stack; `push_limit_reached` above three."""
        prepared = self._prepare(spec, "modal")
        with self._state.changed:
            stack = self._stacks.get(user, [])
            if not stack:
                raise ApiError("not_found")
            if len(stack) >= MOST_STACKED:
                raise ApiError("push_limit_reached")
            view = self._new(user, prepared, self._views[stack[-1]])
            stack.append(view.id)
            return self._store(view)

    def update(self, view: View, spec: Any, hash_given: str | None = None) -> View:
        """Replace the content of a view; `hash_conflict` where it has changed since."""
        prepared = self._prepare(spec, view.type)
        with self._state.changed:
            current = self.find(view.id)
            if hash_given and hash_given != current.hash:
                raise ApiError("hash_conflict")
            return self._store(replace(current, spec=prepared, hash=self._hash(prepared), errors={}))

    def publish(self, user: str, spec: Any, hash_given: str | None = None) -> View:
        """Show content on a person's Home tab."""
        self._state.user(user)
        home = self.home(user)
        if home:
            return self.update(home, spec, hash_given)
        prepared = self._prepare(spec, "home")
        with self._state.changed:
            view = self._new(user, prepared, None)
            self._homes[user] = view.id
            return self._store(view)

    def show_errors(self, view: View, errors: dict[str, str]) -> None:
        """Show sentences under the inputs of a modal, by block id."""
        with self._state.changed:
            self._store(replace(self.find(view.id), errors=errors))

    def close(self, view: View) -> None:
        """Close a modal and those on top of it; the one below shows again."""
        with self._state.changed:
            stack = self._stacks.get(view.user, [])
            while stack and view.id in stack:
                self._views.pop(stack.pop(), None)
            self._state.bump()

    def clear(self, user: str) -> None:
        """Close every modal of a person."""
        with self._state.changed:
            for view_id in self._stacks.pop(user, []):
                self._views.pop(view_id, None)
            self._state.bump()


def view_json(view: View, values: dict[str, dict[str, Json]] | None = None) -> Json:
    """A view in Slack's format."""
    empty = {"title": None, "submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        **(empty if view.type == "modal" else {}),
        **view.spec,
        "id": view.id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "state": {"values": values or {}},
    }
