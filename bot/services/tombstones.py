"""Recognises erased customers and people in files, by keyed hashes of their codes, names and addresses."""

import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.services.name_keys import fold, fold_code, person_key
from db.book import tombstones
from db.book.tombstones import Mark, Subject

KEY, CODE, NAME, BOTH, ADDRESS = "key", "code", "name", "code and name", "address"  # what is hashed


class Tombstones:
    """The marks in force, looked up by what a file calls somebody. False when nobody was erased."""

    def __init__(self, marks: Collection[Mark] = ()) -> None:
        self._erasures = {mark.hash: mark.erasure for mark in marks}
        self._subjects = {mark.subject for mark in marks}
        self._salts = sorted({mark.salt for mark in marks})

    def __bool__(self) -> bool:
        return bool(self._erasures)

    def has(self, subject: Subject) -> bool:
        """Whether anybody of this kind was erased."""
        return subject in self._subjects

    @classmethod
    def read(cls, connection: Connection) -> "Tombstones":
        """The marks in force in a database."""
        return cls(tombstones.in_force(connection))

    def without(self, erasures: Iterable[str]) -> "Tombstones":
        """The same without the marks of some erasures."""
        gone = set(erasures)
        rest = Tombstones()
        rest._erasures = {key: erasure for key, erasure in self._erasures.items() if erasure not in gone}
        rest._salts, rest._subjects = self._salts, self._subjects
        return rest

    def of_key(self, source: str, code: str) -> str | None:
        """The erasure of the customer that had this code in this system."""
        return self._find(Subject.CUSTOMER, KEY, source, code)

    def of_reference(self, source: str, text: str) -> str | None:
        """The erasure of the customer that a row of this system means by a code or another name."""
        return (
            self.of_key(source, text)
            or self._find(Subject.CUSTOMER, CODE, text)
            or self._find(Subject.CUSTOMER, NAME, text)
        )

    def of_customer(self, source: str, code: str, names: Sequence[str]) -> str | None:
        """The erasure of the customer of a row of a customer file: it has the key, or both the code and a name."""
        return self.of_key(source, code) or self.of_code_and_name(code, names)

    def of_code_and_name(self, code: str, names: Sequence[str]) -> str | None:
        """The erasure of the customer that had this code, in whatever system, and one of these names."""
        found = (self._find(Subject.CUSTOMER, BOTH, code, name) for name in names)
        return next((erasure for erasure in found if erasure is not None), None)

    def of_address(self, email: str) -> str | None:
        """The erasure of the person with this e-mail address."""
        return self._find(Subject.PERSON, ADDRESS, email)

    def of_person(self, text: str) -> str | None:
        """The erasure of the person with this e-mail address or name."""
        return self.of_address(text) or self._find(Subject.PERSON, NAME, text)

    def of_contact_person(
        self, source: str, external_id: str | None, email: str | None, customers: Iterable[str], name: str
    ) -> str | None:
        """The erasure of the contact person of a row: it has the id or the address, or one of the customers and the name."""
        of_customers = [(BOTH, customer, person_key(name)) for customer in customers]
        own = [
            *[(KEY, source, external_id or "")] * bool(external_id),
            *[(ADDRESS, email or "")] * bool(email),
        ]
        found = (self._find(Subject.CONTACT_PERSON, *named) for named in (*own, *of_customers))
        return next((erasure for erasure in found if erasure is not None), None)

    def of_contact_name(self, text: str) -> str | None:
        """The erasure of the contact person with this e-mail address or name, at whatever customer."""
        by_address = self._find(Subject.CONTACT_PERSON, ADDRESS, text)
        return by_address or self._find(Subject.CONTACT_PERSON, NAME, person_key(text))

    def of_anybody(self, text: str) -> str | None:
        """The erasure of whoever has exactly this code, name or address."""
        by_code, by_name = (self._find(Subject.CUSTOMER, what, text) for what in (CODE, NAME))
        return by_code or by_name or self.of_person(text) or self.of_contact_name(text)

    def _find(self, subject: Subject, what: str, *values: str) -> str | None:
        for salt in self._salts:
            if (found := self._erasures.get(hash_of(salt, subject, what, *values))) is not None:
                return found
        return None


def hash_of(salt: str, subject: Subject, what: str, *values: str) -> str:
    """The hash of one name, spelled the way in which it is compared."""
    names = values if what == NAME else values[1:] if what == BOTH else ()
    codes = values[: len(values) - len(names)]
    spelled = [*map(fold_code, codes), *(fold(name) or name for name in names)]
    return hmac.digest(bytes.fromhex(salt), "\x1f".join([subject, what, *spelled]).encode(), "sha256").hex()


def mark(connection: Connection, subject: Subject, named: Iterable[tuple[str, ...]], now: datetime) -> None:
    """Store the marks of one erasure; `named` are (what, values)."""
    known = tombstones.every(connection)
    salt = known[0].salt if known else secrets.token_hex(32)
    erasure = secrets.token_hex(8)
    rows = {
        hash_of(salt, subject, what, *values): Mark(
            hash=hash_of(salt, subject, what, *values),
            salt=salt,
            subject=subject,
            erasure=erasure,
            what=what,
            erased_at=now,
            taken_back_at=None,
        )
        for what, *values in named
    }
    tombstones.put(connection, rows.values())
