"""The form of a fact: its input is of the kind that the scheme asks for."""

from collections.abc import Iterator
from datetime import date

from bot.errors import N_, BadInput, BilingualName, Phrase
from bot.services.ask.facts.fields import FactField, FactValue
from bot.services.ask.facts.recording import LONGEST, GivenFact, ToRecord
from bot.slack import blocks, forms
from bot.slack.blocks import BUTTON, MOST_OPTIONS, Block, plain
from bot.slack.forms import Input
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.rendering import escape
from grading.scheme.model import Name

LONGEST_VALUE = 60
_LABELS = {
    FactValue.NUMBER: N_("Value"),
    FactValue.SHARE: N_("Percent"),
    FactValue.SCALE: N_("Your judgement"),
    FactValue.WORD: N_("Value"),
    FactValue.TRUTH: N_("Yes or no?"),
}


def fact_form(of: ToRecord, today: date, pointer: Pointer, language: str) -> Block:
    """The form that records a fact of a customer."""
    label = N_("What do you base it on?") if of.field.judged else N_("Where is it from?")
    inputs = (
        _value(of.field, language),
        Input(
            name="day",
            label=N_("As of which day?"),
            kind="datepicker",
            options={"initial_date": today.isoformat()},
        ),
        Input(
            name="evidence",
            label=label,
            kind="plain_text_input",
            options={"multiline": True, "max_length": LONGEST},
            optional=not of.field.judged,
        ),
    )
    about = f"{escape(of.field.names.text(language))} · {escape(of.name)} {escape(of.code)}"
    return forms.form_view(
        Action.FACT_FORM,
        N_("Record a fact"),
        about,
        inputs,
        blocks.encode(pointer),
        catalogue.gettext(language),
        list(_notes(of, language)),
    )


def _value(field: FactField, language: str) -> Input:
    """The input of the value: choices where there are few, else a number or a word."""
    allowed = Phrase(N_("Allowed is %(allowed)s."), allowed=field.allowed)
    if field.unit is not None and field.kind == FactValue.NUMBER and field.unit.isupper():
        allowed = Phrase(N_("In %(unit)s. %(allowed)s"), unit=field.unit, allowed=allowed)
    hint = escape(allowed.text(catalogue.of_reader(language)))
    kind = "number_input"
    options: Block = {"is_decimal_allowed": not field.whole, **_limits(field)}
    if 0 < len(field.choices) <= MOST_OPTIONS:
        choices = [
            {"text": plain(escape(name.text(language)), BUTTON), "value": value}
            for value, name in field.choices
        ]
        kind, options = "static_select", {"options": choices}
    elif field.kind == FactValue.WORD:
        kind, options = "plain_text_input", {"max_length": LONGEST_VALUE}
    is_listed = kind == "static_select" and field.kind != FactValue.SCALE  # the choices are what is allowed
    return Input(
        name="value",
        label=_LABELS[field.kind],
        kind=kind,
        options=options,
        hint="" if is_listed else hint,
    )


def _limits(field: FactField) -> dict[str, str]:
    """The limits that Slack checks while somebody types."""
    times = 100 if field.kind == FactValue.SHARE else 1
    ends = {"min_value": field.low, "max_value": field.high}
    return {name: f"{end * times:g}" for name, end in ends.items() if end is not None}


def _notes(of: ToRecord, language: str) -> Iterator[str]:
    """What is known so far."""
    words = catalogue.of_reader(language)
    if of.known is None:
        yield escape(Phrase(N_("Nothing is known of it yet.")).text(words))
    elif of.field.masked:
        msgid = N_("A value of %(date)s is known. It is masked here.")
        yield escape(Phrase(msgid, date=of.known.measured_on).text(words))
    else:
        value = of.field.shown(of.known.value)
        shown = BilingualName(value.en, value.zh) if isinstance(value, Name) else of.known.value
        msgid = N_("Known now: %(value)s, as of %(date)s.")
        yield escape(Phrase(msgid, value=shown, date=of.known.measured_on).text(words))


def entered(view: Block, pointer: Pointer) -> GivenFact:
    """What was entered about the fact that the form points at. Raises BadInput."""
    if pointer.query is None:
        raise BadInput(blocks.OLD_BUTTON)
    chosen = forms.entered(view, "value", "selected_option", "value")
    return GivenFact(
        field=pointer.query,
        value=chosen if isinstance(chosen, str) else forms.entered_text(view, "value"),
        measured_on=forms.entered_day(view),
        evidence=forms.entered_text(view, "evidence") or None,
    )
