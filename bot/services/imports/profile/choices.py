"""What a file leaves to the person who imports it: the alternatives there are, and the one to propose if it is evident."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import N_, Phrase, sentences
from bot.services.imports.check.findings import FileFinding
from bot.services.imports.profile.totals import Totals
from bot.services.imports.report import ImportOptions


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One alternative: the options that give it, and what it means."""

    options: Mapping[str, Any]  # as in ImportOptions or, by any other name, of a kind
    meaning: str


@dataclass(frozen=True, kw_only=True)
class OpenChoice:
    """A question with its alternatives; without any where there are too many to list."""

    about: str
    finding: str = ""  # of the file check, that asks it
    alternatives: tuple[Alternative, ...] = ()
    evident: int | None = None  # the place of the alternative that the command proposes
    placeholder: tuple[str, str] | None = None  # where none is evident: the option and the word for its value
    stopgap: Alternative | None = None  # what the profile is computed with where there is no alternative

    @property
    def tried(self) -> Alternative | None:
        """The alternative that the profile itself is computed with."""
        return self.alternatives[self.evident or 0] if self.alternatives else self.stopgap


def apply(options: ImportOptions, given: Mapping[str, Any]) -> ImportOptions:
    """The options with an alternative's; those that are lists or mappings add up."""
    common: dict[str, Any] = {}
    own = dict(options.kind_options)
    for name, value in given.items():
        if not hasattr(options, name):
            own[name] = _joined(own.get(name), value)
        else:
            common[name] = _joined(getattr(options, name), value)
    return replace(options, **common, kind_options=own)


def _joined(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **new}
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return type(old)(dict.fromkeys((*old, *new)))
    return new


def choice_of(finding: FileFinding, totals: Totals) -> OpenChoice | None:
    """The choice that a question of the file check is; None when no option answers it."""
    name = finding.type.name
    if name in _PROPOSALS:
        return replace(_PROPOSALS[name](finding, totals), finding=name)
    if finding.type.accept:
        return OpenChoice(about=_said(finding), finding=name, alternatives=(_accept(finding),))
    return None


def _accept(finding: FileFinding) -> Alternative:
    return Alternative(options={"accepted": (finding.type.name,)}, meaning=Phrase(N_("take it as it is")))


def _said(finding: FileFinding) -> str:
    """What is found, and what to do."""
    return sentences(finding.parts())


def _found(finding: FileFinding) -> str:
    """What is found, without what to do."""
    return Phrase(finding.type.sentence, **finding.values)


_DATE_ORDERS = {
    "dmy": Phrase(N_("the day comes first: 3/4/2026 is 3 April")),
    "mdy": Phrase(N_("the month comes first: 3/4/2026 is 4 March")),
    "ymd": Phrase(N_("the year comes first: 26/3/4 is 4 March 2026")),
}


def _date_order(finding: FileFinding, totals: Totals) -> OpenChoice:
    return OpenChoice(
        about=_found(finding),
        alternatives=tuple(
            Alternative(options={"date_order": order}, meaning=_DATE_ORDERS[order])
            for order in finding.values["styles"]
        ),
        placeholder=("date_order", "ORDER"),
    )


def _decimal_sign(finding: FileFinding, totals: Totals) -> OpenChoice:
    return OpenChoice(
        about=_found(finding),
        alternatives=(
            Alternative(
                options={"decimal": "point"},
                meaning=Phrase(N_("1,234 is one thousand and 1.5 one and a half")),
            ),
            Alternative(
                options={"decimal": "comma"},
                meaning=Phrase(N_("1.234 is one thousand and 1,5 one and a half")),
            ),
        ),
        placeholder=("decimal", "SIGN"),
    )


