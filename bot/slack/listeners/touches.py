"""*Done* and *Snooze* on a reminder."""

from slack_bolt import App

from bot.services.access import Actor
from bot.services.care import touches
from bot.slack.after import After, Press
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk
from bot.wording.messages import Action, ReminderClosed


def register(app: App, desk: Desk, after: After) -> None:
    @app.action(str(Action.DONE))
    @after.writes
    def done(press: Press) -> None:
        actor = desk.actor(press.body)
        now = desk.clock.now()
        closed = touches.finish(desk.database, actor, chosen(press.body), desk.rules, now, press.delivery)
        show(press, actor, closed)

    @app.action(str(Action.SNOOZE))
    @after.writes
    def snooze(press: Press) -> None:
        actor = desk.actor(press.body)
        now = desk.clock.now()
        closed = touches.snooze(desk.database, actor, chosen(press.body), desk.rules, now, press.delivery)
        show(press, actor, closed)

    def show(press: Press, actor: Actor, closed: ReminderClosed) -> None:
        respond_with(press, desk.gateway.payload(closed, actor.language), replace_original=True)
