"""The form of a contact person: what it asks, and what becomes of it when it is sent."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput
from bot.services.access import Actor
from bot.services.contact_people import acts, views
from bot.services.contact_people.values import CHECKS, LONGEST_NOTE, LONGEST_TEXT, WrongValues
from bot.services.contact_people.views import ToChange
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import BUTTON, Block, plain
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import GetText, Input
from bot.slack.listeners.records.opening import update_below
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.private import ContactSaved
from bot.wording.rendering import escape
from db.book.contact_people import ContactChannel, WantedGreetings
from db.processes import InboundKey, Repeated

TITLE = N_("Contact people")
ADDED, CHANGED = "added", "changed"  # in the pointer of the form
NO_CONTACT = "do_not_contact"
CHANNEL_LABELS: dict[str, str] = {
    ContactChannel.PHONE: N_("Telephone"),
    ContactChannel.SMS: N_("Text message"),
    ContactChannel.EMAIL: N_("E-mail"),
    ContactChannel.WECHAT: N_("WeChat"),
    ContactChannel.WHATSAPP: N_("WhatsApp"),
    ContactChannel.SOCIAL: N_("Social network"),
    ContactChannel.POST: N_("Letter"),
    ContactChannel.VISIT: N_("Visit"),
}
GREETING_LABELS: dict[str, str] = {
    WantedGreetings.ALL: N_("All greetings"),
    WantedGreetings.BIRTHDAY: N_("The birthday only"),
    WantedGreetings.NONE: N_("No greetings"),
}
TEXTS: dict[str, str] = {  # input -> label
    "name": N_("Name"),
    "role": N_("Role at the customer"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "birthday": N_("Birthday"),
    "language": N_("Language"),
    "country": N_("Country"),
    "culture": N_("Whose festivals, if of another country"),
    "zone": N_("Time zone"),
}
HINTS: dict[str, str] = {
    "birthday": N_(
        "1985-03-08, or 03-08 without the year; lunar 08-15 for a lunar one, lunar leap 06-30 for a leap month."
    ),
    "language": N_("Such as zh, en or German."),
    "country": N_("Such as CN or Germany."),
    "zone": N_("Such as Asia/Shanghai."),
}
PARAGRAPHS: dict[str, str] = {"interests": N_("Interests"), "note": N_("Note")}


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.view(str(Action.CONTACT_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """Store first, answer then: until it is stored, the form keeps what was typed."""
        press = Press(body=body, client=client)
        saved: list[int] = []  # the customer
        ack(**deferred.writes.finish(press, lambda attempt: record(press, attempt, saved)))
        context[BEGIN] = lambda: deferred.writes.put(lambda: show_list(press, saved), press.user_id)

    def record(press: Press, attempt: Attempt, saved: list[int]) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        pointer, given = blocks.decode(view["private_metadata"]), _entered(view)
        no_contact = bool(forms.entered(view, NO_CONTACT, "selected_options"))
        # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
        request = InboundKey(team_id=press.key.team_id, kind="contact_form", key=str(view["id"]))
        if pointer.choice == CHANGED:
            store = partial(acts.change, deps.database, actor, pointer.id, state=pointer.mark)
        else:
            store = partial(acts.add, deps.database, actor, Pointer(id=pointer.id, mark=pointer.mark))
        try:
            with deps.bounds.asking(actor):
                done = store(
                    given,
                    do_not_contact=no_contact,
                    now=deps.clock.now(),
                    request=request,
                    before_commit=attempt.before_commit,
                )
        except WrongValues as error:
            return _errors(error, actor.language)
        except Repeated:
            attempt.settle()
            shown = ContactSaved(name=str(given["name"]), repeated=True)
            return _became(outcomes.view(deps, shown, actor.language, TITLE))
        saved.append(done.customer_id)
        rule = done.rule and done.rule.text(catalogue.of_reader(actor.language))
        shown = ContactSaved(name=done.name, customer=done.customer, birthday_rule=rule)
        return _became(outcomes.view(deps, shown, actor.language, TITLE))

    def show_list(press: Press, saved: list[int]) -> None:
        if saved:
            update_below(press, lambda: list_view(deps, deps.identify(press.user_id), Pointer(id=saved[0])))


def list_view(deps: Dependencies, actor: Actor, pointer: Pointer) -> Block:
    """The list of a customer's contact people."""
    with deps.bounds.asking(actor), deps.database.read() as session:
        message = views.listed(session, actor, pointer, actor.today(deps.clock.now()))
        deps.bounds.show(actor, message, customer_id=message.customer_id, session=session)
    return modal(deps, actor, message)


