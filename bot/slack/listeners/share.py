"""*Share* on a card: the tier to the whole channel, without figures."""

from slack_bolt import App

from bot.errors import N_, Conflict
from bot.services.ask import lookup
from bot.services.delivery import inbound
from bot.services.delivery.inbound import InboundKey, Repeated
from bot.slack.answers import chosen, respond_with
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.messages import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.SHARE))
    @deferred.writes
    def share(press: Press) -> None:
        actor = deps.actor(press.body)
        card = lookup.share(deps.database, deps.scheme_cache, actor, chosen(press.body))
        content = deps.gateway.payload(card, deps.settings.language)
        _once(deps, press)
        respond_with(press, content, response_type="in_channel", replace_original=False)


def _once(deps: Dependencies, press: Press) -> None:
    """A double click is two presses of one card, which nobody means to say twice."""
    where = press.body.get("container") or {}
    card = f"{where.get('channel_id')}:{where.get('message_ts')}:{chosen(press.body).id}"
    now = deps.clock.now()
    with deps.database.write() as session:
        inbound.take(session, press.delivery, now)
        try:
            inbound.take(session, InboundKey(team_id=press.delivery.team_id, kind="shared", key=card), now)
        except Repeated:
            raise Conflict(
                N_("This card has been shared already. Ask with /tier to share it again.")
            ) from None
