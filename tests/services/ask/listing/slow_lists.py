"""Lists as pandas finds them over whole tables: another way to the same customers, in the same order."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlmodel import Session

from bot.services.ask.questions.query import Direction, Filters, Listing, Risk, Silence, Sort
from db.engine import Database
from grading.explain.boundaries import movement_of
from grading.scheme.model import Scheme

CONTACTS = {
    Silence.CONTACT: {"visit", "call", "meeting", "training", "review", "survey"},
    Silence.VISIT: {"visit"},
    Silence.CALL: {"call"},
}
OF_SORT = {
    Sort.LAST_CONTACT: Silence.CONTACT,
    Sort.LAST_VISIT: Silence.VISIT,
    Sort.LAST_CALL: Silence.CALL,
    Sort.LAST_ORDER: Silence.ORDER,
}
NO_TIER = {"new", "unrated"}


class SlowLists:
    """Every table as a frame, and what each filter keeps of them."""

    def __init__(self, database: Database, schemes: dict[int, Scheme], today: date) -> None:
        self.today, self.schemes = pd.Timestamp(today), schemes
        with database.read() as session:
            self._read(session)

    def _read(self, session: Session) -> None:
        def frame(table: str, *days: str) -> pd.DataFrame:
            found = pd.read_sql(f"SELECT * FROM {table}", session.connection())  # noqa: S608
            for day in days:
                found[day] = pd.to_datetime(found[day])
            return found

        runs = frame("grading_run").query("status == 'published'")
        graded = frame("assessment", "tier_since").merge(
            runs[["id", "purpose"]], left_on="run_id", right_on="id", suffixes=("", "_run")
        )
        self.graded = graded.merge(
            runs[["id", "as_of"]], left_on="run_id", right_on="id", suffixes=("", "_run_again")
        ).sort_values("run_id")
        newest = graded.sort_values("run_id").groupby(["customer_id", "purpose"]).tail(1)
        owners = frame("ownership").query("role == 'primary' and ends_on.isna()")
        book = frame("customer").query("archived == 0")
        book = book.merge(owners[["customer_id", "person_id"]], "left", left_on="id", right_on="customer_id")
        book = book.merge(
            newest.drop(columns=["id"]),
            "left",
            left_on=["id", "record_type"],
            right_on=["customer_id", "purpose"],
            suffixes=("", "_graded"),
        )
        figures = frame("customer_figures", "watch_from", "oldest_due", "last_order")
        book = book.merge(figures, "left", left_on="id", right_on="customer_id", suffixes=("", "_figures"))
        self.book = book.set_index("id").sort_index()
        self.people = frame("person").set_index("id")
        self.teams = frame("team").set_index("id")
        self.activities = frame("activity", "happened_on")
        self.orders_and_returns = frame("customer_order", "ordered_on")
        self.orders = self.orders_and_returns.query("amount > 0")
        self.touches = frame("touch", "due_on", "latest_on")
        self.invoices = frame("invoice", "due_on")
        self.facts = frame("fact", "measured_on").query("superseded_at.isna()")
        self.complaints = frame("complaint")
        self.promises = frame("promise")
        self.changes = frame("tier_change", "as_of").sort_values("id")
        self.traits = frame("trait").query("superseded_at.isna()")

    def ids(self, owners: set[int] | None, query: Listing) -> list[int]:
        """The customers of a list, in its order."""
        book = self.book if owners is None else self.book[self.book["person_id"].isin(owners)]
        filters = query.filters
        for number, row in book.iterrows():
            if not all(self._keeps(filters, int(str(number)), row)):
                book = book.drop(index=number)
        ranked = sorted(book.index, key=lambda number: self._place(query, number))
        return [int(number) for number in ranked][: query.limit]

    def _keeps(self, filters: Filters, number: int, row: Any) -> Iterator[bool]:
        tier = "unrated" if pd.isna(row["tier"]) else row["tier"]
        scheme = self.schemes.get(row["scheme_version_id"])
        person = row["person_id"]
        team = None if pd.isna(person) else self.people.loc[person, "team_id"]
        of_people = not (filters.owners or filters.teams) or person in filters.owners or team in filters.teams
        yield not filters.tiers or tier in filters.tiers
        yield not filters.regions or row["region"] in filters.regions
        yield not filters.industries or row["industry"] in filters.industries
        yield not filters.countries or row["country"] in filters.countries
        yield not filters.record_types or row["record_type"] in filters.record_types
        yield not filters.schemes or (scheme is not None and scheme.scheme in filters.schemes)
        yield of_people
        yield not filters.profile or set(filters.profile) <= self._values(number)
        yield all(
            (last := self._last(one.what, number)) is None or (self.today - last) >= timedelta(days=one.days)
            for one in filters.silent_for
        )
        yield filters.near is None or self._points(row, filters.near, 5.0) is not None
        yield filters.moved is None or self._moved(number, row, filters.moved)
        yield not filters.unattended or pd.isna(person) or not self._is_here(person)
        yield all(self._has(risk, number, row) for risk in filters.risks)
        since = filters.complained_since
        yield since is None or self._complained(number, pd.Timestamp(since))
        yield tier not in filters.without.tiers
        yield row["region"] not in filters.without.regions
        yield row["industry"] not in filters.without.industries
        yield row["country"] not in filters.without.countries
        yield person not in filters.without.owners and team not in filters.without.teams
        yield not any(self._has(risk, number, row) for risk in filters.without.risks)

    def _values(self, number: int) -> set[tuple[str, str]]:
        own = self.traits[self.traits["customer_id"] == number]
        return set(zip(own["field"], own["value"], strict=True))

    def _complained(self, number: int, since: pd.Timestamp) -> bool:
        own = self.complaints[self.complaints["customer_id"] == number]
        days = self.activities[self.activities["id"].isin(own["activity_id"])]["happened_on"]
        return bool(((days >= since) & (days <= self.today)).any())

    def _is_here(self, person: int) -> bool:
        one = self.people.loc[person]
        return bool(one["active"]) and (
            one["slack_status"] in (None, "member") or pd.isna(one["slack_status"])
        )

    def _last(self, what: Silence, number: int) -> pd.Timestamp | None:
        if what == Silence.ORDER:
            days = self.orders[self.orders["customer_id"] == number]["ordered_on"]
        else:
            own = self.activities[self.activities["customer_id"] == number]
            days = own[own["kind"].isin(CONTACTS[what])]["happened_on"]
        past = days[days <= self.today]
        return None if past.empty else past.max()

    def _has(self, risk: Risk, number: int, row: Any) -> bool:
        silent = bool(row["watch_from"] <= self.today)
        if risk == Risk.ANY:
            return any(self._has(one, number, row) for one in Risk if one not in (Risk.ANY, Risk.PROMISE))
        if risk == Risk.PROMISE:
            return bool(self.promises[self.promises["customer_id"] == number]["closed_on"].isna().any())
        if risk == Risk.SILENT:
            return silent
        if risk == Risk.FALLING:
            return bool(row["fall"] > 0 and not silent) or bool(row["falling_since"] > 0)
        if risk == Risk.OVERDUE_STEP:
            return not self._overdue_limits(number).empty
        if risk == Risk.OVERDUE_INVOICE:
            return bool(row["oldest_due"] < self.today)
        if risk == Risk.OVER_LIMIT:
            return bool(row["exposure"] > row["approved_limit"])
        if risk == Risk.GATE:
            gates = row["clean"] if isinstance(row["clean"], str) else "{}"
            return isinstance(row["capped_by"], str) or row["tier"] == "blocked" or gates != "{}"
        own = self.complaints[self.complaints["customer_id"] == number]
        return bool(own["closed_on"].isna().any())

    def _overdue_limits(self, number: int) -> Any:
        """The limits that care steps of a customer are past."""
        own = self.touches[self.touches["customer_id"] == number]
        own = own[own["state"].isin(["planned", "reminded", "snoozed"])]
        own = own[~own["kind"].isin(["greeting", "birthday"])]
        limits = own["latest_on"].fillna(own["due_on"])
        return limits[limits < self.today]

    def _points(self, row: Any, near: Direction | None, most: float) -> float | None:
        """The points to the next move, by the rules of the scheme written out; None beyond `most`."""
        scheme = self.schemes.get(row["scheme_version_id"])
        decided = isinstance(row["capped_by"], str) or row["overridden"] or row["held"]
        if scheme is None or pd.isna(row["score"]) or decided or row["coverage"] < scheme.min_coverage - 1e-9:
            return None
        places = {tier.id: place for place, tier in enumerate(scheme.tiers)}
        if row["tier"] not in places or row["standing"] != row["tier"]:
            return None
        rules, here = movement_of(scheme), places[row["tier"]]
        found = []
        if here > 0 and near != Direction.DOWN and (at := scheme.tiers[here - 1].at + rules.margin_up) <= 100:
            found.append(max(at - row["score"], 0.0))
        if (
            here < len(places) - 1
            and near != Direction.UP
            and (at := scheme.tiers[here].at - rules.margin_down) > 0
        ):
            found.append(max(row["score"] - at, 0.0))
        points = min(found, default=None)
        return None if points is None or points > most + 1e-9 else points

    def _moved(self, number: int, row: Any, moved: Any) -> bool:
        own = self.changes[
            (self.changes["customer_id"] == number) & (self.changes["purpose"] == row["record_type"])
        ]
        own = own[own["as_of"] >= pd.Timestamp(moved.since)]
        if moved.until is not None:
            own = own[own["as_of"] <= pd.Timestamp(moved.until)]
        if own.empty:
            return False
        before, now = own.iloc[0]["from_tier"], row["tier"]
        if moved.until is not None:
            now = own.iloc[-1]["to_tier"]
        if moved.direction is None:
            return bool(before != now)
        if {before, now} & NO_TIER:
            return False
        up = self._rank(now) < self._rank(before)
        return bool(before != now) and up == (moved.direction == Direction.UP)

    def _rank(self, tier: Any) -> int:
        order = [tier.id for scheme in self.schemes.values() for tier in scheme.tiers]
        return order.index(tier) if tier in order else len(order)

    def _place(self, query: Listing, number: int) -> tuple[Any, ...]:
        row, down = self.book.loc[number], -1 if query.descending else 1
        score = None if pd.isna(row["score"]) else row["score"]
        match query.sort:
            case Sort.NAME:
                return (Turned(row["name"], query.descending), number)
            case Sort.SCORE:
                return (score is None, -down * (score or 0), number)
            case Sort.TIER:
                known = not pd.isna(row["tier"]) and row["tier"] not in NO_TIER
                rank = down * self._rank(row["tier"]) if known else 10**6
                return (rank, score is None, -down * (score or 0), number)
            case Sort.BOUNDARY:
                points = self._points(row, query.filters.near, 10**6)
                return (points is None, down * round((points or 0) * 1000), number)
            case Sort.VALUE_AT_RISK:
                worth = row["worth"] if row["watch_from"] <= self.today else row["fall"]
                return (pd.isna(worth), -down * (0 if pd.isna(worth) else worth), number)
            case Sort.REVENUE:
                revenue = row["revenue"]
                return (pd.isna(revenue), -down * (0 if pd.isna(revenue) else revenue), number)
            case Sort.OVERDUE_INVOICE | Sort.OVER_LIMIT:
                is_limit = query.sort == Sort.OVER_LIMIT
                over = row["exposure"] - row["approved_limit"]
                owed = (over if over > 0 else None) if is_limit else row["overdue"]
                return (pd.isna(owed), -down * (0 if pd.isna(owed) else owed), number)
            case Sort.OVERDUE_STEP:
                limits = self._overdue_limits(number)
                return (limits.empty, 0 if limits.empty else down * limits.min().toordinal(), number)
            case Sort.LAST_CONTACT | Sort.LAST_VISIT | Sort.LAST_CALL | Sort.LAST_ORDER:
                last = self._last(OF_SORT[query.sort], number)
                never = down if last is None else 0
                return (-never, 0 if last is None else down * last.toordinal(), number)
        raise AssertionError(query.sort)


class Turned:
    """A text that is compared the other way round, if wanted."""

    def __init__(self, text: str, turned: bool) -> None:
        self.text, self.turned = text, turned

    def __lt__(self, other: "Turned") -> bool:
        return other.text < self.text if self.turned else self.text < other.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Turned) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)