def modal(deps: Dependencies, actor: Actor, message: Message) -> Block:
    """A message about contact people as a view."""
    return blocks.modal(deps.renderer, message, actor.language, TITLE)


def to_add(pointer: Pointer, customer: str, code: str, language: str) -> Block:
    """The empty form, for a contact person of this customer."""
    target = Pointer(id=pointer.id, mark=pointer.mark, choice=ADDED)
    return _form(target, {}, f"{escape(customer)} {escape(code)}", "", language)


def to_change(person: ToChange, language: str) -> Block:
    """The form with all that is known of a contact person, and the rule of their birthday."""
    target = Pointer(id=person.id, mark=person.state, choice=CHANGED)
    rule = person.rule.text(catalogue.of_reader(language)) if person.rule else ""
    about = f"{escape(person.customer)} {escape(person.code)}"
    return _form(target, person.values, about, rule, language)


def _form(target: Pointer, values: Mapping[str, Any], about: str, rule: str, language: str) -> Block:
    gettext = catalogue.gettext(language)
    texts = [
        Input(
            name=name,
            label=label,
            kind="plain_text_input",
            options={"max_length": LONGEST_TEXT, **_initial("initial_value", values.get(name))},
            optional=name != "name",
            hint=" ".join(filter(None, [_hint(name, gettext), rule if name == "birthday" else ""])),
        )
        for name, label in TEXTS.items()
    ]
    paragraphs = [
        Input(
            name=name,
            label=label,
            kind="plain_text_input",
            options={
                "multiline": True,
                "max_length": LONGEST_NOTE,
                **_initial("initial_value", values.get(name)),
            },
            optional=True,
        )
        for name, label in PARAGRAPHS.items()
    ]
    wishes = [
        _choice("channel", N_("Preferred channel"), CHANNEL_LABELS, values.get("channel"), gettext),
        _choice("greetings", N_("Greetings"), GREETING_LABELS, values.get("greetings", "all"), gettext),
        _no_contact(bool(values.get(NO_CONTACT)), gettext),
    ]
    title = N_("Contact person")
    return forms.form_view(
        Action.CONTACT_FORM, title, about, [*texts, *wishes, *paragraphs], blocks.encode(target), gettext
    )


def _hint(name: str, gettext: GetText) -> str:
    return gettext(HINTS[name]) if name in HINTS else ""


def _initial(key: str, value: Any) -> Block:
    return {key: value} if value else {}


def _choice(name: str, label: str, labels: Mapping[str, str], value: Any, gettext: GetText) -> Input:
    options = {
        word: {"text": plain(gettext(text), BUTTON), "value": str(word)} for word, text in labels.items()
    }
    initial = _initial("initial_option", options.get(value))
    return Input(
        name=name,
        label=label,
        kind="static_select",
        options={"options": list(options.values()), **initial},
        optional=True,
    )


def _no_contact(value: bool, gettext: GetText) -> Input:
    box = {"text": plain(gettext(N_("Do not contact this person")), BUTTON), "value": NO_CONTACT}
    initial = _initial("initial_options", [box] if value else None)
    return Input(
        name=NO_CONTACT,
        label=N_("Contact"),
        kind="checkboxes",
        options={"options": [box], **initial},
        optional=True,
    )


def _entered(view: Block) -> dict[str, str | None]:
    """Column -> what was entered. Raises BadInput for a form that lacks its inputs."""
    given: dict[str, str | None] = {}
    for name in CHECKS:
        path = ("selected_option", "value") if name in ("channel", "greetings") else ("value",)
        value = forms.entered(view, name, *path)
        if value is not None and not isinstance(value, str):
            raise BadInput(blocks.OLD_BUTTON)
        given[name] = value
    return given


def _errors(error: WrongValues, language: str) -> dict[str, Any]:
    """What is wrong, below each input."""
    words = catalogue.of_reader(language)
    told = {
        name: plain(escape(problem.text(words), 300, mask=False), 300)["text"]
        for name, problem in error.problems.items()
    }
    return {"response_action": "errors", "errors": told}


def _became(view: Block) -> dict[str, Any]:
    return {"response_action": "update", "view": view}
