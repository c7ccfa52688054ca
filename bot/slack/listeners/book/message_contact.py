"""*Log as contact* in the menu of a message: a form with its text as the note, and what becomes of it when it is sent."""

import html
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from slack_bolt import Ack, App
from slack_sdk import WebClient
from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, BadInput, BotError
from bot.services import identity
from bot.services.access import Actor
from bot.services.ask import lists, lookup
from bot.services.ask.notes import messages
from bot.services.ask.notes.messages import LoggedMessage, MessageContact, MessagePlace
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import BUTTON, Block, plain
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import Input
from bot.slack.listeners.records.act_forms import save_new
from bot.slack.manifest import LOG_MESSAGE
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.messages import Choice, Hit
from bot.wording.rendering import escape
from db.book import people
from db.book.customers import CustomerRow
from db.book.facts import ContactKind

TITLE = N_("Log as contact")
CUSTOMER = str(Action.PICK_CUSTOMER)  # the input
SHORTEST_QUERY, LONGEST_QUERY = 2, 100
_PLACE = re.compile(r"([A-Z0-9]{1,40}) (\d{1,12}\.\d{1,12})")
_ADDRESS = re.compile(
    r"://|[\w-]\.[\w-]+(?::\d+)?[/?#]"
)  # in the words of a link, with or without its scheme
_MARKUP = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.shortcut({"type": "message_action", "callback_id": LOG_MESSAGE.callback_id})
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form(press, actor))

    def form(press: Press, actor: Actor) -> Block:
        message, now = press.body.get("message") or {}, deps.clock.now()
        channel, ts = (press.body.get("channel") or {}).get("id"), press.body.get("message_ts")
        place = _place_of(f"{channel} {ts}")
        with deps.bounds.asking(actor), deps.database.read() as session:
            text = written(session, message, now)
            found = messages.to_log(session, deps.rules_in(session), actor, place, text, now)
            author = people.by_slack_id(session, str(message.get("user") or ""), now)
        if found.logged is not None:
            return outcomes.view(deps, found.logged, actor.language, TITLE)
        if author is not None and author.id != actor.person_id:
            text = f"{author.name}: {text}"
        at = datetime.fromtimestamp(float(place.ts), UTC)
        day = min(local_date(at, zone_named(actor.timezone, deps.settings.zone)), actor.today(now))
        gettext = catalogue.gettext(actor.language)
        inputs = (
            _customer_input(found.customer, gettext),
            *forms.contact_inputs(ContactKind.CALL, day, text, gettext),
        )
        metadata = json.dumps(
            {"id": 0, "v": 0, "message": f"{place.channel} {place.ts}"}
        )  # of no customer yet
        about = gettext(N_("The note is the text of the message; change what should not be kept."))
        return forms.form_view(Action.MESSAGE_FORM, TITLE, about, inputs, metadata, gettext)

    @app.options(CUSTOMER)
    def suggest(ack: Ack, body: dict[str, Any]) -> None:
        """The customers whose names fit what is typed, among those that the person may see."""
        try:
            ack(options=fitting(str(body["user"]["id"]), str(body.get("value") or "")))
        except BotError:
            ack(options=[])

    def fitting(user_id: str, typed: str) -> list[Block]:
        query, now = typed.strip()[:LONGEST_QUERY], deps.clock.now()
        with deps.database.read() as session:
            actor = identity.find_actor(session, user_id, deps.settings, deps.gateway.users, now)
            if actor is None or len(query) < SHORTEST_QUERY:
                return []
            with deps.bounds.asking(actor):
                ids = lookup.find_for(session, actor, query).ids[: lookup.MOST_HITS]
                hits = lists.hits_of(session, deps.scheme_cache.tier_names(session), ids)
                deps.bounds.show(actor, Choice(query=query, hits=hits, more=0), session=session)
        return [_option(hit.name, hit.code, hit.target) for hit in hits]

    @app.view(str(Action.MESSAGE_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> LoggedMessage:
            kind, day, note = forms.visit_values(view)
            place = _place_of(str(json.loads(view["private_metadata"]).get("message")))
            contact = MessageContact(place=place, kind=kind, happened_on=day, note=note)
            with_form = {name: besides[name] for name in ("rules", "now", "before_commit")}
            return messages.log_message(deps.database, actor, contact, meant=_chosen(view), **with_form)

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)


def written(session: Session, message: dict[str, Any], now: datetime) -> str:
    """The text of a message as people read it: mentions as names, links by their words and their hosts only."""
    text = str(message.get("text") or "")

    def word(match: re.Match[str]) -> str:
        target, label = match[1], match[2]
        if target.startswith("@"):
            person = people.by_slack_id(session, target[1:], now)
            return f"@{person.name if person else label or target[1:]}"
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        host = urlsplit(target).hostname  # what follows it may be a key to what it leads to
        shown = f"{host}/…" if host else target.partition(":")[2] or target
        if label and host and _ADDRESS.search(label):
            return shown
        return f"{label} ({shown})" if label and host else label or shown

    return html.unescape(_MARKUP.sub(word, text)).strip()


def _customer_input(customer: CustomerRow | None, gettext: forms.GetText) -> Input:
    """Who it was with: the customer that the message certainly names, else one that is searched."""
    options: Block = {
        "min_query_length": SHORTEST_QUERY,
        "placeholder": plain(gettext(N_("A name or code")), 150),
    }
    if customer is not None:
        known = Hit(customer_id=customer.id, version=customer.version, name=customer.name, code=customer.code)
        options["initial_option"] = _option(known.name, known.code, known.target)
    return Input(name=CUSTOMER, label=N_("With which customer?"), kind="external_select", options=options)


def _option(name: str, code: str, target: Pointer) -> Block:
    return {"text": plain(escape(f"{name} {code}"), BUTTON), "value": blocks.encode(target)}


def _chosen(view: Block) -> Pointer:
    """The customer that was chosen. Raises BadInput."""
    value = forms.entered(view, CUSTOMER, "selected_option", "value")
    if not isinstance(value, str):
        raise BadInput(N_("Choose the customer.")).of(CUSTOMER)
    return blocks.decode(value)


def _place_of(text: str) -> MessagePlace:
    """Where the message of a form is. Raises BadInput."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise BadInput(N_("This message cannot be logged. Use *Log a visit* of the customer's card."))
    return MessagePlace(channel=found[1], ts=found[2])
