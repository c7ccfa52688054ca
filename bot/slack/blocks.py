"""Message -> Block Kit, within Slack's limits. Words are the templates', structure is here."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.errors import N_, BadInput
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer, RowChoice, is_query
from bot.wording.answers.risk import RiskRow
from bot.wording.ask.notes import MOST_NOTES, NoteRow
from bot.wording.ask.proposals import ProposalRow
from bot.wording.care.complaints import ComplaintRow
from bot.wording.care.digest import CONTACT_LABELS, MOST_ROWS, CareRow
from bot.wording.care.escalations import MOST_ROWS as MOST_LATE
from bot.wording.care.escalations import LateStep
from bot.wording.care.greetings import GreetedCustomer
from bot.wording.care.promises import PromiseRow
from bot.wording.message_base import Message, Slots
from bot.wording.parts import Listed
from bot.wording.private import ContactRow
from bot.wording.rendering import AS_WRITTEN_IN_PLAIN_TEXT, Renderer, escape

Block = dict[str, Any]
# With buttons of their own below them.
_Row = CareRow | ComplaintRow | PromiseRow | ContactRow | NoteRow | RiskRow | ProposalRow

MOST_BLOCKS, MOST_VIEW_BLOCKS = 50, 100
# Slack documents no sum, but refuses messages of about 13,200 characters (bolt-js #2509) and views of 250 kB.
MOST_CHARACTERS, MOST_VIEW_CHARACTERS = 13_000, 30_000
TEXT, FIELD, HEADER, CONTEXT, BUTTON, LABEL, FALLBACK = 3000, 2000, 150, 2000, 75, 200, 4000
ROW = 400  # of a row that has its own buttons, so that there is room for all rows
NOTE_ROW = 2300  # of a note, of which a message has few
LATE_ROW = 280  # of a row with a menu beside it, of which a message has more
TITLE = 24  # of a view
MOST_TABLE_ROWS, MOST_CELLS, MOST_IN_CELLS = (
    101,
    20,
    10_000,
)  # of a table, with its head; characters in all cells
CELL = 100
HINT = 2000  # of an input
MOST_FIELDS, MOST_ELEMENTS, MOST_BUTTONS, MOST_OPTIONS = 10, 10, 25, 100
MOST_ID, MOST_MARK = 2**31 - 1, 2**32 - 1  # in a button: what a column of ids holds, and a crc32
_CHOICE = re.compile(r"[a-z_0-9]{1,30}")
OLD_BUTTON = N_("This button is from an older version. Ask again with /tier.")
NOTHING = "–"  # Slack refuses empty texts
DECIDE = N_("Decide…")
LATE_CHOICES = (RowChoice.REASSIGN, RowChoice.SNOOZE_UNTIL, RowChoice.SKIP)


_MOST: dict[type, int] = {LateStep: MOST_LATE, NoteRow: MOST_NOTES}


def payload(
    renderer: Renderer,
    message: Message,
    language: str | None,
    *,
    possible_repeat: bool = False,
    with_table: bool = False,
    back: Pointer | None = None,
) -> dict[str, Any]:
    """`text` and `blocks` of a message; one that can be `shorter` has as many rows as Slack takes.

    `with_table`: a list as a table; `back`: a button to the list it came from.
    """
    gettext = catalogue.gettext(language)
    message, slots = _fitted(renderer, message, language, gettext)
    if possible_repeat:
        line = gettext("Possible repeat: Slack did not say whether this arrived before.")
        slots = replace(slots, fallback=f"{slots.fallback} ({line})", footer=(line, *slots.footer))
    buttons, rows = _buttons(message, gettext, language), _row_blocks(message, slots, gettext)
    if back is not None:
        buttons.append(_button(Action.TO_LIST, gettext(Action.TO_LIST.label), back))
    room = MOST_CHARACTERS - sum(map(_length, buttons))
    table = data_table(message, slots) if with_table else None
    if table is not None:
        slots, rows = replace(slots, header="", body=()), [table]  # its caption is the header
        room = MOST_CHARACTERS + MOST_IN_CELLS  # what stands in cells is counted for itself
    blocks = body_blocks(slots, MOST_BLOCKS - bool(buttons), room, rows)
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": clip(slots.fallback or NOTHING, FALLBACK), "blocks": blocks}


def _fitted(
    renderer: Renderer, message: Message, language: str | None, gettext: Callable[[str], str]
) -> tuple[Message, Slots]:
    """A message that says itself how many rows it leaves out, with no more of them than there is room for."""
    slots = renderer.slots(message, language)
    while not _fits(slots, _buttons(message, gettext, language)) and (less := message.shorter()) is not None:
        message, slots = less, renderer.slots(less, language)
    return message, slots


def _fits(slots: Slots, buttons: Sequence[Block]) -> bool:
    """Whether nothing of the texts of a message is clipped; rows are counted by who lists them."""
    texts = (*slots.body, *slots.facts, *slots.footer)
    parts = len(slots.body) + bool(slots.header) + bool(slots.facts) + bool(slots.footer) + bool(buttons)
    characters = len(slots.header) + sum(map(len, texts)) + sum(map(_length, buttons))
    return (
        parts <= MOST_BLOCKS and characters <= MOST_CHARACTERS and all(len(one) <= TEXT for one in slots.body)
    )


def data_table(message: Message, slots: Slots) -> Block | None:
    """The rows of a list as a table, whose columns Slack sorts; None where there is none, or Slack would refuse it."""
    head, *rows = slots.table or ((),)
    if message.table_of is None or not head or not 0 < len(rows) < MOST_TABLE_ROWS:
        return None
    if any(len(row) != len(head) for row in rows) or len(head) > MOST_CELLS:
        return None
    cells = [[_cell(text) for text in head]]
    cells += [list(map(_cell, row, message.cell_figures(number))) for number, row in enumerate(rows)]
    if sum(len(cell["text"]) for row in cells for cell in row) > MOST_IN_CELLS:
        return None
    return {
        "type": "data_table",
        "caption": plain(slots.header or slots.fallback, HEADER)["text"],
        "rows": cells,
        "page_size": len(rows),
        "row_header_column_index": message.row_header,
    }


def _cell(text: str, figure: float | None = None) -> Block:
    shown = plain(text, CELL)["text"]
    if figure is None:
        return {"type": "raw_text", "text": shown}
    return {"type": "raw_number", "value": figure, "text": shown}


def modal(renderer: Renderer, message: Message, language: str | None, title: str) -> dict[str, Any]:
    """A message as a view to read and close; `title` is a msgid."""
    slots, gettext = renderer.slots(message, language), catalogue.gettext(language)
    rows = _row_blocks(message, slots, gettext)
    return view(slots, gettext(title), gettext("Close"), _buttons(message, gettext, language), rows)


def view(
    slots: Slots, title: str, close: str, buttons: Sequence[Block] = (), rows: Sequence[Block] = ()
) -> dict[str, Any]:
    """Slots as a view to read and close, with buttons below them."""
    room = MOST_VIEW_CHARACTERS - sum(map(_length, buttons))
    content = body_blocks(slots, MOST_VIEW_BLOCKS - bool(buttons), room, rows)
    return {
        "type": "modal",
        "title": plain(title, TITLE),
        "close": plain(close, TITLE),
        "blocks": [
            *(content or [{"type": "section", "text": plain(NOTHING, TEXT)}]),
            *([{"type": "actions", "elements": list(buttons)}] if buttons else []),
        ],
    }


def body_blocks(slots: Slots, most: int, room: int, rows: Sequence[Block] = ()) -> list[Block]:
    """The slots as at most `most` blocks of at most `room` characters; the body is clipped first, `rows` never are."""
    most, room = most - len(rows), room - sum(map(_length, rows))
    header = [plain(slots.header, HEADER)] if slots.header else []
    room -= sum(len(text["text"]) for text in header)
    footer, room = _fit(slots.footer[:MOST_ELEMENTS], CONTEXT, room)
    facts, room = _fit(slots.facts[:MOST_FIELDS], FIELD, room)
    paragraphs = slots.body
    places = most - len(header) - bool(facts) - bool(footer)
    if len(paragraphs) > places:
        paragraphs = (*paragraphs[: places - 1], "…")
    body, _ = _fit(paragraphs, TEXT, room)
    return [
        *({"type": "header", "text": text} for text in header),
        *({"type": "section", "text": text} for text in body),
        *rows,
        *([{"type": "section", "fields": facts}] if facts else []),
        *([{"type": "context", "elements": footer}] if footer else []),
    ]


def encode(pointer: Pointer) -> str:
    """The value of a button or of an option."""
    value = {
        "id": pointer.id,
        "v": pointer.version,
        "of": pointer.mark,
        "do": pointer.choice,
        "q": pointer.query,
    }
    given = {key: part for key, part in value.items() if part is not None}
    return json.dumps(given, separators=(",", ":"), ensure_ascii=False)


def decode(value: str | None) -> Pointer:
    """The pointer of a button's value. Raises BadInput."""
    try:
        data = json.loads(value or "")
        found = Pointer(
            id=data["id"], version=data["v"], mark=data.get("of"), choice=data.get("do"), query=data.get("q")
        )
        if found.choice is not None and not _CHOICE.fullmatch(found.choice):
            raise ValueError
        if found.query is not None and not is_query(found.query):
            raise ValueError
        for number, most in ((found.id, MOST_ID), (found.version, MOST_ID), (found.mark or 0, MOST_MARK)):
            if type(number) is not int or not 0 <= number <= most:
                raise ValueError
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput(OLD_BUTTON) from None


