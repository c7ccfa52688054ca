"""Which values of a customer are masked in answers and messages."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from db.privacy import Privacy, is_masked, of_field
from grading.scheme.model import Scheme

_VALUES = frozenset({"value", "before", "after"})  # keys of a customer's values in data for scripts


@lru_cache(maxsize=64)
def masked_fields(scheme: Scheme) -> frozenset[str]:
    """The fields whose values are masked: personal ones, and financial ones that the scheme calls sensitive.

    A field is sensitive unless its scheme says otherwise.
    """
    return frozenset(
        name
        for name, field in scheme.fields.items()
        if is_masked(mark := of_field(name)) and (mark is Privacy.PERSONAL or field.sensitive)
    )


def without_masked(data: Any, fields: Collection[str]) -> Any:
    """Data for scripts without the customer's values of these fields: None, and `masked` next to it."""
    if isinstance(data, dict):
        is_one = (data.get("indicator") or data.get("field")) in fields
        shown = {
            key: None if is_one and key in _VALUES else without_masked(part, fields)
            for key, part in data.items()
        }
        return {**shown, "masked": True} if is_one and _VALUES & data.keys() else shown
    return [without_masked(part, fields) for part in data] if isinstance(data, list | tuple) else data
