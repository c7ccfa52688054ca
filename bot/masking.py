"""Masks: what is shown in place of a value that need not be seen."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "•••"
SHORTEST = 7  # characters of a number of which the first and the last two are shown

EMAIL = r"(?<![\w.+-])(?<!//)[\w.+-]++@[\w-]++\.[\w.-]*\w"
# Abroad with a plus, mobile numbers of China and Germany, numbers of China with a hyphen after the area, and identity
# cards: codes of customers look like other numbers.
_NUMBER = (
    r"(?<![0-9A-Za-z.+])(?:\+[0-9](?:[ ()/-]{0,2}[0-9]){7,14}|(?:86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}"
    r"|01[5-7][0-9](?:[ /-]{0,2}[0-9]){7,8}|0[1-9][0-9]{1,2}-[0-9]{7,8}|[1-9][0-9]{16}[0-9Xx])"
    r"(?![0-9A-Za-z])"
)
_ACCOUNT = r"(?<![0-9A-Za-z])([A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?)(?![0-9A-Za-z])"
_PERSONAL = re.compile(f"({EMAIL})|{_ACCOUNT}|{_NUMBER}")
looks_personal = re.compile("[@+]|[0-9]{4}").search  # cheap: without it nothing is to be masked


def mask_text(text: str) -> str:
    """The text with its e-mail addresses, telephone, identity card and bank account numbers (IBAN) masked."""
    return _PERSONAL.sub(_masked, text) if looks_personal(text) else text


def mask_number(text: str) -> str:
    """A number of a person or a company with its first and its last two characters: DE•••89."""
    return f"{text[:2]}{MASK}{text[-2:]}" if len(text) >= SHORTEST else MASK


def mask_values(value: Any) -> Any:
    """Data as they are printed, with every text in them masked."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: mask_values(part) for key, part in value.items()}
    return [mask_values(part) for part in value] if isinstance(value, list | tuple) else value


def _masked(found: re.Match[str]) -> str:
    if found[2] is not None and not _is_account(found[2]):
        return found[0]
    if found[1] is None:
        return mask_number(found[0])
    return f"{found[0][0]}{MASK}@{found[0].rpartition('@')[2]}"


def _is_account(text: str) -> bool:
    """Whether the check digits of an IBAN are right: a code of a customer may look like one."""
    bare = text.replace(" ", "")
    return int("".join(str(int(one, 36)) for one in bare[4:] + bare[:4])) % 97 == 1
