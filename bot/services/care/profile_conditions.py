"""Whether the conditions of a care plan on the customer profile can ever be met."""

from collections.abc import Iterator

from bot.errors import N_, Phrase
from bot.services.care.conditions import ANY
from bot.services.care.plan import CarePlan
from bot.services.traits.fields import TraitField, TraitFields
from bot.services.traits.values import check_value


def impossible(plan: CarePlan, fields: TraitFields) -> Iterator[Phrase]:
    """A sentence for each field that profiles do not have, and each value that a field cannot have."""
    for also in plan.also:
        for name, values in (also.when.profile or {}).items():
            field = fields.find(name)
            if field is None:
                yield Phrase(
                    N_("%(plan)s: the customer profile has no field %(field)s; use one of %(known)s."),
                    plan=f"{plan.plan}@{plan.version}",
                    field=repr(name),
                    known=", ".join(one.id for one in fields.fields),
                )
                continue
            for value in values:
                if value != ANY and (problem := _problem(field, value)) is not None:
                    yield Phrase(
                        N_("%(plan)s: profile.%(field)s: %(problem)s."),
                        plan=f"{plan.plan}@{plan.version}",
                        field=name,
                        problem=problem,
                    )


def _problem(field: TraitField, value: str) -> Phrase | None:
    """Why a field never has this value as it is stored."""
    try:
        stored = check_value(field, value)
    except ValueError as error:
        phrase: Phrase = error.args[0]
        return phrase
    if stored.casefold() == value.casefold():
        return None
    return Phrase(N_("%(value)s is stored as %(stored)s; write that"), value=repr(value), stored=repr(stored))
