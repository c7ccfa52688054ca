"""The form of a customer profile: what it asks, and what becomes of it when it is sent."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput
from bot.services.access import Actor
from bot.services.traits import acts, views
from bot.services.traits.acts import SavedProfile, state_of
from bot.services.traits.fields import TraitField, TraitFields
from bot.services.traits.values import WrongTraits, split
from bot.services.traits.views import ProfileToChange
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import BUTTON, Block, plain
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import Input
from bot.slack.listeners.records.opening import update_below
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.profiles import ProfileSaved
from bot.wording.rendering import escape
from db.processes import InboundKey, Repeated

TITLE = N_("Customer profile")
PREFIX = "trait_"  # of the inputs, before the id of the field
NOTHING = "-"  # the choice that removes a value
LONGEST_INPUT = 3_000  # characters that Slack takes in an input


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.view(str(Action.PROFILE_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """Store first, answer then: until it is stored, the form keeps what was typed."""
        press = Press(body=body, client=client)
        ack(**deferred.writes.finish(press, lambda attempt: record(press, attempt)))
        customer_id = blocks.decode(body["view"]["private_metadata"]).id
        context[BEGIN] = lambda: deferred.writes.put(lambda: refresh(deps, press, customer_id), press.user_id)

    def record(press: Press, attempt: Attempt) -> dict[str, Any]:
        actor, view, fields = deps.identify(press.user_id), press.body["view"], deps.rules.traits
        pointer = blocks.decode(view["private_metadata"])
        if pointer.choice is None:
            raise BadInput(blocks.OLD_BUTTON)
        # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
        request = InboundKey(team_id=press.key.team_id, kind="profile_form", key=str(view["id"]))
        before = views.form_values(deps.database, pointer.id)
        try:
            with deps.bounds.asking(actor):
                done = acts.save(
                    deps.database,
                    actor,
                    Pointer(id=pointer.id, mark=pointer.mark),
                    fields,
                    _changed(view, fields, before),
                    as_of=forms.entered_day(view),
                    state=pointer.choice,
                    now=deps.clock.now(),
                    request=request,
                    before_commit=attempt.before_commit,
                )
        except WrongTraits as error:
            return _errors(error, actor.language)
        except Repeated:
            attempt.settle()
            return _became(deps, actor, _repeated(deps, actor, pointer))
        return _became(deps, actor, saved(done, fields))


def refresh(deps: Dependencies, press: Press, customer_id: int) -> None:
    """Show in the list below the form what is known now."""
    update_below(press, lambda: list_view(deps, deps.identify(press.user_id), Pointer(id=customer_id)))


def list_view(deps: Dependencies, actor: Actor, pointer: Pointer) -> Block:
    """What is known of a customer, with masks."""
    with deps.bounds.asking(actor), deps.database.read() as session:
        message = views.shown(session, actor, pointer, deps.rules.traits)
        deps.bounds.show(actor, message, customer_id=message.customer_id, session=session)
    return blocks.modal(deps.renderer, message, actor.language, TITLE)


def saved(done: SavedProfile, fields: TraitFields, outcome: str = "saved") -> ProfileSaved:
    """What an act has made of a profile, as a message."""
    return ProfileSaved(
        customer_id=done.customer_id,
        name=done.name,
        code=done.code,
        changed=tuple(map(fields.name, done.set)),
        removed=tuple(map(fields.name, done.removed)),
        past=tuple(map(fields.name, done.past)),
        state=None if done.moment is None else int(state_of(done.moment)),
        outcome=outcome,
    )


def to_change(profile: ProfileToChange, pointer: Pointer, today: date, language: str) -> Block:
    """The form with the fields of a customer and what is known of them."""
    gettext = catalogue.gettext(language)
    target = Pointer(id=profile.customer_id, mark=pointer.mark, choice=profile.state)
    inputs = [
        one
        for field in profile.fields
        if (one := _input(field, profile.values.get(field.id, ()), language)) is not None
    ]
    day = Input(
        name="day",
        label=N_("As of which day?"),
        kind="datepicker",
        options={"initial_date": today.isoformat()},
        hint=gettext(N_("The day of what you change here; what you leave as it is keeps its day.")),
    )
    about = f"{escape(profile.name)} {escape(profile.code)}"
    return forms.form_view(Action.PROFILE_FORM, TITLE, about, [*inputs, day], blocks.encode(target), gettext)


def _input(field: TraitField, values: Sequence[str], language: str) -> Input | None:
    """The input of a field; None where its values are too long for one."""
    if field.type == "choice":
        return _choice(field, _offered(field, values), language)
    text = "\n".join(values)
    if len(text) > LONGEST_INPUT:
        return None
    options: Block = {"max_length": LONGEST_INPUT, "multiline": field.several}
    if text:
        options["initial_value"] = text
    gettext = catalogue.gettext(language)
    hint = gettext(N_("Each on a line of its own.")) if field.several else ""
    label = field.name.text(language)
    return Input(
        name=PREFIX + field.id,
        label=label,
        kind="plain_text_input",
        options=options,
        optional=True,
        hint=hint,
    )


def _choice(field: TraitField, chosen: Sequence[str], language: str) -> Input:
    options = {
        value.id: {"text": plain(value.name.text(language), BUTTON), "value": value.id}
        for value in field.values
    }
    initial = [options[value] for value in chosen]
    every, kind, first = list(options.values()), "multi_static_select", Block()
    if field.several and initial:
        first = {"initial_options": initial}
    if not field.several:
        kind, first = "static_select", {"initial_option": initial[0]} if initial else {}
        nothing = catalogue.gettext(language)(N_("Not known"))
        every = [*every, {"text": plain(nothing, BUTTON), "value": NOTHING}]
    return Input(
        name=PREFIX + field.id,
        label=field.name.text(language),
        kind=kind,
        options={"options": every, **first},
        optional=True,
    )


def _offered(field: TraitField, values: Sequence[str]) -> tuple[str, ...]:
    """Those of the values that the form shows: not those that the firm's file has no more."""
    known = {value.id for value in field.values}
    return tuple(value for value in values if value in known)


