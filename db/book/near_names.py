"""Names that may be meant by one that nobody has, found by ranges of the indexes; and all names of some customers."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Integer, bindparam, func, select
from sqlmodel import Session, col

from db.book.customers import (
    Customer,
    CustomerName,
    NameHit,
    NameToken,
    Owners,
    few_of,
    holders,
    of_list,
    of_owners,
)

END = "\U0010ffff"  # sorts after every other character
AT_ONCE = 500  # keys of one query
MOST_NAMES = 1_000  # read from one range


class NearName(NamedTuple):
    """A name of a customer, as it is compared."""

    customer_id: int
    kind: str  # db.book.customers.NameKind
    key: str


_NAMES = select(col(CustomerName.customer_id), col(CustomerName.kind), col(CustomerName.key))


def names_of(session: Session, customer_ids: Collection[int]) -> list[NameHit]:
    """The names of some customers, without archived ones."""
    found = (
        select(*(col(getattr(CustomerName, name)) for name in NameHit._fields))
        .join(Customer, col(Customer.id) == CustomerName.customer_id)
        .where(col(CustomerName.customer_id).in_(customer_ids), col(Customer.archived).is_(False))
        .order_by(col(CustomerName.id))
    )
    return [NameHit(*row) for row in session.execute(found)]


def with_keys(session: Session, keys: Sequence[str], kind: str, owners: Owners) -> list[NearName]:
    """Names of a kind that compare equal to one of these keys."""
    found: list[NearName] = []
    for start in range(0, len(keys), AT_ONCE):
        wanted = col(CustomerName.key).in_(keys[start : start + AT_ONCE]), col(CustomerName.kind) == kind
        found += _names(session, owners, *wanted)
    return found


def starting_with(session: Session, prefix: str, owners: Owners) -> list[NearName]:
    """Names that start with a prefix, the first thousands."""
    key = col(CustomerName.key)
    return _names(session, owners, key >= prefix, key < prefix + END)


def of_customers(session: Session, customer_ids: Iterable[int]) -> list[NearName]:
    """All names of these customers."""
    wanted = col(CustomerName.customer_id).in_(sorted(set(customer_ids)))
    return [NearName(*row) for row in session.execute(_NAMES.where(wanted))]


def words(session: Session, prefix: str, most: int) -> list[str]:
    """The words of all names that start with a prefix, each once, the first `most` in order."""
    token = col(NameToken.token)
    first = select(func.min(token).label("token"), bindparam("one", 1, Integer()).label("place")).where(
        token >= bindparam("start")
    )
    found = first.cte("found", recursive=True)
    # One step down the index for each word: reading all rows of the range took a hundred times as long.
    following = select(func.min(token)).where(token > found.c.token).correlate(found).scalar_subquery()
    step = select(following, found.c.place + 1).where(
        found.c.token < bindparam("end"), found.c.place < bindparam("most")
    )
    found = found.union_all(step)
    rows = session.execute(
        select(found.c.token).where(found.c.token < bindparam("end")),
        {"start": prefix, "end": prefix + END, "most": most},
    )
    return [row[0] for row in rows]


def frequencies(session: Session, tokens: Sequence[str], most: int, owners: Owners) -> dict[str, int]:
    """Token -> how many customers of these owners have it, counted up to `most`."""
    few = few_of(session, owners)
    if few is not None:
        counted = (
            select(col(NameToken.token), func.count())
            .where(col(NameToken.token).in_(tokens), of_list(NameToken.customer_id))
            .group_by(col(NameToken.token))
        )
        known = {row[0]: row[1] for row in session.execute(counted, {"customers": few})}
        return {token: min(known.get(token, 0), most) for token in tokens}
    counts = {}
    for token in tokens:
        some = holders(owners).where(col(NameToken.token) == token).limit(most).subquery()
        counts[token] = session.scalar(select(func.count()).select_from(some)) or 0
    return counts


def known_tokens(session: Session, tokens: Sequence[str], owners: Owners) -> set[str]:
    """Those tokens that a customer of these owners has."""
    return {token for token, count in frequencies(session, tokens, 1, owners).items() if count}


def _names(session: Session, owners: Owners, *conditions: object) -> list[NearName]:
    statement = _NAMES.join(Customer, col(Customer.id) == CustomerName.customer_id).where(*conditions)  # type: ignore[arg-type]
    rows = session.execute(
        of_owners(statement, owners).order_by(col(CustomerName.key), col(CustomerName.id)).limit(MOST_NAMES)
    )
    return [NearName(*row) for row in rows]
