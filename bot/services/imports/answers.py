"""Answers to what a file leaves open: options that are remembered for the next files of a source."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.errors import N_, BadInput
from bot.services.imports.check.meaning.statuses import ENDED_COLUMN, STATUS_COLUMN
from bot.services.imports.kind import FileKind
from bot.services.imports.read import filters
from bot.services.imports.report import ImportOptions

# Of ImportOptions; an import kind names its own by `KindOption.remembered`.
REMEMBERED = ("decimal", "date_order", "century", "header_line", *filters.OPTIONS)
# Remembered for the kinds that have amounts.
CURRENCY = "currency"
# What was accepted, as (name of a finding, its column or field): another column is asked about again.
ACCEPTED = "accepted"
# What is remembered without being an option: the words that status columns had, by header.
WORDS = "words"


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What earlier imports of a source were told."""

    options: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> column
    accepted: tuple[tuple[str, str], ...] = ()  # findings with their subjects
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)  # of status columns
    asked_by: str = STATUS_COLUMN.name  # the finding that these words answer

    @classmethod
    def of(cls, answers: Mapping[str, Any], columns: Mapping[str, str], kind: str) -> "Remembered":
        """What the database keeps, in its parts."""
        return cls(
            options={name: value for name, value in answers.items() if name not in (ACCEPTED, WORDS)},
            columns=columns,
            accepted=tuple((name, subject) for name, subject in answers.get(ACCEPTED, [])),
            words=answers.get(WORDS, {}),
            asked_by=(ENDED_COLUMN if kind == "customers" else STATUS_COLUMN).name,
        )

    @property
    def answers(self) -> dict[str, Any]:
        """The options and what was accepted, by the names under which they are kept."""
        return {**self.options, **({ACCEPTED: self.accepted} if self.accepted else {})}

    def names(self) -> dict[str, str]:
        """Everything that `without` takes, as a person writes it -> the name under which it is kept."""
        options = {name.replace("_", "-"): name for name in self.options}
        findings = [name for name, _ in self.accepted]
        asked = [self.asked_by] if self.words else []
        return {**{name: name for name in (*self.columns, *findings, *asked)}, **options}

    def without(self, given: Collection[str]) -> "Remembered":
        """What is left when these options, findings and fields are forgotten."""
        known = self.names()
        for name in given:
            if not known:
                raise BadInput(
                    N_("--forget-only %(name)s: nothing is remembered for this source and kind."), name=name
                )
            if name not in known:
                raise BadInput(
                    N_("--forget-only %(name)s: this is not remembered, only these are: %(known)s."),
                    name=name,
                    known=", ".join(sorted(known)),
                )
        gone = {known[name] for name in given}
        chosen = filters.read_filters(
            {name: self.options.get(name, ()) for name in filters.OPTIONS if name in gone}
        )
        return replace(
            self,
            options={name: value for name, value in self.options.items() if name not in gone},
            columns={name: column for name, column in self.columns.items() if name not in gone},
            accepted=tuple(pair for pair in self.accepted if pair[0] not in gone),
            words={
                column: words
                for column, words in self.words.items()
                if column not in chosen and self.asked_by not in gone
            },
        )


def merge(options: ImportOptions, remembered: Mapping[str, Any], kind: FileKind) -> ImportOptions:
    """The options with the remembered ones where none is given; the words of filters add up."""
    common: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in remembered.items()
        if name in (*REMEMBERED, CURRENCY) and not getattr(options, name)
    }
    common |= filters.combine(remembered, {name: getattr(options, name) for name in filters.OPTIONS})
    own = {
        option.name: remembered[option.name]
        for option in kind.options
        if option.remembered
        and option.name in remembered
        and options.kind_options.get(option.name) in (None, option.default)
    }
    return replace(options, **common, kind_options={**options.kind_options, **own})


def answers_of(options: ImportOptions, kind: FileKind) -> dict[str, Any]:
    """The options to remember: those that say something."""
    has_currency = any(field.name == CURRENCY and not field.required for field in kind.fields)
    names = (*REMEMBERED, CURRENCY) if has_currency else REMEMBERED
    common = {name: getattr(options, name) for name in names if getattr(options, name)}
    own = {
        option.name: options.kind_options[option.name]
        for option in kind.options
        if option.remembered and options.kind_options.get(option.name) not in (None, option.default)
    }
    return common | own
