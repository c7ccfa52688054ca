"""The form that records a gift: above its inputs stand warnings, what is left, the last gifts, and suggestions."""

from collections.abc import Iterable, Iterator
from datetime import date

from bot.errors import N_, BilingualName, Phrase
from bot.services.care.gifts import GiftStanding
from bot.services.care.gifts.recording import LONGEST_WHAT, SHORTEST_WHAT
from bot.services.care.gifts.suggestions import Suggested
from bot.services.gift_rules.limits import shown
from bot.services.gift_rules.rules import GiftRules
from bot.slack.blocks import BUTTON, MOST_OPTIONS, Block, plain
from bot.slack.forms import Input, form_view
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import escape

LONGEST_LINE = 300  # characters of a line above the inputs


def gift_form(of: GiftStanding, rules: GiftRules, today: date, metadata: str, language: str) -> Block:
    """The form that *Gift* of a customer opens."""
    people = [
        {"text": plain(escape(name), BUTTON), "value": str(number)}
        for number, name in of.people[:MOST_OPTIONS]
    ]
    occasions = [
        {"text": plain(escape(one.name.text(language)), BUTTON), "value": one.id} for one in rules.occasions
    ]
    inputs = [
        Input(
            name="what",
            label=N_("What is given?"),
            kind="plain_text_input",
            options={"min_length": SHORTEST_WHAT, "max_length": LONGEST_WHAT},
        ),
        Input(
            name="value", label=N_("What is it worth?"), kind="plain_text_input", options={"max_length": 16}
        ),
        Input(
            name="currency",
            label=N_("In which currency?"),
            kind="plain_text_input",
            options={"initial_value": of.currency, "min_length": 3, "max_length": 3},
        ),
        Input(name="day", label=N_("When?"), kind="datepicker", options={"initial_date": today.isoformat()}),
        Input(
            name="occasion",
            label=N_("For what occasion?"),
            kind="static_select",
            options={"options": occasions},
            optional=True,
        ),
    ]
    if people:
        options = {"options": people}
        to_whom = Input(
            name="person", label=N_("To whom?"), kind="static_select", options=options, optional=True
        )
        inputs.insert(3, to_whom)
    if of.may_allow:
        why = N_("Why may it be over a limit? Only if it is.")
        inputs.append(Input(name="reason", label=why, kind="plain_text_input", optional=True))
    about = f"{escape(of.name)} {escape(of.code)}"
    notes = list(_notes(of, language))
    gettext = catalogue.gettext(language)
    return form_view(Action.GIFT_FORM, N_("Gift"), about, inputs, metadata, gettext, notes)


def _notes(of: GiftStanding, language: str) -> Iterator[str]:
    words = catalogue.of_reader(language)
    for warning in of.warnings:
        yield f":warning: {escape(warning.text(words), LONGEST_LINE)}"
    left = [one for one in of.left if one not in of.warnings]
    if left:
        yield _lines(one.text(words) for one in left)
    if of.last:
        last = (
            " · ".join(filter(None, (words.localised(one.given_on), one.what, one.amount, one.person)))
            for one in of.last
        )
        yield "\n".join((words.gettext(N_("Last gifts:")), _lines(f"• {one}" for one in last)))
    lines, comma = [], catalogue.PUNCTUATION[language]["comma"]
    for name, advice in of.advice:
        if advice.suggested:
            some = comma.join(_suggestion(one, of.currency).text(words) for one in advice.suggested)
            lines.append(
                Phrase(N_("%(name)s: %(gifts)s"), name=name, gifts=some).text(words) if name else some
            )
    if lines:
        yield "\n".join((words.gettext(N_("Suggested:")), _lines(f"• {one}" for one in lines)))


def _lines(texts: Iterable[str]) -> str:
    """Texts below each other, each on one line."""
    return "\n".join(escape(text, LONGEST_LINE) for text in texts)


def _suggestion(one: Suggested, currency: str) -> Phrase:
    value = shown(one.units, currency)
    return Phrase(N_("%(name)s (%(value)s)"), name=BilingualName(one.name.en, one.name.zh), value=value)
