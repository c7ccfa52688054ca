"""Answers for a terminal or a script: the same messages as in Slack, without its markup, and results as JSON."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.services.trial import diff
from bot.wording import messages
from bot.wording.messages import Message, Slots, TierCard

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
    from grading.scheme.model import Scheme


def as_text(slots: Slots) -> str:
    """A rendered message as plain text."""
    facts = (fact.replace("\n", ": ") for fact in map(_unmarked, slots.facts))
    texts = map(_unmarked, (slots.header, *slots.body))
    return "\n\n".join(part for part in (*texts, *facts, *map(_unmarked, slots.footer)) if part)


def message_json(message: Message) -> dict[str, Any]:
    """An answer that is not a card."""
    return {"answer": message.template, **messages.dump(message)["fields"]}


def card_json(card: TierCard, graded: "Graded") -> dict[str, Any]:
    """A card's numbers, with the keys of `tierbot score` and what only a stored assessment knows."""
    before, step = card.before, card.next_step
    return {
        "code": card.code,
        "name": card.name,
        **graded.breakdown.data,
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


def why_json(explained: "Explained") -> dict[str, Any]:
    """Exact numbers and ids of a change, and the movement rules that hold the tier."""
    message = explained.message
    fields = messages.dump(message)["fields"]
    kept = ("code", "name", "score", "as_of", "held", "cap", "by_hand", "pending")
    since = message.change.since
    return {
        **{name: fields[name] for name in kept},
        "tier": message.tier.id,
        "since": {"tier": since.tier.id, "as_of": since.as_of} if since else None,
        "change": explained.change,
        "rules": fields["change"]["rules"],
        "lift": explained.lift,
        "missing_facts": explained.missing,
    }


def report_json(report: "RunReport") -> dict[str, Any]:
    """A grading run."""
    return {**asdict(report), "as_of": str(report.as_of), "orders_through": str(report.orders_through or "")}


def diff_json(found: "SchemeDiff") -> dict[str, Any]:
    """Two schemes over one book."""
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
            "seed": diff.SEED,
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
    """One cause of a move in English words."""
    if cause.kind == "block":
        return "a gate that blocks"
    if cause.kind == "coverage":
        return f"known to {cause.before or 0:.0%}, then {cause.after or 0:.0%}"
    if cause.kind == "cap":
        return f"capped by {cause.name}" if cause.name else "no longer capped"
    if cause.kind == "boundary":
        return f"{cause.name} begins at {cause.after:g} instead of {cause.before:g}"
    names = {indicator.id: indicator.name.en for side in (old, new) for indicator in side.indicators}
    how = {
        "new": "new",
        "gone": "left out",
        "weight": f"weight {cause.before or 0:.3g} to {cause.after or 0:.3g} %",
        "curve": "another curve",
        "value": "another value, by the scheme's constants",
        "missing": "weight of what is missing",
    }[cause.how or "new"]
    return f"{names.get(cause.name or '', cause.name)} {cause.points:+.1f} ({how})"


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
    separator = {",": "comma", ";": "semicolon", "\t": "tab"}.get(report.delimiter, report.delimiter)
    yield f"Read as {report.encoding}, separated by {separator}."
    yield "Columns: " + ", ".join(f"{field} = {header}" for field, header in report.columns.items())
    if report.ignored_columns:
        yield "Ignored: " + ", ".join(report.ignored_columns)
    if report.same_file_as:
        yield f"This very file was brought in before, as import {report.same_file_as}."
    if report.remembered:
        yield "Remembered for this source: " + " ".join(_option_words(report.remembered))
    for row in report.preview:
        yield "  " + ", ".join(f"{field}: {value}" for field, value in row.items())
    verb = "would be" if report.dry_run else "were"
    yield (
        f"{report.rows:,} rows: {report.accepted:,} {verb} accepted ({report.created:,} new, {report.changed:,} changed,"
        f" {report.unchanged:,} as before), {report.rejected:,} rejected"
        + (f", {report.skipped:,} left out." if report.skipped else ".")
    )
    yield from finding_lines(report.findings)
    if report.customers_created:
        yield f"{report.customers_created:,} customers {verb} created."
    for line in rejected_lines(report.first_rejects[:5]):
        yield f"  {line}"
    if report.rejects_file:
        yield f"All rejected rows with their reasons: {report.rejects_file}"
    if report.batch_id is not None:
        yield f"To take it back: tierbot import undo {report.batch_id}"


def finding_lines(findings: Iterable["FileFinding"]) -> Iterator[str]:
    """What the file check says."""
    for finding in findings:
        yield f"{finding.level.capitalize()} {finding.type.name}: {finding.text()}"


def rejected_lines(rejected: Iterable["Rejected"]) -> Iterator[str]:
    """Rejected rows with their reasons."""
    for reject in rejected:
        yield (
            ", ".join(part for part in (f"line {reject.line}", reject.column) if part) + f": {reject.reason}"
        )


def _option_words(answers: Mapping[str, Any]) -> Iterator[str]:
    """Remembered options as they are typed."""
    for name, value in answers.items():
        if name == "accepted":
            yield from dict.fromkeys(f"--yes {finding}" for finding, _ in value)
            continue
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            yield flag if one is True else f"{flag} {one}"


def _scheme_json(scheme: "Scheme") -> dict[str, Any]:
    return {"name": scheme.scheme, "version": scheme.version, "sha256": scheme.sha256}


def _unmarked(text: str) -> str:
    """Slack text as plain text: emoji that open a line, bold, code and isolates go, entities become characters."""
    text = re.sub(r"(?m)^:[a-z_]+: ", "", text)
    text = re.sub(r"(?<!\S)\*(\S(?:[^*\n]*\S)?)\*(?!\S)", r"\1", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    text = re.sub("[\u2068\u2069]", "", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
