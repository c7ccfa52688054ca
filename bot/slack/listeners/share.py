"""*Share* on a card: a look before it is posted, then the tier to the whole channel without figures; *Take back* undoes it."""

import threading
from contextlib import suppress
from typing import Any

import structlog
from slack_bolt import App
from sqlalchemy.exc import OperationalError

from bot.errors import N_, Conflict
from bot.services.access import Actor
from bot.services.ask import lookup, share
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.pressed.press import NotAnswered
from bot.wording.actions import Action
from bot.wording.messages import SharedCard, SharePreview
from db.engine import describe
from db.processes import InboundKey, Repeated, forget_request, take_request

DIRECT = "D"  # the first letter of the ids of direct messages
UNNAMED = frozenset({"", "directmessage", "privategroup"})

READ_OUTSIDE = N_(
    "People of another company read this channel, so nothing about a customer is shared here."
    " Ask with /tier in a channel that only colleagues read."
)
UNSEEN = N_(
    "Slack does not show Tierbot who reads this conversation, so nothing is shared here. Invite it with"
    " /invite @Tierbot, or share in another channel. If it is here already, try again in a minute."
)

log = structlog.get_logger()


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    taking_back = threading.Lock()

    @app.action(str(Action.SHARE))
    @deferred.reads
    def preview(press: Press) -> None:
        """Show the asker, in place of the card, what the channel would read."""
        actor = deps.identify(press.user_id)
        shared, language = prepare(press, actor)
        _, name = _channel(press)
        question = SharePreview(
            customer_id=shared.customer_id,
            version=press.pointer.version,
            name=shared.name,
            code=shared.code,
            channel=None if name in UNNAMED else f"#{name}",
        )
        look = blocks.payload(deps.renderer, shared, language)["blocks"]
        asked = blocks.payload(deps.renderer, question, actor.language)
        shown = [block for block in look if block["type"] != "actions"]
        press.respond(
            {**asked, "blocks": [*shown, {"type": "divider"}, *asked["blocks"]]}, replace_original=True
        )

    @app.action(str(Action.POST))
    @deferred.writes
    def post(press: Press) -> None:
        actor = deps.identify(press.user_id)
        shared, language = prepare(press, actor)
        card = card_again(press, actor)
        content = blocks.payload(deps.renderer, shared, language)
        _take_once(deps, press, actor)
        try:
            press.respond(content, response_type="in_channel", replace_original=False)
        except NotAnswered:  # surely not posted: it may be shared again
            _release(deps, press, actor)
            raise
        with suppress(Conflict):  # it is posted: that the question stays is no reason to say that it failed
            press.respond(card, replace_original=True)

    @app.action(str(Action.CANCEL))
    @deferred.reads
    def cancel(press: Press) -> None:
        press.respond(card_again(press, deps.identify(press.user_id)), replace_original=True)

    @app.action(str(Action.TAKE_BACK))
    @deferred.writes
    def take_back(press: Press) -> None:
        actor = deps.identify(press.user_id)
        share.refuse_take_back(actor, press.pointer.id)
        with taking_back:  # a second click comes after the first is recorded
            delete(press, actor)

    def delete(press: Press, actor: Actor) -> None:
        try:
            press.respond({}, delete_original=True)
        except Conflict:
            with deps.database.write() as session:
                # A second click finds nothing to delete: Repeated. Otherwise this transaction ends with the Conflict.
                take_request(session, _key(press, "taken_back"), deps.clock.now())
                raise
        try:
            with deps.database.write() as session:
                take_request(session, _key(press, "taken_back"), deps.clock.now())
                share.record_taken_back(session, actor, _place(press))
        except OperationalError as error:  # it is deleted: only a second click would not know
            log.warning("share.deletion_not_recorded", error=describe(error))

    def prepare(press: Press, actor: Actor) -> tuple[SharedCard, str]:
        """What would be posted and in which language.

        Raises Conflict where nobody else would read it, and where people of another company do or may.
        """
        channel_id, name = _channel(press)
        if not channel_id or (
            channel_id.startswith(DIRECT) and deps.gateway.direct_channel(press.user_id) in (None, channel_id)
        ):
            raise Conflict(
                N_(
                    "Here nobody but you reads what is shared. Ask with /tier in the channel that should see it."
                )
            )
        outside = deps.gateway.is_read_outside(channel_id)
        if outside is not False:
            raise Conflict(READ_OUTSIDE if outside else UNSEEN)
        language = share.channel_language(deps.database, actor, channel_id, name, deps.settings.language)
        with deps.bounds.asking(actor):
            card = share.shared_card(deps.database, deps.scheme_cache, actor, press.pointer)
        deps.bounds.show(actor, card)
        return card, language

    def card_again(press: Press, actor: Actor) -> dict[str, Any]:
        today = actor.today(deps.clock.now())
        with deps.bounds.asking(actor), deps.database.read() as session:
            card = lookup.card(
                session, deps.scheme_cache, deps.rules_in(session), actor, press.pointer, today
            )
            deps.bounds.show(actor, card, session=session)
        return blocks.payload(deps.renderer, card, actor.language)


def _channel(press: Press) -> tuple[str, str]:
    """Id and name of the channel of the card; both empty where there is none."""
    channel = press.body.get("channel") or {}
    return str(channel.get("id") or ""), str(channel.get("name") or "")


def _key(press: Press, kind: str) -> InboundKey:
    """A press on this message, by whomever and however often."""
    return InboundKey(team_id=press.key.team_id, kind=kind, key=f"{_place(press)}:{press.pointer.id}")


def _place(press: Press) -> str:
    """The channel and the number of the message that a button is on."""
    where = press.body.get("container") or {}
    return f"{where.get('channel_id')}:{where.get('message_ts')}"


def _release(deps: Dependencies, press: Press, actor: Actor) -> None:
    """Forget that the card was shared."""
    with deps.database.write() as session:
        forget_request(session, _key(press, "shared"))
        share.record_not_posted(session, actor, press.pointer.id)


def _take_once(deps: Dependencies, press: Press, actor: Actor) -> None:
    """Claim the press and the card: a double click is two presses, but nobody means to share twice."""
    now = deps.clock.now()
    with deps.database.write() as session:
        share.record_shared(session, actor, press.pointer.id, _channel(press)[0])
        take_request(session, press.key, now)
        try:
            take_request(session, _key(press, "shared"), now)
        except Repeated:
            raise Conflict(
                N_("This card has been shared already. Ask with /tier to share it again.")
            ) from None
