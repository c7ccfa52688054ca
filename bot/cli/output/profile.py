"""A profile of a file for a terminal or a script."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.cli.console import _, in_language, listed, number
from bot.cli.output.presentation import finding_lines, rejected_lines, separator
from bot.cli.output.vocabulary import word
from bot.errors import N_, Phrase, ngettext
from bot.services.imports.profile import FileProfile
from bot.services.imports.profile.choices import OpenChoice, apply
from bot.services.imports.profile.command import option_words, typed, words
from bot.services.imports.profile.report import UsedColumn
from bot.services.imports.read.refusal import clip
from bot.services.imports.report import ImportOptions

_HOW = {
    "given": N_("as given"),
    "remembered": N_("as given before"),
    "known": N_("the book knows these codes"),
    "guess": N_("a guess: look at it"),
}
_SHOWN = 3  # rejected rows


def profile_lines(profile: FileProfile) -> Iterator[str]:
    """A profile in sentences."""
    report, totals = profile.report, profile.totals
    yield _(
        "%(file)s: %(kind)s, %(grain)s.",
        file=profile.path.name,
        kind=word("import", profile.kind),
        grain=in_language(profile.grain),
    )
    if profile.others:
        yield _(
            "It may also be %(kinds)s: add %(option)s to look at it so.",
            kinds=listed(word("import", kind) for kind in profile.others),
            option=f"--kind {profile.others[0]}",
        )
    yield (
        _(
            "Read as %(encoding)s, separated by %(separator)s, with the header on line %(line)s.",
            encoding=profile.encoding,
            separator=separator(profile.delimiter),
            line=profile.header_line,
        )
    )
    if report is not None:
        left_out = _(", %(count)s left out", count=f"{report.skipped:,}") if report.skipped else ""
        yield ngettext(
            "%(count)s row: %(accepted)s would be accepted, %(rejected)s rejected%(left_out)s;"
            " %(created)s new, %(changed)s changed.",
            "%(count)s rows: %(accepted)s would be accepted, %(rejected)s rejected%(left_out)s;"
            " %(created)s new, %(changed)s changed.",
            report.rows,
            left_out=left_out,
            accepted=f"{report.accepted:,}",
            rejected=f"{report.rejected:,}",
            created=f"{report.created:,}",
            changed=f"{report.changed:,}",
        )
    if totals.first_day:
        yield _("Dates from %(first)s to %(last)s.", first=totals.first_day, last=totals.last_day)
    if profile.currency:
        yield _("Currency: %(currency)s.", currency=in_language(profile.currency))
    yield from _totals(profile)
    yield _("Columns:")
    yield from (f"  {_column(one)}" for one in profile.columns)
    for name in profile.missing:
        yield "  " + _("%(field)s: no column looks like it, and it is required", field=name)
    if profile.ignored:
        yield _("Ignored:")
        yield from (
            f"  {header}: {', '.join(map(clip, values))}" for header, values in profile.ignored.items()
        )
    if totals.customers is not None:
        yield _(
            "Customers: %(named)s named, %(unknown)s of them not in the book%(examples)s.",
            named=f"{totals.customers:,}",
            unknown=f"{totals.unknown:,}",
            examples=_examples(totals.unknown_examples),
        )
    if report is not None:
        asked = {choice.finding for choice in profile.choices}
        for finding in (one for one in report.findings if one.type.name not in asked):
            yield from finding_lines([finding])
        for reject in report.first_rejects[:_SHOWN]:
            yield _("Rejected, %(row)s", row=next(rejected_lines([reject])))
        if 2 * report.rejected > report.rows:
            worst = Counter(one.column or one.reason for one in report.first_rejects).most_common(1)[0][0]
            yield _(
                "Most rows would be rejected, because of %(column)s: look at it before you import.",
                column=in_language(worst),
            )
    if profile.problem:
        yield _("It cannot be read yet: %(problem)s", problem=in_language(profile.problem))
    for choice in profile.choices:
        yield from _choice(choice)
    for step in profile.first:
        yield _("First: %(step)s", step=in_language(step))
    if profile.missing:
        yield _(
            "Replace %(word)s in the command below by the header of the column that holds the field.",
            word="COLUMN",
        )
    yield _("When that is mended:") if profile.problem else _("To import it:")
    yield f"  {typed(profile.command)}"
    if profile.kind == "orders" and "order-lines" in profile.others:
        yield _("Afterwards, for the mix of products, import the same file as order lines:")
        yield f"  {typed(words('profile', profile.path, ImportOptions()))} --kind order-lines"


def _totals(profile: FileProfile) -> Iterator[str]:
    for total in profile.totals.by_year:
        if total.year is not None or total.amount is not None:
            year = f"{total.year}: " if total.year is not None else ""
            amount = (
                ""
                if total.amount is None
                else f", {number(total.amount, ',.2f')} {total.currency or ''}".rstrip()
            )
            yield f"  {year}{in_language(_rows(total.rows))}{amount}"


def _column(one: UsedColumn) -> str:
    how = f" ({_(_HOW[one.how])})" if one.how in _HOW else ""
    return f"{one.field} = {one.header}{how}{_examples(one.examples)}"


def _choice(choice: OpenChoice) -> Iterator[str]:
    """A choice: the alternative in the command and the others, or what to put in the placeholder's place."""
    shown = [
        (typed(option_words(apply(ImportOptions(), one.options))), in_language(one.meaning))
        for one in choice.alternatives
    ]
    about = str(in_language(choice.about)).rstrip(".。")
    colon = "" if about.endswith(("?", "？")) else ":"
    if choice.evident is not None:
        words, meaning = shown.pop(choice.evident)
        meant = f" ({meaning})" if meaning else ""
        proposed = f"{about}{colon} {words}{meant}"
        yield _("%(proposed)s, or", proposed=proposed) if shown else _("%(proposed)s.", proposed=proposed)
    elif choice.placeholder is not None:
        word = choice.placeholder[1]
        if not any(meaning for words, meaning in shown):
            values = listed(words.split()[-1] for words, meaning in shown)
            by = (
                _("one of %(values)s", values=values)
                if shown
                else in_language(choice.stopgap and choice.stopgap.meaning)
            )
            yield _(
                "You decide. %(about)s. Replace %(word)s in the command below by %(by)s.",
                about=about,
                word=word,
                by=by,
            )
            return
        yield _("You decide. %(about)s. Replace %(word)s in the command below:", about=about, word=word)
    else:
        yield _("You decide. %(about)s. Add to the command below:", about=about)
    for words, meaning in shown:
        yield f"  {words}{f': {meaning}' if meaning else ''}"


def _rows(count: int) -> Phrase:
    return ngettext("%(count)s row", "%(count)s rows", count)


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
