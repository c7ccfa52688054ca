"""Answers for a terminal or a script: the same messages as in Slack, without its markup, and results as JSON."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.cli.console import _, customers, in_language, is_chinese, listed, number
from bot.errors import N_, ngettext, sentences
from bot.services.ask.masks import masked_fields, without_masked
from bot.services.imports.check.findings import LEVELS
from bot.wording import messages
from bot.wording.message_base import Message, Slots
from bot.wording.messages import TierCard
from bot.wording.private import MaskedFields
from bot.wording.rendering import AS_WRITTEN

if TYPE_CHECKING:
    from bot.services.ask.explanation import Explained
    from bot.services.ask.graded import Graded
    from bot.services.grade.runs import RunReport
    from bot.services.imports import ImportReport
    from bot.services.imports.check.findings import FileFinding
    from bot.services.imports.report import Rejected
    from bot.services.trial.diff import SchemeDiff
    from bot.wording.parts import LadderPart
    from grading.diagnose.diff import RuleDifference
    from grading.scheme.model import Name, Scheme


def as_text(slots: Slots) -> str:
    """A rendered message as plain text."""
    facts = (fact.replace("\n", ": ") for fact in map(plain, slots.facts))
    texts = map(plain, (slots.header, *slots.body, *slots.rows))
    return "\n\n".join(part for part in (*texts, *facts, *map(plain, slots.footer)) if part)


def message_json(message: Message) -> dict[str, Any]:
    """An answer that is not a card."""
    return {"answer": message.template, **messages.dump(message)["fields"]}


def card_json(card: TierCard, graded: "Graded", full: MaskedFields | None = None) -> dict[str, Any]:
    """A card's numbers, with the keys of `tierbot score` and what only a stored assessment knows.

    Masked values are None, unless they are given in `full`.
    """
    before, step = card.before, card.next_step
    masked = masked_fields(graded.scheme) if full is None else ()
    return {
        "code": card.code,
        "name": card.name,
        **without_masked(graded.breakdown.data, masked),
        **_full_json(full),
        "tier": graded.assessment.tier,
        "held": card.held,
        "capped_by": graded.assessment.capped_by,
        "provisional": card.provisional,
        "tier_since": card.tier_since,
        "before": {"tier": before.tier.id, "score": before.score, "as_of": before.as_of} if before else None,
        "as_of": card.as_of,
        "orders_through": card.orders_through,
        "scheme": _scheme_json(graded.scheme),
        "owner": card.owner.name if card.owner else None,
        "next_step": {"step": step.names.en, "due_on": step.due_on} if step else None,
        "promised": [asdict(term) for term in card.service.terms] if card.service else [],
    }


def ladder_json(ladder: "LadderPart") -> list[dict[str, Any]]:
    """The tiers of a scheme with the scores of a move up to each and down from it."""
    return [
        {
            "id": rung.tier.id,
            "at": rung.at,
            "rises_at": rung.rises_at,
            "falls_below": rung.falls_below,
            "name": rung.tier.names.en if rung.tier.names else rung.tier.id,
        }
        for rung in ladder.rungs
    ]


def why_json(explained: "Explained", full: MaskedFields | None = None) -> dict[str, Any]:
    """Exact numbers and ids of a change, and the movement rules that hold the tier; masked as `card_json`."""
    message = explained.message
    masked = explained.masked if full is None else ()
    fields = messages.dump(message)["fields"]
    kept = ("code", "name", "score", "as_of", "held", "cap", "by_hand", "pending")
    rise = ("by_itself", "ways", "no_way", "blockers")
    since = message.change.since
    return {
        **{name: fields[name] for name in kept},
        "tier": message.tier.id,
        "since": {"tier": since.tier.id, "as_of": since.as_of} if since else None,
        "change": explained.change,
        "news": message.news,
        "news_count_on": message.news_count_on,
        "rules": fields["change"]["rules"],
        "goal": message.goal.id if message.goal else None,
        **{name: fields[name] for name in rise},
        "lift": without_masked(explained.lift, masked),
        "missing_facts": explained.missing,
        **_full_json(full),
    }


def report_json(report: "RunReport") -> dict[str, Any]:
    """A grading run."""
    return {**asdict(report), "as_of": str(report.as_of), "orders_through": str(report.orders_through or "")}


def diff_json(found: "SchemeDiff") -> dict[str, Any]:
    """Two schemes over one book."""
    from bot.services.trial.diff import SEED

    drift, sensitivity = found.drift, found.sensitivity
    return {
        "as_of": str(found.as_of),
        "old": _scheme_json(found.old),
        "new": _scheme_json(found.new),
        "customers": found.customers,
        "moved": found.moved,
        "at_once": found.at_once,
        "tiers": {"before": found.before, "after": found.after},
        "matrix": found.matrix,
        "psi": None
        if drift is None
        else {"psi": drift.psi, "by_chance": drift.by_chance, "verdict": drift.verdict},
        "sensitivity": {
            "draws": sensitivity.draws,
            "within": sensitivity.within,
            "seed": SEED,
            "customers": len(sensitivity.customers),
            "mean": sensitivity.mean,
            "p95": sensitivity.p95,
            "worst": sensitivity.worst,
        },
        "movers": [
            {
                **vars(mover),
                "causes": [
                    {name: value for name, value in vars(cause).items() if value is not None}
                    for cause in mover.causes
                ],
            }
            for mover in found.movers
        ],
    }


def diff_cause(cause: "RuleDifference", old: "Scheme", new: "Scheme") -> str:
    """One cause of a move in words."""
    if cause.kind == "block":
        return _("a gate that blocks")
    if cause.kind == "coverage":
        return _(
            "known to %(before)s, then %(after)s",
            before=f"{cause.before or 0:.0%}",
            after=f"{cause.after or 0:.0%}",
        )
    if cause.kind == "cap":
        return _("capped by %(name)s", name=cause.name) if cause.name else _("no longer capped")
    if cause.kind == "boundary":
        return _(
            "%(name)s begins at %(after)s instead of %(before)s",
            name=cause.name,
            after=f"{cause.after:g}",
            before=f"{cause.before:g}",
        )
    names = {indicator.id: local_name(indicator.name) for side in (old, new) for indicator in side.indicators}
    how = {
        "new": _("new here"),
        "gone": _("left out"),
        "weight": _(
            "weight %(before)s → %(after)s",
            before=f"{cause.before or 0:.3g} %",
            after=f"{cause.after or 0:.3g} %",
        ),
        "curve": _("another curve"),
        "value": _("another value, by the scheme's constants"),
        "missing": _("weight of what is missing"),
    }[cause.how or "new"]
    return f"{names.get(cause.name or '', cause.name)} {number(cause.points, '+.1f')} ({how})"


def import_json(report: "ImportReport") -> dict[str, Any]:
    """An import."""
    return {
        "import": report.batch_id,
        "kind": report.kind,
        "rows": report.rows,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "skipped": report.skipped,
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
        "findings": [
            {"name": one.type.name, "level": one.level, "text": one.text()} for one in report.findings
        ],
        "remembered": dict(report.remembered),
        "dry_run": report.dry_run,
    }


def import_lines(report: "ImportReport") -> Iterator[str]:
    """An import in sentences."""
    yield _(
        "Read as %(encoding)s, separated by %(separator)s.",
        encoding=report.encoding,
        separator=separator(report.delimiter),
    )
    shown = (f"{field} = {header}" for field, header in report.columns.items())
    yield _("Columns: %(columns)s", columns=listed(shown))
    if report.ignored_columns:
        yield _("Ignored: %(columns)s", columns=listed(report.ignored_columns))
    if report.same_file_as:
        yield _("This very file was imported before, as import %(number)s.", number=report.same_file_as)
    if report.remembered:
        options = " ".join(_option_words(report.remembered))
        yield _("Remembered for this source: %(options)s", options=options)
    for row in report.preview:
        cells = {_("line") if field == "line" else field: value for field, value in row.items()}
        yield "  " + listed(f"{field}: {value}" for field, value in cells.items())
    values = {
        "accepted": f"{report.accepted:,}",
        "created": f"{report.created:,}",
        "changed": f"{report.changed:,}",
        "unchanged": f"{report.unchanged:,}",
        "rejected": f"{report.rejected:,}",
    }
    values["left_out"] = _(", %(count)s left out", count=f"{report.skipped:,}") if report.skipped else ""
    if report.dry_run:
        yield ngettext(
            "%(count)s row: %(accepted)s would be accepted (%(created)s new, %(changed)s changed, %(unchanged)s as"
            " before), %(rejected)s rejected%(left_out)s.",
            "%(count)s rows: %(accepted)s would be accepted (%(created)s new, %(changed)s changed, %(unchanged)s as"
            " before), %(rejected)s rejected%(left_out)s.",
            report.rows,
            **values,
        )
    else:
        yield ngettext(
            "%(count)s row: %(accepted)s accepted (%(created)s new, %(changed)s changed, %(unchanged)s as before),"
            " %(rejected)s rejected%(left_out)s.",
            "%(count)s rows: %(accepted)s accepted (%(created)s new, %(changed)s changed, %(unchanged)s as before),"
            " %(rejected)s rejected%(left_out)s.",
            report.rows,
            **values,
        )
    yield from finding_lines(report.findings)
    if report.customers_created:
        made = customers(report.customers_created)
        if report.dry_run:
            yield _("%(customers)s would be created.", customers=made)
        else:
            yield _("Created: %(customers)s.", customers=made)
    for line in rejected_lines(report.first_rejects[:5]):
        yield f"  {line}"
    if report.rejects_file:
        yield _("All rejected rows with their reasons: %(file)s", file=report.rejects_file)
    if report.batch_id is not None:
        yield _("To take it back: %(command)s", command=f"tierbot import undo {report.batch_id}")


def finding_lines(findings: Iterable["FileFinding"]) -> Iterator[str]:
    """What the file check says."""
    for finding in findings:
        level = _(LEVELS[finding.level])
        yield f"{level[:1].upper()}{level[1:]} {finding.type.name}: {in_language(sentences(finding.parts()))}"


def rejected_lines(rejected: Iterable["Rejected"]) -> Iterator[str]:
    """Rejected rows with their reasons."""
    for reject in rejected:
        line, reason = _("line %(line)s", line=reject.line), in_language(reject.reason)
        if reject.column:
            yield _("%(line)s, %(column)s: %(reason)s", line=line, column=reject.column, reason=reason)
        else:
            yield _("%(line)s: %(reason)s", line=line, reason=reason)


def separator(name: str) -> str:
    """What separates the cells of a file, in words."""
    named = {
        ",": N_("comma"),
        ";": N_("semicolon"),
        "\t": N_("tab"),
        "comma": N_("comma"),
        "semicolon": N_("semicolon"),
        "tab": N_("tab"),
    }
    return _(named[name]) if name in named else name


def local_name(name: "Name") -> str:
    """A name in a scheme, in the installation's language."""
    return name.zh if is_chinese() else name.en


def _option_words(answers: Mapping[str, Any]) -> Iterator[str]:
    """Remembered options as they are typed."""
    for name, value in answers.items():
        if name == "accepted":
            yield from dict.fromkeys(f"--yes {finding}" for finding, _ in value)
            continue
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            yield flag if one is True else f"{flag} {one}"


def _full_json(full: MaskedFields | None) -> dict[str, Any]:
    """What is masked elsewhere."""
    return {} if full is None else {"unmasked": messages.dump(full)["fields"]}


def _scheme_json(scheme: "Scheme") -> dict[str, Any]:
    return {"name": scheme.scheme, "version": scheme.version, "sha256": scheme.sha256}


def plain(text: str) -> str:
    """Slack text as plain text: emoji that open a line or a part of it, bold, code and isolates go, entities become characters."""
    text = re.sub(r"(?m)(?:^|(?<=[•·] )):[a-z_]+: ", "", text)
    text = re.sub(r"(?<!\S)\*(\S(?:[^*\n]*\S)?)\*(?!\S)", r"\1", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    text = re.sub("[\u2068\u2069]", "", text).translate(AS_WRITTEN)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
