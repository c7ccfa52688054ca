"""Whether schemes that are in force at the same time can stand side by side."""

from datetime import date
from itertools import combinations

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db.graded import schemes
from grading.scheme.model import Scheme


def check(session: Session, version_id: int, scheme: Scheme, start: date) -> None:
    """Look at every day from a start on. Raises BadInput where a version beside the others cannot be asked in an order.

    All of one purpose are graded in one run, so they share a cadence; no two have the same place; and one that everybody
    it applies to is taken from before it is asked would be approved for nothing.
    """
    scheme_cache = SchemeCache()
    held = schemes.periods(schemes.steps(session, store.purpose(scheme)))
    days = {start, *(period.start for period in held if period.start > start)}
    for day in sorted(days):
        rules = store.rules_on(session, scheme_cache, store.purpose(scheme), day)
        for earlier, later in combinations(rules, 2):
            if version_id not in (earlier.version_id, later.version_id):
                continue
            first, second = earlier.scheme, later.scheme
            words = {"first": first.scheme, "second": second.scheme, "day": day}
            if first.as_of != second.as_of:
                raise BadInput(
                    N_(
                        "%(first)s grades at %(one)s and %(second)s at %(other)s, but from %(day)s on they stand side by"
                        " side and are graded together. Give both the same as_of:."
                    ),
                    **words,
                    one=first.as_of,
                    other=second.as_of,
                )
            if earlier.place is not None and earlier.place == later.place:
                raise BadInput(
                    N_(
                        "%(first)s and %(second)s would both be asked at place %(place)s from %(day)s on. Choose another"
                        " with --place; tierbot scheme list shows those taken."
                    ),
                    **words,
                    place=earlier.place,
                )
            if first.covers(second):
                raise BadInput(
                    N_(
                        "%(first)s is asked before %(second)s and takes everybody it applies to, from %(day)s on. Ask"
                        " the narrower one first: --place with a smaller number."
                    ),
                    **words,
                )
