"""What a file leaves to the person who imports it: the alternatives there are, and the one to propose if it is evident."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.services.imports.check.findings import FileFinding
from bot.services.imports.report import ImportOptions


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One alternative: the options that give it, and what it means."""

    options: Mapping[str, Any]  # as in ImportOptions or, by any other name, of a kind
    meaning: str


@dataclass(frozen=True, kw_only=True)
class OpenChoice:
    """A question with its alternatives; without any where there are too many to list."""

    about: str
    alternatives: tuple[Alternative, ...] = ()
    evident: int | None = None  # the place of the alternative that the command proposes
    placeholder: tuple[str, str] | None = None  # where none is evident: the option and the word for its value
    stopgap: Alternative | None = None  # what the profile is computed with where there is no alternative

    @property
    def tried(self) -> Alternative | None:
        """The alternative that the profile itself is computed with."""
        return self.alternatives[self.evident or 0] if self.alternatives else self.stopgap


def apply(options: ImportOptions, given: Mapping[str, Any]) -> ImportOptions:
    """The options with an alternative's; those that are lists or mappings add up."""
    common: dict[str, Any] = {}
    own = dict(options.kind_options)
    for name, value in given.items():
        if not hasattr(options, name):
            own[name] = _joined(own.get(name), value)
        else:
            common[name] = _joined(getattr(options, name), value)
    return replace(options, **common, kind_options=own)


def _joined(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **new}
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return type(old)(dict.fromkeys((*old, *new)))
    return new


def choice_of(finding: FileFinding) -> OpenChoice | None:
    """The choice that a question of the file check is; None when no alternative is known."""
    propose = _PROPOSALS.get(finding.type.name)
    if propose is not None:
        return propose(finding)
    if finding.type.accept:
        accept = Alternative(options={"accepted": (finding.type.name,)}, meaning="accept it as it is")
        return OpenChoice(about=finding.text(), alternatives=(accept,))
    return None


_DATE_ORDERS = {
    "dmy": "the day comes first: 3/4/2026 is 3 April",
    "mdy": "the month comes first: 3/4/2026 is 4 March",
    "ymd": "the year comes first: 26/3/4 is 4 March 2026",
}


def _date_order(finding: FileFinding) -> OpenChoice:
    return OpenChoice(
        about=str(finding.type.sentence % finding.values),
        alternatives=tuple(
            Alternative(options={"date_order": order}, meaning=_DATE_ORDERS[order])
            for order in finding.values["styles"]
        ),
        placeholder=("date_order", "ORDER"),
    )


def _decimal_sign(finding: FileFinding) -> OpenChoice:
    return OpenChoice(
        about=str(finding.type.sentence % finding.values),
        alternatives=(
            Alternative(options={"decimal": "point"}, meaning="1,234 is one thousand and 1.5 one and a half"),
            Alternative(options={"decimal": "comma"}, meaning="1.234 is one thousand and 1,5 one and a half"),
        ),
        placeholder=("decimal", "SIGN"),
    )


def _two_digit_years(finding: FileFinding) -> OpenChoice:
    first, last = finding.values["first"], finding.values["last"]
    return OpenChoice(
        about=str(finding.type.sentence % finding.values),
        alternatives=(
            Alternative(options={"century": 2000}, meaning="all years are from 2000 to 2099"),
            Alternative(options={"century": first}, meaning=f"they are from {first} to {last}"),
        ),
        placeholder=("century", "YEAR"),
    )


_PROPOSALS: dict[str, Callable[[FileFinding], OpenChoice]] = {
    "date-order": _date_order,
    "decimal-sign": _decimal_sign,
    "two-digit-years": _two_digit_years,
}
