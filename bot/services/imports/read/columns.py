"""Which column of the file is which field."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import N_, BadInput
from bot.services.imports.read.amounts import clip
from bot.services.imports.read.text import plain


@dataclass(frozen=True, kw_only=True)
class FileField:
    """One field of a kind of file and the headers it is recognised by, beside its own name."""

    name: str
    headers: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False  # hardly a value repeats: not worth remembering


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where each recognised field stands."""

    header: tuple[str, ...]
    places: Mapping[str, int]  # field -> index of its column
    ignored: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        return {field: self.header[place] for field, place in self.places.items()}


def recognise(
    fields: Sequence[FileField],
    header: Sequence[str],
    *,
    kind: str,
    file: str,
    said: Mapping[str, str],
    remembered: Mapping[str, str],
) -> Layout:
    """What was said with --map first, then what was said before, then the known headers."""
    names = tuple(cell.strip().lstrip("\ufeff") for cell in header)
    _refuse_duplicates(names, file)
    by_name = {field.name: field for field in fields}
    places: dict[str, int] = {}
    for name, column in said.items():
        if name not in by_name:
            raise BadInput(
                N_("%(kind)s have no field %(field)s%(hint)s; the fields are %(fields)s."),
                kind=kind,
                field=name,
                hint=_hint(name, by_name),
                fields=", ".join(by_name),
            )
        places[name] = _find(column, names, file)
    for name, column in remembered.items():
        if name in by_name and name not in places and column in names:
            place = names.index(column)
            if place not in places.values():
                places[name] = place
    _by_known_headers(fields, names, places, file)
    missing = [field for field in fields if field.required and field.name not in places]
    if missing:
        if len(names) == 1:
            raise BadInput(
                N_(
                    "%(file)s has one column only, %(columns)s, and no column for %(missing)s. If something else than"
                    " comma, semicolon or tab separates its cells, say what: --delimiter"
                ),
                file=file,
                columns=repr(clip(names[0])),
                missing=", ".join(field.name for field in missing),
            )
        raise BadInput(
            N_(
                "%(file)s has no column for %(missing)s. Its columns are: %(columns)s. Say which one it is: --map %(map)s"
            ),
            file=file,
            missing=", ".join(field.name for field in missing),
            columns=", ".join(_clipped(names)),
            map=f'{missing[0].name}="COLUMN"',
        )
    used = set(places.values())
    order = {field.name: number for number, field in enumerate(fields)}
    return Layout(
        header=names,
        places=dict(sorted(places.items(), key=lambda item: order[item[0]])),
        ignored=tuple(name for place, name in enumerate(names) if place not in used and name),
    )


def _by_known_headers(
    fields: Sequence[FileField], names: Sequence[str], places: dict[str, int], file: str
) -> None:
    used = set(places.values())
    folded = [plain(name) for name in names]
    for field in fields:
        if field.name in places:
            continue
        # The field's own name wins; several other known headers for one field are a question, not a choice.
        own = [place for place, name in enumerate(folded) if name == plain(field.name) and place not in used]
        known = {plain(header) for header in field.headers}
        found = own or [place for place, name in enumerate(folded) if name in known and place not in used]
        if len(found) > 1:
            raise BadInput(
                N_("%(file)s: the columns %(columns)s could both be %(field)s; choose one: --map %(map)s"),
                file=file,
                columns=", ".join(repr(names[place]) for place in found),
                field=field.name,
                map=f'{field.name}="{names[found[0]]}"',
            )
        if found:
            places[field.name] = found[0]
            used.add(found[0])


def known_headers(fields: Sequence[FileField]) -> frozenset[str]:
    return frozenset(plain(word) for field in fields for word in (field.name, *field.headers))


def _refuse_duplicates(names: Sequence[str], file: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name and name.casefold() in seen:
            raise BadInput(
                N_("%(file)s has two columns named %(column)s; rename one."), file=file, column=repr(name)
            )
        seen.add(name.casefold())


def _find(column: str, names: Sequence[str], file: str) -> int:
    wanted = column.strip()
    for test in (str, str.casefold, plain):
        found = [place for place, name in enumerate(names) if test(name) == test(wanted)]
        if len(found) == 1:
            return found[0]
    raise BadInput(
        N_("%(file)s has no column %(column)s%(hint)s. Its columns are: %(columns)s."),
        file=file,
        column=repr(column),
        hint=_hint(column, names),
        columns=", ".join(_clipped(names)),
    )


def _hint(word: str, known: "Mapping[str, object] | Sequence[str]") -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _clipped(names: Sequence[str]) -> list[str]:
    shown = [name for name in names if name][:30]
    return shown if len(names) <= 30 else [*shown, "..."]
