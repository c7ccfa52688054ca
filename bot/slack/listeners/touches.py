"""*Done* and *Snooze* on a reminder."""

from collections.abc import Callable
from contextlib import suppress

from slack_bolt import App

from bot.errors import BotError, Conflict
from bot.services.care import reminders
from bot.slack import outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action
from bot.wording.messages import ReminderClosed


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.DONE))
    @deferred.writes
    def done(press: Press) -> None:
        close(press, reminders.finish)

    @app.action(str(Action.SNOOZE))
    @deferred.writes
    def snooze(press: Press) -> None:
        close(press, reminders.snooze)

    def close(press: Press, how: Callable[..., ReminderClosed]) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            try:
                closed = how(deps.database, actor, press.pointer, deps.rules, deps.clock.now(), press.key)
            except Conflict:
                with suppress(BotError):  # so that its buttons cannot be pressed once more
                    became = reminders.what_became(deps.database, actor, press.pointer, deps.rules)
                    outcomes.replace(deps, press, became, actor.language)
                raise
        outcomes.show(deps, press, closed, actor.language)
