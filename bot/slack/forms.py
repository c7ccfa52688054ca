"""The forms that people fill in about customers and care steps, and what stands in their inputs."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from bot.errors import N_, BadInput
from bot.services.care.answers.decisions import LONGEST_REASON, SHORTEST_REASON
from bot.services.care.answers.steps import StepTitle
from bot.services.care.complaints.opening import LONGEST_NAME, Report
from bot.services.care.complaints.subject import LONGEST, SHORTEST, FormTitle
from bot.services.complaint_kinds import ComplaintKinds
from bot.slack.blocks import BUTTON, HINT, LABEL, TEXT, TITLE, Block, decode, encode, plain
from bot.slack.deferred import Press
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer, RowChoice
from bot.wording.care.complaints import AGREED_LABELS
from bot.wording.care.digest import CONTACT_LABELS
from bot.wording.rendering import escape
from db.book.facts import ContactKind

NOTE = 2000  # characters of what is typed
VISIT_KINDS = (
    *(ContactKind.VISIT, ContactKind.CALL, ContactKind.MEETING),
    *(ContactKind.TRAINING, ContactKind.REVIEW, ContactKind.SURVEY),
)
GetText = Callable[[str], str]
_LONG_TEXT: Block = {"multiline": True, "min_length": SHORTEST, "max_length": LONGEST}


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a form; `label` is a msgid."""

    name: str
    label: str
    kind: str
    options: Block = field(default_factory=dict)
    optional: bool = False
    hint: str = ""  # a text, shown below it


STEP_FORMS: dict[str | None, tuple[Action, str, Input]] = {
    RowChoice.SNOOZE_UNTIL: (
        Action.SNOOZE_FORM,
        N_("Snooze"),
        Input(name="day", label=N_("Until when?"), kind="datepicker"),
    ),
    RowChoice.REASSIGN: (
        Action.REASSIGN_FORM,
        N_("Reassign"),
        Input(name="person", label=N_("Who does it?"), kind="users_select"),
    ),
    RowChoice.SKIP: (
        Action.SKIP_FORM,
        N_("Skip"),
        Input(
            name="reason",
            label=N_("Why is it skipped?"),
            kind="plain_text_input",
            options={"min_length": SHORTEST_REASON, "max_length": LONGEST_REASON, "multiline": True},
        ),
    ),
}


def visit_form(
    name: str, code: str, today: date, metadata: str, gettext: GetText, also: Sequence[Input] = ()
) -> Block:
    """The form that *Log a visit* of a customer opens, with further inputs in `also`."""
    inputs = (*contact_inputs(VISIT_KINDS[0], today, None, gettext), *also)
    return form_view(
        Action.VISIT_FORM, N_("Log a visit"), f"{escape(name)} {escape(code)}", inputs, metadata, gettext
    )


def contact_inputs(kind: str, day: date, note: str | None, gettext: GetText) -> tuple[Input, ...]:
    """The inputs about a contact, filled with these values. A kind that the form does not offer is offered here."""
    offered = [*VISIT_KINDS, *([] if kind in VISIT_KINDS else [kind])]
    kinds = {
        str(one): {"text": plain(gettext(CONTACT_LABELS[one]), BUTTON), "value": str(one)} for one in offered
    }
    written = {"initial_value": note[:NOTE]} if note else {}
    return (
        Input(
            name="kind",
            label=N_("What was it?"),
            kind="static_select",
            options={"initial_option": kinds[str(kind)], "options": list(kinds.values())},
        ),
        Input(name="day", label=N_("When?"), kind="datepicker", options={"initial_date": day.isoformat()}),
        Input(
            name="note",
            label=N_("What was said or agreed?"),
            kind="plain_text_input",
            options={"multiline": True, "max_length": NOTE, **written},
            optional=True,
        ),
    )


