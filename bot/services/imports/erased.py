"""Rows about customers and people who were erased: an import leaves them out, unless --again names them."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from bot.errors import N_, BadInput
from bot.masking import mask_text
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.references import CustomerReferences, full_names
from bot.services.tombstones import Tombstones

LEFT_OUT = FindingType(
    name="erased-left-out",
    level=Level.NOTE,
    sentence=N_(
        "Rows about customers or people who were erased were left out: %(count)d (lines %(lines)s). To take one back:"
        " --again %(name)s."
    ),
)
_LINES = 20  # that the sentence names
_OF_CONTACT = ("customer", "id", "email")  # fields
_REFERENCES = ("customer", "into")  # fields that name a customer whom a row is about


def again(connection: Connection, source: str, given: Sequence[str]) -> tuple[Tombstones, tuple[str, ...]]:
    """(the marks by which rows are left out, the erasures that --again takes back). Raises BadInput."""
    marks = Tombstones.read(connection)
    found = [
        marks.of_reference(source, text) or marks.of_person(text) or marks.of_contact_name(text)
        for text in given
    ]
    for text, erasure in zip(given, found, strict=True):
        if erasure is None:
            raise BadInput(
                N_("--again %(name)s: nobody of this code, name or address was erased."), name=text
            )
    erasures = tuple(erasure for erasure in found if erasure is not None)
    return marks.without(erasures), erasures


class ErasedRows:
    """Finds the rows of one import that are about somebody who was erased, and counts them."""

    def __init__(self, job: ImportJob, kind: str) -> None:
        self._job = job
        self._kind = kind
        self._lines: list[int] = []
        self._first = ""
        self.count = 0

    def find(self, chunk: Chunk) -> set[int]:
        """The rows of a chunk to leave out. A parent that was erased is read as empty."""
        found = dict(self._named(chunk))
        if "parent" in chunk.values:
            parents = chunk.values["parent"]
            gone = self._gone(parents)
            chunk.values["parent"] = [None if parent in gone else parent for parent in parents]
        for row in sorted(found):
            self._lines = [*self._lines, chunk.lines[row]][:_LINES]
            self._first = self._first or found[row]
        self.count += len(found)
        return set(found)

    def say(self) -> None:
        """Add the finding about what was left out."""
        if self.count:
            lines = ", ".join(map(str, self._lines)) + (" …" if self.count > _LINES else "")
            self._job.findings.add(LEFT_OUT, count=self.count, lines=lines, name=self._for_again())

    def refuse_all(self, file: str) -> None:
        """Refuse a file that has rows about nobody else."""
        raise BadInput(
            N_(
                "%(file)s has rows about nobody but customers or people who were erased: %(count)d. Nothing was stored."
                " To take one back: --again %(name)s."
            ),
            file=file,
            count=self.count,
            name=self._for_again(),
        )

    def _for_again(self) -> str:
        """What to type after --again; what would be printed with a mask is what to put there instead."""
        if mask_text(self._first) == self._first:
            return self._first
        return {"people": "EMAIL", "contact-persons": "NAME"}.get(self._kind, "CODE")

    def _named(self, chunk: Chunk) -> Iterator[tuple[int, str]]:
        """(row, what it calls somebody who was erased)."""
        marks, source = self._job.tombstones, self._job.source
        if self._kind == "customers":
            for row, (code, name) in enumerate(zip(chunk.values["code"], chunk.values["name"], strict=True)):
                if isinstance(code, str) and marks.of_customer(
                    source, code, [name] if isinstance(name, str) else []
                ):
                    yield row, code
        elif self._kind == "people":
            for row, email in enumerate(chunk.values["email"]):
                if isinstance(email, str) and marks.of_address(email):
                    yield row, email
        elif self._kind == "contact-persons":
            yield from self._contact_people(chunk)
        for name in _REFERENCES:
            references = chunk.values.get(name, ())
            gone = self._gone(references)
            yield from ((row, reference) for row, reference in enumerate(references) if reference in gone)

    def _contact_people(self, chunk: Chunk) -> Iterator[tuple[int, str]]:
        marks, source, values = self._job.tombstones, self._job.source, chunk.values
        references = {one for one in values["customer"] if isinstance(one, str)}
        ids = CustomerReferences(self._job.connection, source).ids(references)
        rows = zip(full_names(self._job.layout, chunk), *(values[one] for one in _OF_CONTACT), strict=True)
        for row, (name, customer, *others) in enumerate(rows):
            if not isinstance(name, str) or not isinstance(customer, str):
                continue
            external_id, email = (one if isinstance(one, str) else None for one in others)
            customers = [customer, *([str(ids[customer])] if customer in ids else [])]
            if marks.of_contact_person(source, external_id, email, customers, name):
                yield row, name

    def _gone(self, references: Iterable[object]) -> set[str]:
        """Which of some references mean an erased customer, and none that is in the book."""
        marks, source = self._job.tombstones, self._job.source
        erased = {one for one in references if isinstance(one, str) and marks.of_reference(source, one)}
        return CustomerReferences(self._job.connection, source).not_in_book(erased) if erased else set()
