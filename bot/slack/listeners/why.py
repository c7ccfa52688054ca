"""*Why* on a card: what changed, what would lift it, and the breakdown, in a modal."""

from slack_bolt import App

from bot.errors import N_
from bot.services.ask import explanation
from bot.slack.after import After, Press
from bot.slack.answers import chosen
from bot.slack.desk import Desk
from bot.wording.messages import Action


def register(app: App, desk: Desk, after: After) -> None:
    @app.action(str(Action.WHY))
    @after.reads
    def explain(press: Press) -> None:
        actor = desk.actor(press.body)
        explained = explanation.why(desk.database, desk.shelf, actor, chosen(press.body))
        view = desk.gateway.modal(explained.message, actor.language, N_("Why this tier"))
        press.client.views_open(trigger_id=press.body["trigger_id"], view=view)
