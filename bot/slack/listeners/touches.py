"""*Done* and *Snooze* on a reminder."""

from slack_bolt import App

from bot.services.access import Actor
from bot.services.care import touches
from bot.slack.answers import chosen, respond_with
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.messages import Action, ReminderClosed


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.DONE))
    @deferred.writes
    def done(press: Press) -> None:
        actor = deps.actor(press.body)
        now = deps.clock.now()
        closed = touches.finish(deps.database, actor, chosen(press.body), deps.rules, now, press.delivery)
        show(press, actor, closed)

    @app.action(str(Action.SNOOZE))
    @deferred.writes
    def snooze(press: Press) -> None:
        actor = deps.actor(press.body)
        now = deps.clock.now()
        closed = touches.snooze(deps.database, actor, chosen(press.body), deps.rules, now, press.delivery)
        show(press, actor, closed)

    def show(press: Press, actor: Actor, closed: ReminderClosed) -> None:
        respond_with(press, deps.gateway.payload(closed, actor.language), replace_original=True)