def step_form(press: Press, step: StepTitle, today: date, language: str) -> Block:
    """The form that a choice in the menu of a step opens."""
    action, title, asked = STEP_FORMS[press.pointer.choice]
    gettext = catalogue.gettext(language)
    if asked.kind == "datepicker":
        asked = replace(asked, options={"initial_date": (today + timedelta(days=1)).isoformat()})
    about = f"{step.step.text(language)} · {escape(step.name)} {escape(step.code)}"
    return form_view(action, title, about, (asked,), metadata_of(press), gettext)


def complaint_form(
    name: str, code: str, kinds: ComplaintKinds, today: date, metadata: str, language: str
) -> Block:
    """The form that *Complaint* of a customer opens."""
    options = [{"text": plain(kind.name.text(language), BUTTON), "value": kind.id} for kind in kinds.kinds]
    inputs = (
        Input(name="kind", label=N_("What is it about?"), kind="static_select", options={"options": options}),
        Input(
            name="day",
            label=N_("When was it reported?"),
            kind="datepicker",
            options={"initial_date": today.isoformat()},
        ),
        Input(name="what", label=N_("What happened?"), kind="plain_text_input", options=_LONG_TEXT),
        Input(
            name="by",
            label=N_("Who complained?"),
            kind="plain_text_input",
            options={"max_length": LONGEST_NAME},
            optional=True,
        ),
        Input(
            name="person",
            label=N_("Who handles it, if not the account manager?"),
            kind="users_select",
            optional=True,
        ),
    )
    about = f"{escape(name)} {escape(code)}"
    return form_view(
        Action.COMPLAINT_FORM, N_("Complaint"), about, inputs, metadata, catalogue.gettext(language)
    )


def complaint_step_form(press: Press, of: FormTitle, today: date, language: str) -> Block:
    """The form that *Add step* of a complaint opens."""
    inputs = (
        Input(name="text", label=N_("What was done?"), kind="plain_text_input", options=_LONG_TEXT),
        Input(name="day", label=N_("When?"), kind="datepicker", options={"initial_date": today.isoformat()}),
    )
    return _about_complaint(Action.COMPLAINT_STEP_FORM, N_("Add step"), of, inputs, press, language)


def close_complaint_form(press: Press, of: FormTitle, language: str) -> Block:
    """The form that *Close complaint* opens."""
    gettext = catalogue.gettext(language)
    options = [{"text": plain(gettext(label), BUTTON), "value": key} for key, label in AGREED_LABELS.items()]
    inputs = (
        Input(name="text", label=N_("What was done?"), kind="plain_text_input", options=_LONG_TEXT),
        Input(
            name="agreed",
            label=N_("Does the customer agree?"),
            kind="static_select",
            options={"options": options},
        ),
    )
    return _about_complaint(Action.CLOSE_COMPLAINT_FORM, N_("Close complaint"), of, inputs, press, language)


def _about_complaint(
    action: Action, title: str, of: FormTitle, inputs: Sequence[Input], press: Press, language: str
) -> Block:
    about = f"{of.kind.text(language)} · {escape(of.name)} {escape(of.code)}"
    return form_view(action, title, about, inputs, metadata_of(press), catalogue.gettext(language))


def complaint_values(view: Block) -> Report:
    """What was entered about a complaint. Raises BadInput."""
    kind = entered(view, "kind", "selected_option", "value")
    return Report(
        kind=kind if isinstance(kind, str) else "",
        reported_on=entered_day(view),
        what=entered_text(view, "what"),
        reported_by=entered_text(view, "by") or None,
        handler=entered(view, "person", "selected_user") and entered_person(view),
    )


def entered_agreed(view: Block) -> str:
    """Whether the customer agrees, as it was chosen."""
    agreed = entered(view, "agreed", "selected_option", "value")
    return agreed if isinstance(agreed, str) else ""


def entered_text(view: Block, name: str) -> str:
    """The text that was typed into an input."""
    text = entered(view, name, "value")
    return text if isinstance(text, str) else ""


