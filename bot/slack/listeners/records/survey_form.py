"""The form in which a survey score is entered: by itself, or with the step that asked for the survey."""

from datetime import date
from typing import Any

from bot.errors import N_, Phrase
from bot.services.care.answers.steps import StepTitle
from bot.services.care.surveys import SurveyAnswer
from bot.services.care.surveys.recording import LONGEST
from bot.services.survey_scales import SurveyScales, plain
from bot.slack import blocks, forms
from bot.slack.blocks import BUTTON, Block
from bot.slack.deferred import Press
from bot.slack.forms import Input
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import escape

MOST_CHOICES = 100  # of a menu, as Slack has it
LONGEST_SCORE = 10
_COUNTS = N_(
    "In schemes that count satisfaction, the lowest score of a scale stands for %(least)s, the highest for %(most)s, and"
    " those between in proportion."
)
People = tuple[tuple[int, str], ...]


def of_customer(
    name: str, code: str, scales: SurveyScales, people: People, today: date, metadata: str, language: str
) -> Block:
    """The form that *Survey score* of a customer opens."""
    gettext = catalogue.gettext(language)
    day = Input(
        name="day",
        label=N_("When was it answered?"),
        kind="datepicker",
        options={"initial_date": today.isoformat()},
    )
    inputs = (*_score(scales, language, optional=False), day, *_rest(people))
    about = f"{escape(name)} {escape(code)}"
    return forms.form_view(Action.SURVEY_FORM, N_("Survey score"), about, inputs, metadata, gettext)


def of_step(press: Press, step: StepTitle, scales: SurveyScales, people: People, language: str) -> Block:
    """The form that *Done* of a survey step opens: the score may be left out."""
    gettext = catalogue.gettext(language)
    inputs = (*_score(scales, language, optional=True), *_rest(people))
    about = f"{step.step.text(language)} · {escape(step.name)} {escape(step.code)}"
    return forms.form_view(
        Action.SURVEY_DONE_FORM, N_("Done"), about, inputs, forms.metadata_of(press), gettext
    )


def _score(scales: SurveyScales, language: str, *, optional: bool) -> tuple[Input, ...]:
    options = [
        {"text": blocks.plain(scale.name.text(language), BUTTON), "value": scale.id}
        for scale in scales.scales
    ]
    counts = Phrase(_COUNTS, least=plain(scales.indicator.least), most=plain(scales.indicator.most))
    return (
        Input(
            name="score",
            label=N_("Which score did the customer give?"),
            kind="plain_text_input",
            options={"max_length": LONGEST_SCORE},
            optional=optional,
            hint=counts.text(catalogue.catalogue(language)),
        ),
        Input(
            name="scale",
            label=N_("On which scale?"),
            kind="static_select",
            options={"options": options},
            optional=optional,
        ),
    )


def _rest(people: People) -> tuple[Input, ...]:
    note = Input(
        name="note",
        label=N_("What was said?"),
        kind="plain_text_input",
        options={"multiline": True, "max_length": LONGEST},
        optional=True,
    )
    if not people:
        return (note,)
    options = [
        {"text": blocks.plain(escape(name), BUTTON), "value": str(number)}
        for number, name in people[:MOST_CHOICES]
    ]
    who = Input(
        name="contact",
        label=N_("Who answered?"),
        kind="static_select",
        options={"options": options},
        optional=True,
    )
    return (who, note)


def values(view: Block) -> SurveyAnswer:
    """What was entered about a survey that a customer answered. Raises BadInput."""
    return SurveyAnswer(answered_on=forms.entered_day(view), **_entered(view))


def values_of_step(view: Block) -> SurveyAnswer | None:
    """The same of a step that is done today; None where neither score nor scale was entered."""
    entered = _entered(view)
    return SurveyAnswer(**entered) if entered["score"] or entered["scale"] else None


def _entered(view: Block) -> dict[str, Any]:
    scale = forms.entered(view, "scale", "selected_option", "value")
    contact = forms.entered(view, "contact", "selected_option", "value")
    return {
        "score": forms.entered_text(view, "score").strip(),
        "scale": scale if isinstance(scale, str) else None,
        "contact_person_id": None if contact is None else _number(contact),
        "note": forms.entered_text(view, "note") or None,
    }


def _number(given: Any) -> int:
    """A number that the form offered; 0, which nobody has, for anything else."""
    return int(given) if isinstance(given, str) and given.isdecimal() and len(given) <= 9 else 0