def _century(finding: FileFinding, totals: Totals) -> OpenChoice:
    """The century is evident when all days that were read are of one."""
    first, last = totals.first_day, totals.last_day
    evident = first is not None and last is not None and first.year // 100 == last.year // 100
    century = (first.year if first is not None else finding.values["last"]) // 100 * 100
    read = finding.values["first"], finding.values["last"]
    return OpenChoice(
        about=_found(finding),
        alternatives=(
            Alternative(
                options={"century": century},
                meaning=Phrase(
                    N_("all years are from %(first)s to %(last)s"), first=century, last=century + 99
                ),
            ),
            Alternative(
                options={"century": read[0]},
                meaning=Phrase(N_("they are from %(first)s to %(last)s"), first=read[0], last=read[1]),
            ),
        ),
        evident=0 if evident else None,
        placeholder=("century", "YEAR"),
    )


def _lines(finding: FileFinding, totals: Totals) -> OpenChoice:
    add_up = Alternative(options={"lines": True}, meaning=Phrase(N_("the amounts of the lines are added up")))
    return OpenChoice(about=_found(finding), alternatives=(add_up, _accept(finding)), evident=0)


def _rows_that_count(finding: FileFinding, totals: Totals) -> OpenChoice:
    """What the finding itself proposes, such as --skip STATUS=Cancelled; evident where the words are known."""
    if not finding.values["known"]:
        return OpenChoice(about=_said(finding), alternatives=(_accept(finding),))
    proposed = Alternative(
        options=_typed_options(finding.values["options"]), meaning=Phrase(N_("by these words"))
    )
    return OpenChoice(about=_found(finding), alternatives=(proposed, _accept(finding)), evident=0)


def _named_rows(option: str, meaning: str) -> Callable[[FileFinding, Totals], OpenChoice]:
    """The choice between the option that a finding proposes and taking all rows."""

    def choose(finding: FileFinding, totals: Totals) -> OpenChoice:
        proposed = _typed_options(f"--{option} {finding.values['option']}")
        named = Alternative(options=proposed, meaning=meaning)
        return OpenChoice(about=_found(finding), alternatives=(named, _accept(finding)))

    return choose


def _paid_without_day(finding: FileFinding, totals: Totals) -> OpenChoice:
    skip = Alternative(
        options=_typed_options(finding.values["options"]), meaning=Phrase(N_("they are left out"))
    )
    (column,) = shlex.split(finding.values["map"])
    if column == "COLUMN":
        return OpenChoice(about=_found(finding), alternatives=(_accept(finding), skip))
    day = Alternative(options={"columns": {"paid": column}}, meaning=Phrase(N_("the day of payment")))
    return OpenChoice(about=_found(finding), alternatives=(day, _accept(finding), skip), evident=0)


def _partly_paid(finding: FileFinding, totals: Totals) -> OpenChoice:
    (column,) = shlex.split(finding.values["map"])
    mapped = Alternative(
        options={"columns": {finding.values["field"]: column}}, meaning=Phrase(N_("they count as open"))
    )
    as_paid = Alternative(
        options={"accepted": (finding.type.name,)}, meaning=Phrase(N_("they count as paid"))
    )
    return OpenChoice(about=_found(finding), alternatives=(mapped, as_paid))


def _sides(finding: FileFinding, totals: Totals) -> OpenChoice:
    sides = _typed_options(finding.values["options"])["negative"]
    minus = (
        Alternative(options={"negative": (side,)}, meaning=Phrase(N_("this side is minus"))) for side in sides
    )
    return OpenChoice(about=_found(finding), alternatives=tuple(minus))


def _ended(finding: FileFinding, totals: Totals) -> OpenChoice:
    (column,) = shlex.split(finding.values["map"])
    if column == "COLUMN":
        skip = Alternative(
            options=_typed_options(finding.values["options"]), meaning=Phrase(N_("they are left out"))
        )
        return OpenChoice(about=_found(finding), alternatives=(skip, _accept(finding)))
    ended = Alternative(
        options={"columns": {"ended": column}}, meaning=Phrase(N_("these customers have ended"))
    )
    return OpenChoice(about=_found(finding), alternatives=(ended, _accept(finding)))


def _deals(finding: FileFinding, totals: Totals) -> OpenChoice:
    won = {"only": (f"{finding.values['stage']}={finding.values['won']}",)}
    proposed = Alternative(options=won, meaning=Phrase(N_("only deals that were won, by your word for it")))
    return OpenChoice(about=_found(finding), alternatives=(proposed, _accept(finding)), evident=0)


