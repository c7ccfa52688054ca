"""The forms of promises: what they ask, and what stands in their inputs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bot.errors import N_, BadInput
from bot.services.care.complaints.subject import LONGEST, SHORTEST
from bot.services.care.promises import Given, PromiseTitle
from bot.slack import blocks, forms
from bot.slack.blocks import Block
from bot.slack.deferred import Press
from bot.slack.forms import Input
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import escape

ONE_DAY = timedelta(days=1)
_LONG: Block = {"multiline": True, "min_length": SHORTEST, "max_length": LONGEST}
_WHAT = Input(name="promise", label=N_("What is promised?"), kind="plain_text_input", options=_LONG)
_DUE = Input(name="due", label=N_("By when?"), kind="datepicker")
WITH_VISIT = (
    replace(_WHAT, label=N_("What did you promise?"), optional=True),
    replace(_DUE, optional=True),
)


def promise_form(press: Press, name: str, code: str, language: str) -> Block:
    """The form that *Promise* of a customer opens."""
    about, metadata = f"{escape(name)} {escape(code)}", blocks.encode(press.pointer)
    return forms.form_view(
        Action.PROMISE_FORM, N_("Promise"), about, (_WHAT, _DUE), metadata, catalogue.gettext(language)
    )


def kept_form(press: Press, of: PromiseTitle, today: date, language: str) -> Block:
    """The form that *Kept…* of a late promise opens: it may have been kept on an earlier day."""
    day = Input(name="day", label=N_("When was it kept?"), kind="datepicker", options=_initial(today))
    return _about(press, Action.PROMISE_KEPT_FORM, N_("Kept"), of, (day,), language)


def postpone_form(press: Press, of: PromiseTitle, today: date, language: str) -> Block:
    """The form that *Postpone…* opens."""
    inputs = (
        replace(_DUE, label=N_("Until when?"), options=_initial(max(of.due_on, today) + ONE_DAY)),
        Input(name="told", label=N_("What was the customer told?"), kind="plain_text_input", options=_LONG),
    )
    return _about(press, Action.POSTPONE_PROMISE_FORM, N_("Postpone"), of, inputs, language)


def withdraw_form(press: Press, of: PromiseTitle, language: str) -> Block:
    """The form that *Withdraw…* opens."""
    why = Input(name="reason", label=N_("Why is it withdrawn?"), kind="plain_text_input", options=_LONG)
    return _about(press, Action.WITHDRAW_PROMISE_FORM, N_("Withdraw"), of, (why,), language)


def entered(view: Block) -> Given:
    """What was entered about a promise. Raises BadInput."""
    return Given(what=forms.entered_text(view, "promise"), due_on=forms.entered_day(view, "due"))


def entered_with_visit(view: Block) -> Given | None:
    """What was promised in a visit; None for nothing. Raises BadInput for one half of a promise."""
    what, due = forms.entered_text(view, "promise").strip(), forms.entered(view, "due", "selected_date")
    if not what and due is None:
        return None
    if not what:
        raise BadInput(N_("Write what you promised, or take the day out.")).of("promise")
    if due is None:
        raise BadInput(N_("Choose by when you promised it.")).of("due")
    return entered(view)


def _initial(day: date) -> dict[str, Any]:
    return {"initial_date": day.isoformat()}


def _about(
    press: Press, action: Action, title: str, of: PromiseTitle, inputs: Sequence[Input], language: str
) -> Block:
    what = f"{escape(of.what)} · " if of.what else ""
    about = f"{what}{escape(of.name)} {escape(of.code)}"
    return forms.form_view(
        action, title, about, inputs, forms.metadata_of(press), catalogue.gettext(language)
    )
