"""Who is meant by what was typed: by code, name, other names and pinyin, within the asker's book."""

from dataclasses import dataclass

from sqlmodel import Session

from bot.services.name_keys import fold, tokens
from db.book import customers
from db.book.customers import Owners

SURE = 85  # RapidFuzz score from which a single near name is taken as meant
NEAR = 55


@dataclass(frozen=True, kw_only=True)
class Found:
    """Customers that fit a query, best first; `sure` when they were meant rather than near."""

    ids: list[int]
    sure: bool


def find(session: Session, owners: Owners, query: str) -> Found:
    """By code, name, other names and pinyin; then by their beginning; then by words; then by likeness."""
    key = fold(query)
    if not key:
        return Found(ids=[], sure=False)
    compact = key.replace(" ", "")
    # One after the other: a common word costs a thousand times what a name that is exactly right does.
    ids = (
        customers.with_key(session, key, owners)
        or (compact != key and customers.with_key(session, compact, owners))
        or customers.with_prefix(session, key, owners)
        or _with_all_words(session, owners, query)
    )
    return Found(ids=ids, sure=True) if ids else _near(session, owners, query, key)


def _with_all_words(session: Session, owners: Owners, query: str) -> list[int]:
    words = tokens(query)
    if not words:
        return []
    return [
        customer for customer, hits in customers.with_tokens(session, words, owners) if hits == len(words)
    ]


def _near(session: Session, owners: Owners, query: str, key: str) -> Found:
    from rapidfuzz import fuzz, process

    shared = [customer for customer, _ in customers.with_tokens(session, tokens(query), owners, limit=300)]
    pool = customers.names_of(session, shared) if shared else customers.all_names(session, owners)
    ranked: dict[int, float] = {}
    for _, score, place in process.extract(
        key, [name for _, name in pool], scorer=fuzz.WRatio, score_cutoff=NEAR, limit=20
    ):
        ranked.setdefault(pool[place][0], score)
    if not ranked and shared:
        return Found(ids=shared[:5], sure=False)
    ids = list(ranked)
    clear = bool(ids) and ranked[ids[0]] >= SURE and (len(ids) == 1 or ranked[ids[1]] < ranked[ids[0]] - 5)
    return Found(ids=ids[:1] if clear else ids[:5], sure=clear)
