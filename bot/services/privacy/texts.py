"""Names in texts that are not about somebody themselves, such as a note about another customer: found, and replaced."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, false, or_, select
from sqlmodel import Session, func

from bot.services.name_keys import HAN
from bot.services.privacy.subjects import Identity, about
from db import traces
from db.book.tombstones import Subject

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Names:
    """What is searched for in texts, and what takes its place."""

    searched: tuple[str, ...]
    left: tuple[
        str, ...
    ]  # too short, or shared with others: they would be found in texts about something else
    mark: str  # stands for a name within a text
    exact: Mapping[str, str]  # folded whole text -> what takes its place

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        longest = sorted(self.searched, key=len, reverse=True)
        return re.compile("|".join(map(_bounded, longest)) or r"(?!)", re.IGNORECASE)

    def named_in(self, column: Any, *, as_json: bool = False) -> ColumnElement[bool]:
        """Condition: texts that may hold one of the names."""
        words = [_as_json(word) if as_json else word for word in (*self.searched, *self.exact)]
        found = [column.ilike(like, escape="\\") for like in dict.fromkeys(map(_like, words))]
        return or_(*found) if found else false()

    def cleaned(self, text: str) -> str:
        """A text without the names."""
        if (whole := self.exact.get(text.strip().casefold())) is not None:
            return whole
        return self.pattern.sub(lambda _: self.mark, text)

    def cleaned_json(self, value: Any) -> Any:
        """The same for every text in a JSON value."""
        if isinstance(value, str):
            return self.cleaned(value)
        if isinstance(value, list):
            return [self.cleaned_json(one) for one in value]
        if isinstance(value, dict):
            return {self.cleaned(key): self.cleaned_json(one) for key, one in value.items()}
        return value


def empty_previous(session: Session, of: Table, columns: Collection[str], ids: Select[Any]) -> None:
    """Empty what imports stored of the previous texts of some columns, in these rows."""
    change = traces.CHANGE
    holds = or_(*(change.c.before.contains(f'"{column}"') for column in columns)) if columns else false()
    stored = select(change.c.id, change.c.before).where(
        change.c.table_name == of.name, change.c.row_id.in_(ids), holds
    )
    for number, text in session.execute(stored).all():
        values = json.loads(text)
        emptied = {column: None for column in columns if values.get(column) is not None}
        if emptied:
            before = json.dumps({**values, **emptied}, ensure_ascii=False)
            session.execute(change.update().where(change.c.id == number).values(before=before))


def names_of(session: Session, identity: Identity, *, mark: str, pseudonym: str) -> Names:
    """What to search for. The name of a person or contact person is not, while another one has it."""
    exact = {}
    shared: Collection[str] = ()
    if identity.subject is not Subject.CUSTOMER:
        held = {name.casefold() for name in _others(session, identity)}
        shared = [name for name in identity.names if name.casefold() in held]
    if identity.subject is Subject.PERSON:
        own = (*(name for name in identity.names if name not in shared), identity.address)
        exact = {word.strip().casefold(): pseudonym for word in own}
        if identity.slack_user_id:
            exact[identity.slack_user_id.casefold()] = ""
    telling = [word for word in identity.words if _is_telling(word) and word not in shared]
    return Names(
        searched=tuple(telling),
        left=tuple(word for word in identity.words if word not in telling),
        mark=mark,
        exact=exact,
    )


def _others(session: Session, identity: Identity) -> Iterator[str]:
    """The names of all other people and contact people, in lower case."""
    for subject, one in ((Subject.PERSON, traces.PERSON), (Subject.CONTACT_PERSON, traces.CONTACT)):
        others = select(func.lower(one.c.name))
        if subject is identity.subject:
            others = others.where(one.c.id.not_in(identity.ids))
        yield from session.scalars(others)


def count(session: Session, identity: Identity, names: Names, columns: Collection[str]) -> dict[str, int]:
    """Column -> how many of its texts name them, in rows that are not about them."""
    found: dict[str, int] = {}
    for column in traces.columns_named(columns):
        number = sum(1 for _ in _named(session, identity, names, column))
        if number:
            found[traces.name_of(column)] = number
    return found


def quoted(session: Session, identity: Identity, names: Names) -> list[dict[str, Any]]:
    """The texts of rows that are not about them and name them: in which column, the key of the row, and the text."""
    columns = traces.columns_named(traces.DOERS | traces.FREE | traces.FREE_JSON | traces.DATA)
    return [
        {"column": traces.name_of(column), "key": key, "text": text}
        for column in columns
        for key, text, _ in _named(session, identity, names, column)
    ]


def clean(session: Session, identity: Identity, names: Names) -> dict[str, int]:
    """Replace the names wherever people or files wrote them; column -> how many texts."""
    done: dict[str, int] = {}
    for column in traces.columns_named(traces.DOERS | traces.FREE | traces.FREE_JSON):
        keys = list(column.table.primary_key.columns)
        number = 0
        for key, _, text in list(_named(session, identity, names, column)):
            where = [one == value for one, value in zip(keys, key, strict=True)]
            session.execute(column.table.update().where(*where).values({column.name: text}))
            number += 1
        if number:
            done[traces.name_of(column)] = number
    return done


def _named(session: Session, identity: Identity, names: Names, column: Any) -> Any:
    """(key, text, text without the names) of a column's texts that name them, in rows that are not about them."""
    as_json = traces.name_of(column) in traces.FREE_JSON
    rewrite = _rewriter(names, as_json)
    where = [names.named_in(column, as_json=as_json)]
    if identity.subject is not Subject.PERSON or column.table in (traces.PERSON, traces.CHANGE):
        where.append(~about(identity, column.table))
    keys = list(column.table.primary_key.columns)
    found = select(*keys, column).where(*where)
    for *key, text in session.execute(found).yield_per(_AT_ONCE):
        cleaned = rewrite(text)
        if cleaned != text:
            yield key, text, cleaned


def _rewriter(names: Names, as_json: bool) -> Callable[[str], str]:
    if not as_json:
        return names.cleaned

    def rewrite(text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return names.cleaned(text)
        cleaned = names.cleaned_json(value)
        return text if cleaned == value else json.dumps(cleaned, ensure_ascii=False)

    return rewrite


def _is_telling(word: str) -> bool:
    """Whether a word in a text means somebody: not a short number, nor one or two letters."""
    if HAN.search(word):
        return len(word) >= 2
    return len(word) >= (6 if word.isdigit() else 3)


def _bounded(word: str) -> str:
    """A pattern of a word that is no part of a longer one; Chinese has no spaces between words."""
    start = r"(?<!\w)" if re.match(r"\w", word) and not HAN.match(word) else ""
    end = r"(?!\w)" if re.search(r"\w$", word) and not HAN.match(word[-1]) else ""
    return f"{start}{re.escape(word)}{end}"


def _like(word: str) -> str:
    """A pattern of LIKE for texts that hold a word in whatever case.

    SQLite compares only the letters of ASCII without regard to case, so another one with two cases may be any.
    """
    escaped = re.sub(r"[\\%_]", r"\\\g<0>", word)
    return "%" + "".join("_" if c > "\x7f" and c.lower() != c.upper() else c for c in escaped) + "%"


def _as_json(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)[1:-1]
