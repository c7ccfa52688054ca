"""*Share* on a card: the tier to the whole channel, without figures."""

from slack_bolt import App

from bot.errors import N_, Conflict
from bot.services.ask import lookup
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action
from db.processes import InboundKey, Repeated, take_request


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.SHARE))
    @deferred.writes
    def share(press: Press) -> None:
        card = lookup.share(deps.database, deps.scheme_cache, deps.identify(press.user_id), press.pointer)
        content = blocks.payload(deps.renderer, card, deps.settings.language)
        _take_once(deps, press)
        press.respond(content, response_type="in_channel", replace_original=False)


def _take_once(deps: Dependencies, press: Press) -> None:
    """Claim the press and the card: a double click is two presses, but nobody means to share twice."""
    where = press.body.get("container") or {}
    card = f"{where.get('channel_id')}:{where.get('message_ts')}:{press.pointer.id}"
    now = deps.clock.now()
    with deps.database.write() as session:
        take_request(session, press.key, now)
        try:
            take_request(session, InboundKey(team_id=press.key.team_id, kind="shared", key=card), now)
        except Repeated:
            raise Conflict(
                N_("This card has been shared already. Ask with /tier to share it again.")
            ) from None
