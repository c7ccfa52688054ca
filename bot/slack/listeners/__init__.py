"""One file per command, action or view; each has `register(app, desk, after)`."""

from slack_bolt import App

from bot.slack.after import After
from bot.slack.desk import Desk
from bot.slack.listeners import log_visit, open_card, share, tier_command, touches, why


def register_all(app: App, desk: Desk, after: After) -> None:
    for listener in (tier_command, open_card, why, share, log_visit, touches):
        listener.register(app, desk, after)