def mrkdwn(text: str, limit: int) -> Block:
    # verbatim: Slack makes no links or mentions of its own out of data.
    return {"type": "mrkdwn", "text": clip(text, limit), "verbatim": True}


def plain(text: str, limit: int) -> Block:
    """Plain text is shown literally, but for emoji: entities become characters, brackets such that no reader sees markup."""
    # As `str`: the methods of `Markup`, which escaped text is, would escape what is put in.
    shown = (
        str.translate(text, AS_WRITTEN_IN_PLAIN_TEXT)
        .replace("&lt;", "‹")
        .replace("&gt;", "›")
        .replace("&amp;", "&")
    )
    shown = shown.replace("<", "‹").replace(">", "›")
    return {"type": "plain_text", "text": clip(shown or NOTHING, limit), "emoji": True}


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a line end if one is near, never inside an entity or a link."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    line_end = text.rfind("\n", 0, limit - 1)
    if line_end > limit // 2:
        return cut[:line_end] + "\n…"
    cut = re.sub(r"(&[a-z]*|<[^>]*)$", "", cut)
    return cut.rstrip() + "…"


def _fit(texts: Iterable[str], limit: int, room: int) -> tuple[list[Block], int]:
    """As many texts as there is room for, the last one clipped, and the remaining room."""
    fitted = []
    for text in texts:
        if room < 1:
            break
        fitted.append(mrkdwn(text, min(limit, room)))
        room -= len(fitted[-1]["text"])
    return fitted, room