def visit_values(view: Block, kinds: Collection[str] = VISIT_KINDS) -> tuple[str, date, str | None]:
    """(kind, day, note) as they were entered. Raises BadInput for what the form does not offer."""
    kind = entered(view, "kind", "selected_option", "value")
    if kind not in kinds:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    day = entered_day(view)
    note = entered(view, "note", "value")
    if note is not None and not (isinstance(note, str) and len(note) <= NOTE):
        raise BadInput(N_("Write a note of at most %(most)s characters."), most=NOTE)
    return kind, day, note


def entered_day(view: Block, name: str = "day") -> date:
    """The day that was chosen. Raises BadInput."""
    try:
        return date.fromisoformat(entered(view, name, "selected_date"))
    except (TypeError, ValueError):
        raise BadInput(N_("Choose the day.")).of(name) from None


def entered_person(view: Block) -> str:
    """The Slack user that was chosen. Raises BadInput."""
    person = entered(view, "person", "selected_user")
    if not isinstance(person, str) or not person.isalnum():
        raise BadInput(N_("Choose a person."))
    return person


def entered_reason(view: Block) -> str:
    """The reason that was typed."""
    return entered_text(view, "reason")


def opened_by(press: Press) -> tuple[Pointer, Press]:
    """From a form that was sent in: what it is about, and the press that opened it. Raises BadInput."""
    metadata = press.body["view"].get("private_metadata")
    pointer = decode(metadata)
    kept = json.loads(metadata)
    channel, ts = (*kept.get("at", ()), None, None)[:2] if isinstance(kept.get("at"), list) else (None, None)
    where = {"channel_id": channel, "message_ts": ts, "is_ephemeral": kept.get("only") is True}
    body = {**press.body, "container": where, "view": kept["in"] if isinstance(kept.get("in"), dict) else {}}
    if isinstance(kept.get("url"), str):
        body["response_url"] = kept["url"]
    return pointer, Press(body=body, client=press.client)


def metadata_of(press: Press) -> str:
    """What a form keeps of the row or button that opened it: what it points at, and the message to update."""
    where = press.body.get("container") or {}
    place: Block = {
        "url": press.body.get("response_url"),
        "at": [where.get("channel_id"), where.get("message_ts")],
    }
    place["only"] = bool(where.get("is_ephemeral"))
    if press.view:
        place["in"] = {name: press.view.get(name) for name in ("type", "id", "callback_id")}
    return json.dumps({**json.loads(encode(press.pointer)), **place}, separators=(",", ":"))


def form_view(
    action: Action,
    title: str,
    about: str,
    inputs: Sequence[Input],
    metadata: str,
    gettext: GetText,
    notes: Sequence[str] = (),
) -> Block:
    """A form with these inputs below a line that says whom it is about, and texts to be read before."""
    return {
        "type": "modal",
        "callback_id": str(action),
        "private_metadata": metadata,
        "title": plain(gettext(title), TITLE),
        "submit": plain(gettext("Save"), TITLE),
        "close": plain(gettext("Cancel"), TITLE),
        "blocks": [
            {"type": "section", "text": plain(about, LABEL)},
            *({"type": "section", "text": plain(note, TEXT)} for note in notes),
            *(
                {
                    "type": "input",
                    "block_id": one.name,
                    **({"optional": True} if one.optional else {}),
                    "label": plain(gettext(one.label), LABEL),
                    **({"hint": plain(one.hint, HINT)} if one.hint else {}),
                    "element": {"type": one.kind, "action_id": one.name, **one.options},
                }
                for one in inputs
            ),
        ],
    }


def entered(view: Block, name: str, *path: str) -> Any:
    """What stands in an input of a form; None where it has no such part."""
    found: Any = view["state"]["values"]
    for key in (name, name, *path):
        found = found.get(key) if isinstance(found, dict) else None
    return found
