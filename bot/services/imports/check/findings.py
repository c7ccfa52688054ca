"""What the file check says about a file: notes, questions that an option answers, and refusals."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from gettext import NullTranslations
from typing import Any

from bot.errors import ENGLISH, N_, BadInput, Phrase
from bot.services.imports.read.text import nearest

NOT_IMPORTED = N_("%(file)s was not imported; nothing was stored.")


class Level(StrEnum):
    """What a finding does to the import."""

    NOTE = "note"  # it is said, nothing more
    QUESTION = "question"  # nothing is stored until an option answers it
    REFUSAL = "refusal"  # nothing is stored; the file must change


LEVELS = {Level.NOTE: N_("note"), Level.QUESTION: N_("question"), Level.REFUSAL: N_("refusal")}


@dataclass(frozen=True, kw_only=True)
class FindingType:
    """One kind of finding. It is declared next to the check that finds it, and documented in docs/importing.md."""

    name: str  # as --yes takes it
    level: Level
    sentence: str  # a msgid: what is found, with an example row
    answer: str = ""  # a msgid: what to do
    accept: bool = False  # whether --yes NAME answers the question
    once: bool = False  # whether --yes NAME is for this file only, and not remembered

    def __post_init__(self) -> None:
        assert self.name not in FINDINGS, self.name
        FINDINGS[self.name] = self


FINDINGS: dict[str, FindingType] = {}  # by name; complete when the kinds are imported


@dataclass(frozen=True, kw_only=True)
class FileFinding:
    """A finding about one file."""

    type: FindingType
    values: dict[str, Any]
    accepted: bool

    @property
    def subject(self) -> str:
        """The column or field it is about, empty where it is about the file: an accepted one is remembered for it."""
        return str(self.values.get("about") or self.values.get("column") or self.values.get("field") or "")

    @property
    def level(self) -> Level:
        """A question that was accepted is a note."""
        return Level.NOTE if self.accepted else self.type.level

    def text(self, words: NullTranslations = ENGLISH) -> str:
        """What is found and, while it is open, what to do."""
        return " ".join(part.text(words) for part in self.parts())

    def parts(self) -> list[Phrase]:
        """What is found and, while it is open, what to do, as one phrase each."""
        parts = [self.type.sentence] if self.level is Level.NOTE else [self.type.sentence, self.type.answer]
        return [Phrase(part, **self.values) for part in parts if part]


class FileFindings:
    """Collects the findings about one file."""

    def __init__(self, accepted: Collection[str], before: Collection[tuple[str, str]] = ()) -> None:
        """`accepted` are names; `before` are (name, subject) that earlier imports of the source accepted."""
        for name in accepted:
            if name not in FINDINGS:
                raise BadInput(
                    N_("--yes %(name)s: there is no finding of this name%(hint)s."),
                    name=name,
                    hint=nearest(name, FINDINGS),
                )
            if not FINDINGS[name].accept:
                raise BadInput(
                    N_(
                        "--yes %(name)s: this finding cannot be accepted as it is; run without it to see what to do."
                    ),
                    name=name,
                )
        self._accepted = frozenset(accepted)
        self._before = frozenset(before)
        self._found: list[FileFinding] = []

    def __iter__(self) -> Iterator[FileFinding]:
        return iter(self._found)

    def add(self, found: FindingType, **values: Any) -> None:
        """Add a finding; `values` fill its sentence and its answer. `about` among them is its subject."""
        asked = FileFinding(type=found, values=values, accepted=False)
        self._found.append(replace(asked, accepted=self.accepts(found, asked.subject)))

    def tally(self, found: FindingType, **values: Any) -> None:
        """Add a finding about rows, with the `count` of them; `values` are those of the first row in its column."""
        for one in self._found:
            if one.type is found and one.values.get("column") == values.get("column"):
                one.values["count"] += 1
                return
        self.add(found, count=1, **values)

    def accepts(self, found: FindingType, subject: str) -> bool:
        """Whether a person accepted what this finding would ask about its subject."""
        return found.name in self._accepted or (found.name, subject) in self._before

    def to_remember(self) -> list[tuple[str, str]]:
        """(name, subject) of what was accepted, now or before."""
        now = {(one.type.name, one.subject) for one in self._found if one.accepted and not one.type.once}
        return sorted(now | self._before)

    def refuse_open(self, file: str, sentence: str = NOT_IMPORTED) -> None:
        """Refuse the file while a question is open; the sentence names the file and what was not done."""
        still_open = [one for one in self._found if one.level is not Level.NOTE]
        if still_open:
            raise OpenFindings(file, still_open, sentence)


class OpenFindings(BadInput):
    """Questions that nobody has answered, or refusals; nothing was stored."""

    def __init__(self, file: str, findings: list[FileFinding], sentence: str = NOT_IMPORTED) -> None:
        self.findings = findings
        super().__init__(sentence, file=file)

    def text(self, words: NullTranslations = ENGLISH) -> str:
        lines = [
            f"{words.gettext(LEVELS[one.level])} {one.type.name}: {one.text(words)}" for one in self.findings
        ]
        return "\n".join([super().text(words), *lines])
