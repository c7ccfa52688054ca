"""The fields of customer profiles: data of the firm, from a YAML file."""

import unicodedata
from collections import Counter
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import N_, BadInput, Phrase
from bot.services.firm_files import RuleName, load_rules
from bot.settings import ROOT
from grading.scheme.model import Name

SHIPPED = ROOT / "templates" / "traits" / "fields.yaml"
SETTING = "TIERBOT_CUSTOMER_PROFILE"
RESERVED = frozenset({"customer", "date", "author"})  # columns of imported files that are no field
MOST_FIELDS = 80  # a form in Slack has room for 100 blocks

Id = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")


class _FieldPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TraitValue(_FieldPart):
    """A value that a field with a choice offers."""

    id: str = Id
    name: RuleName
    also: tuple[str, ...] = ()  # other words for it in files

    @property
    def words(self) -> tuple[str, ...]:
        return (self.name.en, self.name.zh, *self.also)


class TraitField(_FieldPart):
    """A field of the customer profile."""

    id: str = Id
    name: RuleName
    also: tuple[str, ...] = ()  # other headers of its column in files
    of: Literal["companies", "persons"] | None = None  # None: both
    type: Literal["text", "choice", "number"] = "text"
    values: tuple[TraitValue, ...] = Field(default=(), max_length=99)
    several: bool = False  # whether it has more than one value
    personal: bool = False  # masked
    card: bool = False  # shown on the customer's card

    @model_validator(mode="after")
    def _whole(self) -> "TraitField":
        if self.id in RESERVED:
            raise ValueError(
                Phrase(
                    N_("id %(field)s stands for another column of imported files; choose another id"),
                    field=repr(self.id),
                )
            )
        if (self.type == "choice") != bool(self.values):
            raise ValueError(
                Phrase(N_("values belong to type: choice, and a choice needs them; mend one of the two"))
            )
        if self.type == "number" and self.several:
            raise ValueError(Phrase(N_("a number has one value; remove several")))
        if self.personal and self.card:
            raise ValueError(
                Phrase(
                    N_(
                        "a personal field is not shown on the card, which many may see; remove personal or card"
                    )
                )
            )
        refuse_twice([value.id for value in self.values], N_("value %(word)s is there twice; rename one"))
        return self

    @property
    def headers(self) -> frozenset[str]:
        """What its column in a file may be called, as it is compared."""
        return frozenset(map(folded, (self.id, self.name.en, self.name.zh, *self.also)))

    def find(self, text: str) -> TraitValue | None:
        """The value that an id, a name or another word for it means."""
        return self._by_word.get(folded(text))

    @cached_property
    def _by_word(self) -> dict[str, TraitValue]:
        found = {folded(word): value for value in reversed(self.values) for word in value.words}
        return found | {value.id: value for value in self.values}

    def shown(self, value: str) -> Name:
        """A stored value as it is read: by name for one of a choice, else as it is."""
        known = next((one for one in self.values if one.id == value), None)
        return known.name if known is not None else Name(en=value, zh=value)

    def suits(self, is_person: bool | None) -> bool:
        """Whether customers of this kind have the field; of unknown ones (None) any may."""
        return self.of is None or is_person is None or (self.of == "persons") == is_person


class TraitFields(_FieldPart):
    """All fields of the firm, and which types of customers are persons."""

    persons: tuple[str, ...] = ()
    fields: tuple[TraitField, ...] = Field(min_length=1, max_length=MOST_FIELDS)

    @model_validator(mode="after")
    def _distinct(self) -> "TraitFields":
        refuse_twice([field.id for field in self.fields], N_("field %(word)s is there twice; rename one"))
        headers = [word for field in self.fields for word in field.headers]
        refuse_twice(headers, N_("%(word)s stands for two fields in files; remove it from one of them"))
        return self

    def find(self, field_id: str) -> TraitField | None:
        return self._by_id.get(field_id)

    @cached_property
    def _by_id(self) -> dict[str, TraitField]:
        return {field.id: field for field in self.fields}

    def require(self, word: str) -> TraitField:
        """The field of an id, or of a name in either language. Raises BadInput with those that there are."""
        by_name = (one for one in self.fields if folded(word) in map(folded, (one.name.en, one.name.zh)))
        field = self.find(word) or next(by_name, None)
        if field is None:
            raise BadInput(
                N_("%(field)s is not a field of the customer profile; use one of %(known)s."),
                field=word,
                known=", ".join(one.id for one in self.fields),
            )
        return field

    def name(self, field_id: str) -> Name:
        """The name of a field; of one that the file has no more, its id."""
        field = self.find(field_id)
        return field.name if field is not None else Name(en=field_id, zh=field_id)

    def is_personal(self, field_id: str) -> bool:
        """Whether the values of a field are masked; also those of one that the file has no more."""
        field = self.find(field_id)
        return field is None or field.personal

    def is_person(self, customer_type: str | None) -> bool | None:
        """Whether a customer of this type is a person; None where its type is not known."""
        if not customer_type:
            return None
        return folded(customer_type) in self._persons

    @cached_property
    def _persons(self) -> frozenset[str]:
        return frozenset(map(folded, self.persons))

    @property
    def on_card(self) -> tuple[TraitField, ...]:
        return tuple(field for field in self.fields if field.card)


def folded(text: str) -> str:
    """A word as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


def refuse_twice(words: list[str], sentence: str) -> None:
    """Raise ValueError with the first of the words that is there twice."""
    twice = [word for word, times in Counter(words).items() if times > 1]
    if twice:
        raise ValueError(Phrase(sentence, word=repr(twice[0])))


@cache
def shipped_fields() -> TraitFields:
    """The fields that come with the product."""
    return load_rules(TraitFields, SHIPPED, SETTING)


def load_fields(path: Path | None) -> TraitFields:
    """The fields of a file, or the shipped ones. Raises SeveralProblems that name the file and the key of each."""
    return shipped_fields() if path is None else load_rules(TraitFields, path, SETTING)
