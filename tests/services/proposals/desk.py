"""A customer of Anna's, whom Olga leads, with finance and an admin; and what they propose and decide."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from bot.services import access, proposals
from bot.services.access import Actor
from bot.services.grade import regrades, runs
from bot.services.proposals import ProposalAct, WantedCredit, WantedTier, upkeep
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.message_base import Message
from bot.wording.messages import load
from db.book import people
from db.book.people import Deputy, Team
from db.care.records.proposals import CustomerProposal
from db.engine import Database
from db.graded import assessments
from db.graded.credit import CreditApproval
from db.graded.overrides import Override
from db.outbox.messages import OutboxMessage
from db.processes import InboundKey
from tests import factories
from tests.services.book import SETTINGS
from tests.services.reports.test_credit import CREDIT_SCHEME

TUESDAY = datetime(2026, 4, 7, 8, tzinfo=UTC)
MARCH = date(2026, 3, 31)
UNTIL = date(2026, 5, 1)
RULES = "override: {allowed: true, needs: [reason, approver, expires_on], max_days: 30}\n"
ALONE = SETTINGS.model_copy(update={"single_approver": "yes"})
PEOPLE = {"Anna": "account_manager", "Olga": "team_lead", "Finn": "finance", "Ada": "admin", "Dee": "viewer"}


@dataclass
class Desk:
    """The people, what they do, and what became of it."""

    database: Database
    now: datetime = TUESDAY
    settings: Settings = field(default_factory=lambda: SETTINGS)
    ids: dict[str, int] = field(default_factory=dict)
    acme: int = 0
    cache: SchemeCache = field(default_factory=SchemeCache)

    def __post_init__(self) -> None:
        self._presses = count()
        with self.database.write() as session:
            factories.scheme(session, factories.PLAIN_SCHEME + RULES)
            team = factories.team(session, "East")
            for name, role in PEOPLE.items():
                east = team if role in ("account_manager", "team_lead") else None
                self.ids[name] = factories.person(session, name, role=role, team_id=east)
            session.get_one(Team, team).lead_id = self.ids["Olga"]
            self.acme = factories.customer(session, "ACME", owner_id=self.ids["Anna"])
            factories.fact(session, self.acme, "quality", 60)
            factories.graded(session, {self.acme: "B"}, as_of=MARCH, purpose="credit", text=CREDIT_SCHEME)
        today = self.now.date()
        runs.grade_book(
            self.database,
            self.cache,
            for_purpose="account",
            as_of=MARCH,
            today=today,
            now=self.now,
            notify=None,
        )

    def actor(self, name: str) -> Actor:
        with self.database.read() as session:
            person = people.row_by_id(session, self.ids[name], self.now)
        assert person is not None
        return access.actor_of(person, self.settings)

    def press(self) -> InboundKey:
        return InboundKey(team_id="T1", kind="test", key=str(next(self._presses)))

    def propose(
        self, name: str = "Anna", tier: str = "A", until: date | None = UNTIL, **how: Any
    ) -> ProposalAct:
        return self._propose(name, WantedTier(tier=tier, reason="strategic", until=until), how)

    def propose_credit(self, name: str = "Anna", limit: str = "250000.5", **how: Any) -> ProposalAct:
        wanted = WantedCredit(reason="grows", limit=Decimal(limit), terms_days=45)
        return self._propose(name, wanted, how)

    def _propose(self, name: str, wanted: Any, how: dict[str, Any]) -> ProposalAct:
        values = {"meant": self.acme, "settings": self.settings, "now": self.now, "request": self.press()}
        return proposals.propose(self.database, self.cache, self.actor(name), wanted, **{**values, **how})

    def approve(self, name: str, act: ProposalAct, **how: Any) -> ProposalAct:
        return self._act(proposals.approve, name, act, how)

    def decline(self, name: str, act: ProposalAct, answer: str = "too early", **how: Any) -> ProposalAct:
        return self._act(proposals.decline, name, act, {"answer": answer, **how})

    def withdraw(self, name: str, act: ProposalAct, **how: Any) -> ProposalAct:
        return self._act(proposals.withdraw, name, act, how)

    def _act(self, do: Any, name: str, act: ProposalAct, how: dict[str, Any]) -> ProposalAct:
        values = {"settings": self.settings, "now": self.now, "request": self.press()}
        pointer = Pointer(id=act.proposal_id)
        found: ProposalAct = do(self.database, self.cache, self.actor(name), pointer, **{**values, **how})
        return found

    def follow(self, days: float = 0) -> int:
        """Let time pass, and do what the job does then."""
        self.now += timedelta(days=days)
        return upkeep.follow(self.database, self.cache, self.settings, self.now)

    def regrade(self) -> None:
        def nobody(session: Session, *_: Any) -> int:
            return 0

        regrades.regrade_marked(self.database, self.cache, today=self.now.date(), now=self.now, notify=nobody)

    def name_deputy(self, absent: str, deputy: str) -> None:
        with self.database.write() as session:
            session.add(
                Deputy(
                    person_id=self.ids[absent],
                    deputy_id=self.ids[deputy],
                    starts_at=self.now,
                    ends_at=self.now + timedelta(days=9),
                )
            )

    def stored(self) -> CustomerProposal:
        (only,) = self._rows(CustomerProposal)
        found: CustomerProposal = only
        return found

    def overrides(self) -> list[Override]:
        return self._rows(Override)

    def approvals(self) -> list[CreditApproval]:
        return self._rows(CreditApproval)

    def _rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def tier(self) -> str:
        with self.database.read() as session:
            return assessments.newest(session, self.acme, "account")[0][0].tier

    def sent(self) -> list[tuple[str, Any]]:
        """(name, message) of everything that was written to people, in order."""
        import json

        names = {number: name for name, number in self.ids.items()}
        return [
            (names[row.recipient or 0], load(json.loads(row.body_json))) for row in self._rows(OutboxMessage)
        ]

    def told(self, name: str) -> list[Message]:
        return [message for reader, message in self.sent() if reader == name]