def _changed(view: Block, fields: TraitFields, before: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """The fields of the form with other values than it was opened with."""
    given: dict[str, list[str]] = {}
    for name in view["state"]["values"]:
        field = fields.find(str(name).removeprefix(PREFIX)) if str(name).startswith(PREFIX) else None
        if field is None:
            continue
        entered, shown = _entered(view, field), before.get(field.id, ())
        if field.type == "choice":
            shown = _offered(field, shown)
        if sorted(entered) != sorted(shown):
            given[field.id] = entered
    return given


def _entered(view: Block, field: TraitField) -> list[str]:
    name = PREFIX + field.id
    if field.type != "choice":
        return split(field, forms.entered_text(view, name))
    if field.several:
        chosen = forms.entered(view, name, "selected_options") or []
        if not isinstance(chosen, list) or not all(isinstance(option, dict) for option in chosen):
            raise BadInput(blocks.OLD_BUTTON)
        return [str(option.get("value")) for option in chosen]
    value = forms.entered(view, name, "selected_option", "value")
    return [] if value in (None, NOTHING) else [str(value)]


def _repeated(deps: Dependencies, actor: Actor, pointer: Pointer) -> ProfileSaved:
    """The answer to a form that was saved before."""
    with deps.database.read() as session:
        found = views.shown(session, actor, Pointer(id=pointer.id, mark=pointer.mark), deps.rules.traits)
    return ProfileSaved(customer_id=found.customer_id, name=found.name, code=found.code, outcome="repeated")


def _errors(error: WrongTraits, language: str) -> dict[str, Any]:
    """What is wrong, below each input."""
    words = catalogue.catalogue(language)
    told = {
        PREFIX + name: plain(escape(problem.text(words), 300, mask=False), 300)["text"]
        for name, problem in error.problems.items()
    }
    return {"response_action": "errors", "errors": told}


def _became(deps: Dependencies, actor: Actor, message: ProfileSaved) -> dict[str, Any]:
    return {"response_action": "update", "view": outcomes.view(deps, message, actor.language, TITLE)}
