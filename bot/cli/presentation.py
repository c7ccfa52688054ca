"""Answers for a terminal or a script: the same messages as in Slack, without its markup."""

import re
from collections.abc import Iterator
from typing import Any

from bot.services.access import Actor
from bot.services.imports import ImportReport
from bot.settings import Settings
from bot.wording import messages
from bot.wording.messages import Message, Slots
from db.book.people import PersonRole


def console_actor(settings: Settings) -> Actor:
    """Whoever may run commands on the machine may see the book."""
    return Actor(
        person_id=0,
        name="console",
        role=PersonRole.ADMIN,
        team_id=None,
        led_teams=frozenset(),
        slack_user_id="",
        language=settings.language,
        timezone=settings.timezone,
    )


def is_answer(message: Message) -> bool:
    """Whether a question found what it asked for."""
    return not isinstance(message, messages.NoMatch)


def listed(message: Message) -> dict[str, Any]:
    """An answer that is not a card, for scripts."""
    kept = messages.dump(message)
    return {"answer": message.template(), **kept["fields"]}


def as_text(slots: Slots) -> str:
    header, body, footer = (map(_unmarked, part) for part in ((slots.header,), slots.body, slots.footer))
    facts = (_unmarked(fact).replace("\n", ": ") for fact in slots.facts)
    return "\n\n".join(part for part in (*header, *body, *facts, *footer) if part)


def import_json(report: ImportReport) -> dict[str, Any]:
    return {
        "import": report.batch_id,
        "kind": report.kind,
        "rows": report.rows,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "customers_created": report.customers_created,
        "rejects_file": str(report.rejects_file) if report.rejects_file else None,
        "first_rejects": [vars(reject) for reject in report.first_rejects],
        "columns": dict(report.columns),
        "ignored_columns": list(report.ignored_columns),
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "same_file_as": report.same_file_as,
        "dry_run": report.dry_run,
    }


def import_lines(report: ImportReport) -> Iterator[str]:
    separator = {",": "comma", ";": "semicolon", "\t": "tab"}.get(report.delimiter, report.delimiter)
    yield f"Read as {report.encoding}, separated by {separator}."
    yield "Columns: " + ", ".join(f"{field} = {header}" for field, header in report.columns.items())
    if report.ignored_columns:
        yield "Ignored: " + ", ".join(report.ignored_columns)
    if report.same_file_as:
        yield f"This very file was brought in before, as import {report.same_file_as}."
    for row in report.preview:
        yield "  " + ", ".join(f"{field}: {value}" for field, value in row.items())
    verb = "would be" if report.dry_run else "were"
    yield (
        f"{report.rows:,} rows: {report.accepted:,} {verb} accepted ({report.created:,} new, {report.changed:,} changed,"
        f" {report.unchanged:,} as before), {report.rejected:,} rejected."
    )
    if report.customers_created:
        yield f"{report.customers_created:,} customers {verb} created."
    for reject in report.first_rejects[:5]:
        yield f"  line {reject.line}, {reject.column}: {reject.reason}"
    if report.rejects_file:
        yield f"All rejected rows with their reasons: {report.rejects_file}"
    if report.batch_id is not None:
        yield f"To take it back: tierbot import undo {report.batch_id}"


def _unmarked(text: str) -> str:
    """Slack text as plain text: emoji that open a line, bold, code and isolates go, entities become characters."""
    text = re.sub(r"(?m)^:[a-z_]+: ", "", text)
    text = re.sub(r"(?<!\S)\*(\S(?:[^*\n]*\S)?)\*(?!\S)", r"\1", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    text = re.sub("[\u2068\u2069]", "", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