def _mapped(
    field: str, meaning: str, *, evident: bool = False
) -> Callable[[FileFinding, Totals], OpenChoice]:
    """The choice between a column that the finding names and accepting that there is none."""

    def choose(finding: FileFinding, totals: Totals) -> OpenChoice:
        (column,) = shlex.split(finding.values["map"])
        if column == "COLUMN":
            return OpenChoice(about=_found(finding), alternatives=(_accept(finding),))
        mapped = Alternative(options={"columns": {field: column}}, meaning=meaning)
        alternatives = (mapped, _accept(finding))
        return OpenChoice(about=_found(finding), alternatives=alternatives, evident=0 if evident else None)

    return choose


def _typed_options(typed: str) -> dict[str, tuple[str, ...]]:
    """Option -> values, of options as they are typed; "or" between them is left out."""
    words = [word for word in shlex.split(typed) if word != "or"]
    options: dict[str, tuple[str, ...]] = {}
    for flag, value in zip(words[::2], words[1::2], strict=True):
        name = flag.removeprefix("--")
        options[name] = (*options.get(name, ()), value)
    return options


def _paid(finding: FileFinding, totals: Totals) -> OpenChoice:
    """Without a column that looks like it, only a person knows whether none is paid."""
    none_is_paid = Alternative(
        options={"accepted": (finding.type.name,)}, meaning=Phrase(N_("none of these invoices is paid"))
    )
    (column,) = shlex.split(finding.values["map"])
    if column == "COLUMN":
        return OpenChoice(about=_found(finding), alternatives=(none_is_paid,))
    day = Alternative(options={"columns": {"paid": column}}, meaning=Phrase(N_("the day of payment")))
    return OpenChoice(about=_found(finding), alternatives=(day, none_is_paid), evident=0)


def _prospects(finding: FileFinding, totals: Totals) -> OpenChoice:
    (column,) = shlex.split(finding.values["map"])
    return OpenChoice(
        about=_found(finding),
        alternatives=(
            Alternative(
                options={"record_type": "prospect"}, meaning=Phrase(N_("new customers are prospects"))
            ),
            Alternative(
                options={"columns": {"record_type": column}},
                meaning=Phrase(N_("by the words of this column")),
            ),
            Alternative(
                options={"accepted": (finding.type.name,)}, meaning=Phrase(N_("all have bought already"))
            ),
        ),
    )


_PEOPLE = frozenset({"owner", "lead", "person"})


def _declined_column(finding: FileFinding, totals: Totals) -> OpenChoice:
    field, about = finding.values["field"], _found(finding)
    if field in _PEOPLE:
        people = Phrase(
            N_("To take it, import the people first (%(command)s)"), command="tierbot import people FILE"
        )
        about = sentences([about, people])
    decline = Alternative(options={"columns": {field: "-"}}, meaning=Phrase(N_("the column is left out")))
    return OpenChoice(about=about, alternatives=(decline,), evident=0)


_PROPOSALS: dict[str, Callable[[FileFinding, Totals], OpenChoice]] = {
    "column-not-understood": _declined_column,
    "date-order": _date_order,
    "deals": _deals,
    "debit-credit": _sides,
    "decimal-sign": _decimal_sign,
    "ended-column": _ended,
    "invoice-lines": _lines,
    "net-or-gross": _mapped("amount", Phrase(N_("this column has the amounts"))),
    "no-paid-column": _paid,
    "order-lines": _lines,
    "partly-paid": _partly_paid,
    "paid-without-day": _paid_without_day,
    "record-type": _prospects,
    "refund-column": _mapped("subtract", Phrase(N_("the amounts are subtracted"))),
    "remark-column": _named_rows("skip", Phrase(N_("rows with this word are left out"))),
    "status-column": _rows_that_count,
    "two-digit-years": _century,
    "uncertain-rows": _named_rows("only", Phrase(N_("only the certain ones"))),
}
