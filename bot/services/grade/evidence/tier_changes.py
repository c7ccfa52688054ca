"""Whether the stored tier changes are those that the assessments show, each with the message that notified of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.grade.assessment import TierChange
from bot.services.grade.evidence.findings import Verified
from db.book import customers
from db.graded import changes
from db.graded.changes import ALERT, OWN_ALERT, StoredTierChange
from db.graded.runs import GradingRun
from db.outbox import messages

COMPARED = {  # column -> attribute of a change
    "from_tier": "before",
    "to_tier": "after",
    "score_before": "score_before",
    "score_after": "score_after",
}


class ChangeCheck:
    """Compares stored tier changes with those that each run must have made."""

    def __init__(self, session: Session, found: Verified, customer_id: int | None) -> None:
        self._found = found
        self._by_run: dict[int, dict[int, StoredTierChange]] = {}
        self._known: dict[tuple[str, str], set[tuple[int, str, str]]] = {}  # by purpose and day
        self._silent: dict[str, datetime] = {}  # purpose -> the moment its first gradings were stored
        stored = changes.recorded(session, customer_id)
        for row in stored:
            self._by_run.setdefault(row.run_id, {})[row.customer_id] = row

    def check_run(
        self,
        session: Session,
        run: GradingRun,
        made: Sequence[TierChange],
        *,
        complete: bool,
    ) -> None:
        """Compare the stored changes of a published run with those it made; `complete`: all of them are known.

        The first gradings of a purpose notify of nothing, and a day's change that was stored before is not stored again.
        """
        first = self._silent.setdefault(run.purpose, run.started_at)
        known = self._known.setdefault((run.purpose, str(run.as_of)), set())
        stored = self._by_run.pop(run.id or 0, {})
        wanted = {
            one.customer_id: one for one in made if (one.customer_id, one.before, one.after) not in known
        }
        codes = customers.get_many(session, sorted({*stored, *wanted}))
        if complete:
            lacking = {} if run.started_at == first and not stored else wanted
            for who in sorted(lacking.keys() - stored.keys()):
                self._differs(run, who, codes, "id", None, f"{wanted[who].before} > {wanted[who].after}")
            for who in sorted(stored.keys() - wanted.keys()):
                row = stored[who]
                self._differs(run, who, codes, "id", f"{row.from_tier} > {row.to_tier}", None, row)
        for who in sorted(stored.keys() & wanted.keys()):
            for column, name in COMPARED.items():
                value, right = getattr(stored[who], column), getattr(wanted[who], name)
                if value != right:
                    self._differs(run, who, codes, column, value, right, stored[who])
        for who, row in sorted(stored.items()):
            for column in ("as_of", "purpose"):
                if getattr(row, column) != getattr(run, column):
                    self._differs(run, who, codes, column, getattr(row, column), getattr(run, column), row)
        known.update((row.customer_id, row.from_tier, row.to_tier) for row in stored.values())

    def check_rest(self, session: Session, runs: Sequence[GradingRun]) -> None:
        """Compare the changes of dropped runs with these, and note those of runs that do not exist."""
        by_id = {run.id: run for run in runs}
        codes = customers.get_many(session, sorted({who for rows in self._by_run.values() for who in rows}))
        for run_id, rows in sorted(self._by_run.items()):
            run = by_id.get(run_id)
            for who, row in sorted(rows.items()):
                if run is None:
                    name = codes[who].code if who in codes else str(who)
                    self._found.add_other(
                        "tier_change.run_id", row=_named(row), customer=name, stored=run_id, computed=None
                    )
                    continue
                for column in ("as_of", "purpose"):
                    if getattr(row, column) != getattr(run, column):
                        self._differs(
                            run, who, codes, column, getattr(row, column), getattr(run, column), row
                        )

    def _differs(
        self,
        run: GradingRun,
        who: int,
        codes: Mapping[int, customers.Customer],
        column: str,
        stored: object,
        computed: object,
        row: StoredTierChange | None = None,
    ) -> None:
        self._found.add_other(
            f"tier_change.{column}",
            run=run,
            row=_named(row),
            customer=codes[who].code if who in codes else str(who),
            stored=stored,
            computed=computed,
        )


def check_messages(session: Session, found: Verified) -> None:
    """Compare tier changes with the messages that notify channels and owners of them."""
    keys, stored = messages.keys_of_kind(session, ALERT), changes.recorded(session)
    told: Counter[int] = Counter()
    for row in stored:
        own = changes.alert_key(*_of_key(row))
        key = None if row.outbox_id is None else keys.get(row.outbox_id, "no message")
        if row.outbox_id is not None:
            told[row.outbox_id] += 1
        if key not in (None, own) and not str(key).startswith(changes.digest_key(row.run_id, "")):
            found.add_other("tier_change.outbox_id", row=_named(row), stored=key, computed=own)
    # The copy of an alert whose channel was gone has the key of the alert.
    copied = {f"{keys[number]}:diverted" for number in told if number in keys}
    for number in sorted(number for number in keys.keys() - told.keys() if keys[number] not in copied):
        found.add_other(
            "tier_change.outbox_id",
            row=Phrase(N_("message %(number)s"), number=number),
            stored=keys[number],
            computed=None,
        )
    singles = {changes.owner_key(*_of_key(row)) for row in stored}
    digests = tuple({changes.owner_digests(row.run_id) for row in stored})
    for number, key in sorted(messages.keys_of_kind(session, OWN_ALERT).items()):
        if key not in singles and not key.startswith(digests):
            found.add_other(
                "outbox_message.dedupe_key",
                row=Phrase(N_("message %(number)s"), number=number),
                stored=key,
                computed=None,
            )


def _of_key(row: StoredTierChange) -> tuple[str, int, date, str, str]:
    return row.purpose, row.customer_id, row.as_of, row.from_tier, row.to_tier


def _named(row: StoredTierChange | None) -> str:
    return "" if row is None else Phrase(N_("tier change %(number)s"), number=row.id)
