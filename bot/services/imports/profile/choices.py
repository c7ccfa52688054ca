"""What a file leaves to the person who imports it: the answers there are, and the one to propose if it is evident."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.services.imports.check.findings import FileFinding
from bot.services.imports.report import ImportOptions


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: the options that give it, and what it means."""

    options: Mapping[str, Any]  # as in ImportOptions or, by any other name, of a kind
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A question with its answers; without any where there are too many to list."""

    about: str
    answers: tuple[Answer, ...] = ()
    evident: int | None = None  # the place of the answer that the command proposes
    placeholder: tuple[str, str] | None = None  # where none is evident: the option and the word for its value
    stopgap: Answer | None = None  # what the profile is computed with where there is no answer

    @property
    def tried(self) -> Answer | None:
        """The answer that the profile itself is computed with."""
        return self.answers[self.evident or 0] if self.answers else self.stopgap


def apply(options: ImportOptions, given: Mapping[str, Any]) -> ImportOptions:
    """The options with an answer's; those that are lists or mappings add up."""
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


def choice_of(finding: FileFinding) -> Choice | None:
    """The choice that a question of the file check is; None when no answer is known."""
    propose = _PROPOSALS.get(finding.type.name)
    if propose is not None:
        return propose(finding)
    if finding.type.accept:
        accept = Answer(options={"accepted": (finding.type.name,)}, meaning="accept it as it is")
        return Choice(about=finding.text(), answers=(accept,))
    return None


def _date_order(finding: FileFinding) -> Choice:
    return Choice(
        about=str(finding.type.sentence % finding.values),
        answers=(
            Answer(options={"date_order": "dmy"}, meaning="the day comes first: 3/4/2026 is 3 April"),
            Answer(options={"date_order": "mdy"}, meaning="the month comes first: 3/4/2026 is 4 March"),
        ),
        placeholder=("date_order", "ORDER"),
    )


def _decimal_sign(finding: FileFinding) -> Choice:
    return Choice(
        about=str(finding.type.sentence % finding.values),
        answers=(
            Answer(options={"decimal": "point"}, meaning="1,234 is one thousand and 1.5 one and a half"),
            Answer(options={"decimal": "comma"}, meaning="1.234 is one thousand and 1,5 one and a half"),
        ),
        placeholder=("decimal", "SIGN"),
    )


_PROPOSALS: dict[str, Callable[[FileFinding], Choice]] = {
    "date-order": _date_order,
    "decimal-sign": _decimal_sign,
}
