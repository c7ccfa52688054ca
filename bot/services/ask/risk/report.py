"""What is at risk, for the command line: sums, by person or team, and the customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from bot.errors import N_, NotAllowed, NotReady
from bot.services import access
from bot.services.access import Actor
from bot.services.ask.risk.at_risk import by_group, totals_of
from bot.services.ask.risk.parts import part_of
from bot.services.grade import figures
from bot.wording.answers.risk import RiskTotal
from db.book import people
from db.book.people import Person, Team
from db.engine import Database
from db.graded.risk import sums as stored
from db.graded.risk.sums import RiskCustomer, RiskSum


class RiskGroup(StrEnum):
    """By what the sums are listed."""

    PERSON = "person"
    TEAM = "team"


def report_at_risk(
    database: Database, actor: Actor, today: date, most: int | None, by: RiskGroup | None = None
) -> dict[str, Any]:
    """What is at risk of all customers that an actor may see, the `most` customers with the most of it, as JSON has it.

    Raises NotAllowed for a role that sees no customers, NotReady before the first figures.
    """
    with database.read() as session:
        owners = access.visible_owners(session, actor)
        if owners is not None and not owners:
            raise NotAllowed(N_("Your role sees no customers, so there is nothing to report."))
        known = stored.known(session, owners)
        if known.as_of is None:
            raise NotReady(
                N_(
                    "There are no figures of these customers yet. A grading of accounts writes them: tierbot grade"
                )
            )
        sums = stored.sums(session, today, owners, by_owner=by is not None)
        found = stored.largest(session, today, owners, limit=most)
        names = _people(session, sums, found)
        teams = people.teams(session)
        late = figures.is_due(session)
    return {
        "today": str(today),
        "figures_as_of": str(known.as_of),
        "figures_late": late,
        "accounts": known.accounts,
        "one_time": known.one_time,
        "rhythm_unknown": known.unknown,
        "totals": [_total(total) for total in totals_of(sums)],
        "groups": [] if by is None else _groups(sums, by, names, teams),
        "customers": [_customer(one, today, names, teams) for one in found],
    }


def _people(session: Session, sums: Sequence[RiskSum], found: Sequence[RiskCustomer]) -> Mapping[int, Person]:
    wanted = {one.owner_id for one in sums} | {one.owner_id for one in found}
    return people.get_many(session, [one for one in wanted if one is not None])


def _total(total: RiskTotal) -> dict[str, Any]:
    return {**asdict(total), "customers": total.customers, "amount": total.amount}


def _groups(
    sums: Sequence[RiskSum], by: RiskGroup, names: Mapping[int, Person], teams: Mapping[int, Team]
) -> list[dict[str, Any]]:
    """A row for each person or team, currency and basis."""

    def label(owner: int | None) -> str | None:
        person = names.get(owner or 0)
        if person is None or by == RiskGroup.PERSON:
            return person.name if person else None
        team = teams.get(person.team_id or 0)
        return team.name if team else None

    titles: dict[int | None, str | None] = {owner: label(owner) for owner in _owners(sums)}
    if by == RiskGroup.TEAM:
        places = {name: place for place, name in enumerate(_in_order(titles.values()))}
        sums = [one._replace(owner_id=places[titles[one.owner_id]]) for one in sums]
        titles = {place: name for name, place in places.items()}
    return [
        {str(by): titles[owner], **_total(total)}
        for owner, totals in by_group(sums).items()
        for total in totals
    ]


def _owners(sums: Sequence[RiskSum]) -> list[int | None]:
    return _in_order(one.owner_id for one in sums)


def _in_order(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _customer(
    one: RiskCustomer, today: date, names: Mapping[int, Person], teams: Mapping[int, Team]
) -> dict[str, Any]:
    row, risk = one.figures, part_of(one.figures, today)
    team = teams.get(one.owner_team_id or 0)
    return {
        "code": one.code,
        "name": one.name,
        "owner": one.owner_name,
        "team": team.name if team else None,
        "state": risk.state if risk else None,
        "value_at_risk": risk.amount if risk else 0.0,
        "currency": row.currency,
        "basis": row.basis,
        "last_order": str(row.last_order),
        "days_silent": risk.silent_days if risk else None,
        "usual_gap_days": row.usual_gap_days,
        "order_value": _plain(row.order_value),
        "better_year": bool(risk and risk.better_year),
        "revenue": _plain(row.revenue),
        "revenue_before": _plain(row.revenue_before),
        "margin": _plain(row.margin),
        "margin_before": _plain(row.margin_before),
        "as_of": str(row.as_of),
    }


def _plain(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
