"""The menu *More…* of a customer's card: each of its choices does what a button of its own would do."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from slack_bolt import App

from bot.errors import BadInput
from bot.slack.deferred import Press
from bot.wording.actions import Action

Listener = Callable[..., Any]


def offers(app: App, action: Action) -> Callable[[Listener], Listener]:
    """Register a listener for a choice of the menu, and for the button that cards of earlier versions have."""

    def is_chosen(body: dict[str, Any]) -> bool:
        with suppress(BadInput):
            return Press(body=body, client=app.client).pointer.choice == action
        return False

    def register(listener: Listener) -> Listener:
        app.action(str(action))(listener)
        app.action(str(Action.MORE), matchers=[is_chosen])(listener)
        return listener

    return register
