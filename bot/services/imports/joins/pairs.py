"""Which customers are joined into which: from codes to customers, and along chains to the one that stays."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, func, select

from bot.errors import N_, Phrase, one_of
from bot.services.imports.job import AT_ONCE
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.references import find_by_alias, find_by_code
from db.book.customers import CustomerKey
from db.book.imports import fill, table

_key = table(CustomerKey)
Reference = tuple[str | None, str]  # source, or None where only the code is given, and code


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A customer that is joined into another one, which stays."""

    line: int
    from_id: int
    into_id: int
    place: int  # among those that are joined into the same customer, from 1: the nearer, then the earlier


def pair_table(metadata: MetaData) -> Table:
    """The temporary table of the pairs of one import, with the columns of `Pair`."""
    return Table(
        "joined_pair",
        metadata,
        Column("from_id", Integer, primary_key=True, autoincrement=False),
        *(Column(name, Integer, nullable=False) for name in ("into_id", "place", "line")),
        Index("ix_joined_pair_into_id", "into_id"),
        prefixes=["TEMPORARY"],
    )


def fill_pairs(connection: Connection, target: Table, pairs: Iterable[Pair]) -> None:
    """Store pairs in their table."""
    rows = [(pair.from_id, pair.into_id, pair.place, pair.line) for pair in pairs]
    fill(connection, target, ("from_id", "into_id", "place", "line"), rows)


def follow_chains(named: Iterable[tuple[int, int, int]]) -> tuple[list[Pair], set[int]]:
    """(line, customer, into which) to (pairs that end at the customer that stays, lines that close a circle).

    Each customer occurs once as the one that is joined.
    """
    into: dict[int, int] = {}
    lines: dict[int, int] = {}
    circles: set[int] = set()
    for line, customer, other in named:
        if _path(into, other)[-1] == customer:
            circles.add(line)
        else:
            into[customer], lines[customer] = other, line
    groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for customer, line in lines.items():
        path = _path(into, customer)
        groups[path[-1]].append((len(path), line, customer))
    pairs = [
        Pair(line=line, from_id=customer, into_id=last, place=place)
        for last, members in groups.items()
        for place, (_, line, customer) in enumerate(sorted(members), start=1)
    ]
    return pairs, circles


def _path(into: dict[int, int], customer: int) -> list[int]:
    path = [customer]
    while path[-1] in into:
        path.append(into[path[-1]])
    return path


class BookReferences:
    """Finds customers by a code of any source, or by SOURCE:CODE."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sources = list(_sources(connection))

    def split(self, text: str) -> Reference:
        """SOURCE:CODE, or a code; a colon after something that is no source belongs to the code."""
        source, colon, code = (part.strip() for part in text.partition(":"))
        if colon and code and self._named(source):
            return self.of_source(source), code
        return None, text.strip()

    def of_source(self, source: str) -> str:
        """A source as the book writes it, or as it is given where that is not clear."""
        named = self._named(source)
        return named[0] if len(named) == 1 else source

    def find(self, references: Iterable[Reference]) -> dict[Reference, int | RefusedValue]:
        """Reference -> customer, or why it is not clear which."""
        by_source: dict[str | None, list[str]] = defaultdict(list)
        for source, code in sorted(set(references), key=repr):
            by_source[source].append(code)
        found: dict[Reference, int | RefusedValue] = {}
        for source, codes in by_source.items():
            for start in range(0, len(codes), AT_ONCE):
                part = codes[start : start + AT_ONCE]
                customers = self._query(source, part)
                found |= {
                    (source, code): self._only(source, code, customers.get(code, set())) for code in part
                }
        return found

    def _query(self, source: str | None, codes: Sequence[str]) -> dict[str, set[int]]:
        sources = self._sources if source is None else self._named(source)
        found: dict[str, set[int]] = {code: set() for code in codes}
        keyed = select(_key.c.external_id, _key.c.customer_id).where(
            _key.c.source.in_(sources), _key.c.external_id.in_(codes)
        )
        for code, customer in self._connection.execute(keyed):
            found[code].add(customer)
        for find in (find_by_code, find_by_alias) if source is None else ():
            # A code that is a key is the code of those customers, and may be that of others.
            asked = codes if find is find_by_code else [code for code in codes if not found[code]]
            for code, customers in find(self._connection, asked).items() if asked else ():
                found[code] |= customers
        return found

    def _only(self, source: str | None, code: str, customers: set[int]) -> int | RefusedValue:
        if len(customers) == 1:
            return next(iter(customers))
        if source is not None and not self._named(source):
            known = ", ".join(self._sources)
            return RefusedValue(
                Phrase(
                    N_("there is no source %(cell)s; customers came from %(known)s"),
                    cell=repr(clip(source)),
                    known=known,
                )
            )
        if customers:
            labels = sorted(self._labels(code))
            hint = Phrase(N_(": write %(shown)s"), shown=one_of(labels)) if labels else ""
            return RefusedValue(
                Phrase(
                    N_("%(cell)s means %(count)s customers%(hint)s"),
                    cell=repr(clip(code)),
                    count=len(customers),
                    hint=hint,
                )
            )
        if source is not None:
            return RefusedValue(
                Phrase(
                    N_("there is no customer %(cell)s from %(source)s"), cell=repr(clip(code)), source=source
                )
            )
        return RefusedValue(
            Phrase(N_("there is no customer %(cell)s%(hint)s"), cell=repr(clip(code)), hint="")
        )

    def _labels(self, code: str) -> list[str]:
        """SOURCE:CODE for each source that has the code."""
        has = select(_key.c.source).where(_key.c.source.in_(self._sources), _key.c.external_id == code)
        return [f"{source}:{code}" for source in self._connection.scalars(has)]

    def _named(self, source: str) -> list[str]:
        """The sources of this name; upper and lower case are the same unless one is written just so."""
        if source in self._sources:
            return [source]
        return [known for known in self._sources if known.casefold() == source.casefold()]


def _sources(connection: Connection) -> Iterator[str]:
    """The sources of customers, one after the other in the index: reading all keys would take seconds."""
    last = ""
    while (
        source := connection.execute(select(func.min(_key.c.source)).where(_key.c.source > last)).scalar()
    ) is not None:
        yield source
        last = source
