"""Answers to what a file leaves open: options that are remembered for the next files of a source."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