def _length(element: Block) -> int:
    """The characters of a button, a menu, or a block of a row."""
    shown = [
        element.get("text"),
        element.get("placeholder"),
        *(o["text"] for o in element.get("options", ())),
    ]
    beside = [element["accessory"]] if "accessory" in element else []
    inner = sum(map(_length, (*element.get("elements", ()), *beside)))
    return inner + sum(len(text["text"]) for text in shown if text)


def _row_blocks(message: Message, slots: Slots, gettext: Callable[[str], str]) -> list[Block]:
    """A section for each row of the message, and its buttons below it, or its menu beside it."""
    found: tuple[_Row | LateStep, ...] = getattr(message, message.rows_of) if message.rows_of else ()
    most = next((most for kind, most in _MOST.items() if found and isinstance(found[0], kind)), MOST_ROWS)
    made: list[Block] = []
    for row, text in zip(found[:most], slots.rows, strict=False):  # others are only counted
        if isinstance(row, LateStep):
            beside = _beside(row, gettext)
            made.append({"type": "section", "text": mrkdwn(text, LATE_ROW), **beside})
            continue
        limit = NOTE_ROW if isinstance(row, NoteRow) else ROW
        made.append({"type": "section", "text": mrkdwn(text, limit)})
        if controls := _controls(row, gettext):
            made.append({"type": "actions", "elements": controls})
    return made


def _beside(row: LateStep, gettext: Callable[[str], str]) -> Block:
    """What stands beside a late step: what its reader can decide about it, or *Undo*."""
    if row.is_open:
        choices = [(gettext(choice.label), replace(row.touch, choice=choice)) for choice in LATE_CHOICES]
        return {"accessory": _select(Action.ROW_MENU, gettext(DECIDE), choices)}
    return {"accessory": _button(Action.UNDO, gettext(Action.UNDO.label), row.touch)} if row.may_undo else {}


def _controls(row: _Row, gettext: Callable[[str], str]) -> list[Block]:
    """What can be pressed below a row."""
    shown: tuple[Action, ...]
    match row:
        case ContactRow():
            shown = (Action.CHANGE_CONTACT,) if row.may_change else ()
        case NoteRow():
            shown = (Action.CHANGE_NOTE, Action.TAKE_BACK_NOTE) if row.may_change else ()
        case ComplaintRow():  # what is done about it while it is open, and Undo for what was done a moment ago
            shown = (Action.COMPLAINT_STEP, Action.CLOSE_COMPLAINT) if row.is_open else ()
            shown += (Action.UNDO_COMPLAINT,) if row.may_undo else ()
        case PromiseRow():  # that it was kept late, on which day
            kept = Action.PROMISE_KEPT_ON if row.over else Action.PROMISE_KEPT
            shown = (kept, Action.POSTPONE_PROMISE, Action.WITHDRAW_PROMISE) if row.is_open else ()
            shown += (Action.UNDO_PROMISE,) if row.may_undo else ()
        case ProposalRow():
            shown = row.choices
        case RiskRow():
            shown = (Action.OPEN, Action.LOG_VISIT) if row.may_log else (Action.OPEN,)
        case CareRow():
            return _step_controls(row, gettext)
    return [_button(one, gettext(one.label), row.target, one.style) for one in shown]


