"""A profile of a file for a terminal or a script."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.services.imports.profile import FileProfile
from bot.services.imports.profile.choices import OpenChoice, apply
from bot.services.imports.profile.command import option_words, typed, words
from bot.services.imports.profile.report import UsedColumn
from bot.services.imports.read.refusal import clip
from bot.services.imports.report import ImportOptions

_HOW = {
    "given": " (as given)",
    "remembered": " (as given before)",
    "header": "",
    "known": " (the book knows these codes)",
    "guess": " (a guess: look at it)",
}
_SHOWN = 3  # rejected rows


def profile_lines(profile: FileProfile) -> Iterator[str]:
    """A profile in sentences."""
    report, totals = profile.report, profile.totals
    yield f"{profile.path.name}: {profile.kind}, {profile.grain}."
    if profile.others:
        yield f"It may also be {' or '.join(profile.others)}: add --kind to look at it so."
    yield (
        f"Read as {profile.encoding}, separated by {profile.delimiter}, with the header on line {profile.header_line}."
    )
    if report is not None:
        left_out = f", {report.skipped:,} left out" if report.skipped else ""
        yield (
            f"{report.rows:,} rows: {report.accepted:,} would be accepted, {report.rejected:,} rejected{left_out};"
            f" {report.created:,} new, {report.changed:,} changed."
        )
    if totals.first_day:
        yield f"Dates from {totals.first_day} to {totals.last_day}."
    if profile.currency:
        yield f"Currency: {profile.currency}."
    yield from _totals(profile)
    yield "Columns:"
    yield from (f"  {_column(one)}" for one in profile.columns)
    for name in profile.missing:
        yield f"  {name}: no column looks like it, and it is required"
    if profile.ignored:
        yield "Ignored:"
        yield from (
            f"  {header}: {', '.join(map(clip, values))}" for header, values in profile.ignored.items()
        )
    if totals.customers is not None:
        unknown = f"{totals.unknown:,} of them not in the book"
        yield f"Customers: {totals.customers:,} named, {unknown}{_examples(totals.unknown_examples)}."
    if report is not None:
        asked = {choice.finding for choice in profile.choices}
        for finding in (one for one in report.findings if one.type.name not in asked):
            yield f"{finding.level.capitalize()} {finding.type.name}: {finding.text()}"
        for reject in report.first_rejects[:_SHOWN]:
            yield f"Rejected, line {reject.line}, {reject.column}: {reject.reason}"
        if 2 * report.rejected > report.rows:
            worst, _ = Counter(one.column or one.reason for one in report.first_rejects).most_common(1)[0]
            yield f"Most rows would be rejected, because of {worst}: look at it before you import."
    if profile.problem:
        yield f"It cannot be read yet: {profile.problem}"
    for choice in profile.choices:
        yield from _choice(choice)
    for step in profile.first:
        yield f"First: {step}"
    if profile.missing:
        yield "Replace COLUMN in the command below by the header of the column that holds the field."
    yield "When that is mended:" if profile.problem else "To import it:"
    yield f"  {typed(profile.command)}"
    if profile.kind == "orders" and "order-lines" in profile.others:
        yield "Afterwards, for the mix of products, bring in the same file as order-lines:"
        yield f"  {typed(words('profile', profile.path, ImportOptions()))} --kind order-lines"


def _totals(profile: FileProfile) -> Iterator[str]:
    for total in profile.totals.by_year:
        if total.year is not None or total.amount is not None:
            year = f"{total.year}: " if total.year is not None else ""
            amount = "" if total.amount is None else f", {total.amount:,.2f} {total.currency or ''}".rstrip()
            yield f"  {year}{total.rows:,} row{'' if total.rows == 1 else 's'}{amount}"


def _column(one: UsedColumn) -> str:
    return f"{one.field} = {one.header}{_HOW[one.how]}{_examples(one.examples)}"


def _choice(choice: OpenChoice) -> Iterator[str]:
    """A choice: the alternative in the command and the others, or what to put in the placeholder's place."""
    shown = [
        (typed(option_words(apply(ImportOptions(), one.options))), one.meaning) for one in choice.alternatives
    ]
    about = choice.about.rstrip(".")
    colon = "" if about.endswith("?") else ":"
    if choice.evident is not None:
        words, meaning = shown.pop(choice.evident)
        yield f"{about}{colon} {words}{f' ({meaning})' if meaning else ''}{', or' if shown else '.'}"
    elif choice.placeholder is not None:
        word = choice.placeholder[1]
        if not any(meaning for _, meaning in shown):
            values = ", ".join(words.split()[-1] for words, _ in shown)
            by = f"one of {values}" if shown else choice.stopgap and choice.stopgap.meaning
            yield f"You decide. {about}. Replace {word} in the command below by {by}."
            return
        yield f"You decide. {about}. Replace {word} in the command below:"
    else:
        yield f"You decide. {about}. Add to the command below:"
    for words, meaning in shown:
        yield f"  {words}{f': {meaning}' if meaning else ''}"


def _examples(values: tuple[str, ...]) -> str:
    return f": {', '.join(map(clip, values))}" if values else ""


def profile_json(profile: FileProfile) -> dict[str, Any]:
    """A profile for scripts."""
    report, totals = profile.report, profile.totals
    return {
        "file": str(profile.path),
        "kind": profile.kind,
        "others": list(profile.others),
        "grain": profile.grain,
        "encoding": profile.encoding,
        "delimiter": profile.delimiter,
        "header_line": profile.header_line,
        "rows": report.rows if report else None,
        "accepted": report.accepted if report else None,
        "rejected": report.rejected if report else None,
        "left_out": report.skipped if report else None,
        "first_rejects": [vars(reject) for reject in report.first_rejects] if report else [],
        "columns": [vars(one) for one in profile.columns],
        "missing": list(profile.missing),
        "ignored": dict(profile.ignored),
        "first_day": totals.first_day,
        "last_day": totals.last_day,
        "currency": profile.currency,
        "totals": [vars(one) for one in totals.by_year],
        "customers": totals.customers,
        "unknown_customers": totals.unknown,
        "findings": [
            {"name": one.type.name, "level": one.level, "text": one.text()}
            for one in (report.findings if report else ())
        ],
        "problem": profile.problem,
        "choices": [
            {
                "about": choice.about,
                "alternatives": [vars(alternative) for alternative in choice.alternatives],
                "evident": choice.evident,
                "placeholder": choice.placeholder and choice.placeholder[1],
            }
            for choice in profile.choices
        ],
        "first": list(profile.first),
        "command": list(profile.command),
    }
