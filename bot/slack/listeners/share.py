"""*Share* on a card: the tier to the whole channel, without figures."""

from slack_bolt import App

from bot.errors import N_, Conflict
from bot.services.ask import lookup
from bot.services.delivery import inbound
from bot.services.delivery.inbound import Delivery, Repeated
from bot.slack.after import After, Press
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk
from bot.wording.messages import Action


def register(app: App, desk: Desk, after: After) -> None:
    @app.action(str(Action.SHARE))
    @after.writes
    def share(press: Press) -> None:
        actor = desk.actor(press.body)
        card = lookup.share(desk.database, desk.shelf, actor, chosen(press.body))
        content = desk.gateway.payload(card, desk.settings.language)
        _once(desk, press)
        respond_with(press, content, response_type="in_channel", replace_original=False)


def _once(desk: Desk, press: Press) -> None:
    """A double click is two presses of one card, which nobody means to say twice."""
    where = press.body.get("container") or {}
    card = f"{where.get('channel_id')}:{where.get('message_ts')}:{chosen(press.body).id}"
    now = desk.clock.now()
    with desk.database.write() as session:
        inbound.take(session, press.delivery, now)
        try:
            inbound.take(session, Delivery(team_id=press.delivery.team_id, kind="shared", key=card), now)
        except Repeated:
            raise Conflict(
                N_("This card has been shared already. Ask with /tier to share it again.")
            ) from None