def _step_controls(row: CareRow, gettext: Callable[[str], str]) -> list[Block]:
    """The buttons of a step: Done as one press where only one kind of contact fulfils it, else a choice of kinds."""
    if not row.is_open:
        undo = _button(Action.UNDO, gettext(Action.UNDO.label), row.target)
        return [undo] if row.may_undo else []
    kinds = [(gettext(CONTACT_LABELS[kind]), replace(row.target, choice=kind)) for kind in row.kinds]
    if len(kinds) > 1:
        done = _select(Action.DONE_AS, gettext(Action.DONE_AS.label), kinds)
    else:
        target = kinds[0][1] if kinds else row.target
        done = _button(Action.DONE, gettext(Action.DONE.label), target, Action.DONE.style)
    rest = [(gettext(choice.label), replace(row.target, choice=choice)) for choice in RowChoice]
    return [
        done,
        _button(Action.LOG_VISIT, gettext(Action.LOG_VISIT.label), row.customer),
        _button(Action.BRIEF, gettext(Action.BRIEF.label), row.customer),
        _select(Action.ROW_MENU, gettext(Action.ROW_MENU.label), rest),
    ]


def _buttons(message: Message, gettext: Callable[[str], str], language: str | None) -> list[Block]:
    """The buttons and the menu that the message's class declares, and those of the customers that it lists."""
    targets = message.targets()
    buttons = [
        _button(action, gettext(action.label), targets[action], action.style)
        for action in message.buttons
        if action in targets
    ]
    more = [
        (gettext(action.label), replace(targets[action], choice=str(action)))
        for action in message.in_menu
        if action in targets
    ]
    if more:
        buttons.append(_select(Action.MORE, gettext(Action.MORE.label), more))
    if message.names_facts and (facts := message.recordable(language or "en")):
        buttons.append(_fact_control(facts, gettext))
    if message.buttons_for:
        hits, room = getattr(message, message.buttons_for), MOST_BUTTONS - len(buttons)
        if len(hits) > room and message.choosing != Action.OPEN:
            buttons.append(_menu(message.choosing, hits, gettext(message.choosing.label)))
        else:
            buttons += _choices(message.choosing, hits[:room])
    if message.menu_of and (hits := getattr(message, message.menu_of)):
        buttons.append(_menu(Action.OPEN, hits, gettext("Show a card…")))
    return buttons


def _fact_control(facts: Sequence[tuple[str, Pointer]], gettext: Callable[[str], str]) -> Block:
    """A button that names the only fact, or a menu of several."""
    named = [(escape(name), pointer) for name, pointer in facts[:MOST_OPTIONS]]
    if len(named) > 1:
        return _select(Action.RECORD_FACT, gettext(Action.RECORD_FACT.label), named)
    name, pointer = named[0]
    return _button(Action.RECORD_FACT, gettext("Record: %(name)s") % {"name": name}, pointer)


def _choices(action: Action, hits: Sequence[Listed | GreetedCustomer]) -> list[Block]:
    """A button for each customer; customers of one name are distinguished by their codes."""
    times = Counter(hit.label for hit in hits)
    labels = [hit.label if times[hit.label] == 1 else f"{hit.code} {hit.label}" for hit in hits]
    return [
        _button(f"{action}.{place}", escape(label), hit.target)
        for place, (hit, label) in enumerate(zip(hits, labels, strict=True))
    ]


def _button(action_id: str, label: str, pointer: Pointer, style: str | None = None) -> Block:
    block: Block = {
        "type": "button",
        "action_id": str(action_id),
        "text": plain(label, BUTTON),
        "value": encode(pointer),
    }
    return {**block, "style": style} if style else block


def _menu(action: Action, hits: Sequence[Listed | GreetedCustomer], placeholder: str) -> Block:
    options = [(escape(f"{hit.label} {hit.code}"), hit.target) for hit in hits[:MOST_OPTIONS]]
    return _select(action, placeholder, options)


def _select(action: Action, placeholder: str, options: Sequence[tuple[str, Pointer]]) -> Block:
    return {
        "type": "static_select",
        "action_id": str(action),
        "placeholder": plain(placeholder, 150),
        "options": [{"text": plain(label, BUTTON), "value": encode(pointer)} for label, pointer in options],
    }
