"""One join by command: recorded as an import like a file of pairs, and undone like one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import Connection, MetaData, select

from bot.clock import Clock
from bot.errors import N_, BadInput, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.imports.check.findings import FileFindings
from bot.services.imports.joins.choices import Preference
from bot.services.imports.joins.pairs import BookReferences, Pair, fill_pairs, pair_table
from bot.services.imports.joins.questions import check_pairs, read_preference
from bot.services.imports.joins.transfer import Transfer, count_rows
from bot.services.imports.read.refusal import RefusedValue
from db import audit
from db.book import import_events, imports
from db.book.customers import Customer
from db.book.imports import ImportBatch, ImportStatus, table
from db.engine import Database

_batch, _customer = table(ImportBatch), table(Customer)
_PAIRS = pair_table(MetaData())
SOURCE = "command"  # of an import that is no file


@dataclass(frozen=True, kw_only=True)
class JoinReport:
    """A join by command."""

    batch_id: int | None  # None where nothing was written: a dry run, or they are one customer already
    already_one: bool
    customer: str  # code and name of the one that is joined
    into: str
    moved: Mapping[str, int]  # table -> rows that move


def join_customers(
    database: Database,
    customer: str,
    into: str,
    *,
    clock: Clock,
    actor: Actor,
    prefer: str | None = None,
    dry_run: bool = False,
) -> JoinReport:
    """Join a customer into another one, each given as SOURCE:CODE or as a code.

    Raises BadInput for customers that are not known, for one and the same, and where they say something different and
    no preference is given, NotAllowed for an actor who may not import.
    """
    access.require(actor, Act.IMPORT)
    request = _Request(
        customer=customer,
        into=into,
        clock=clock,
        actor=actor,
        prefer=read_preference(prefer),
    )
    try:
        with imports.exclusive(database), imports.workspace(database) as connection:
            with connection.begin():
                _PAIRS.create(connection)
                report = _prepare(connection, request)
            if dry_run or report.already_one:
                return report
            with connection.begin():
                batch_id = _write(connection, request)
                database.before_write(connection)
                of = import_events.ImportBy(
                    batch_id=batch_id,
                    kind=imports.JOINS,
                    written=(),
                    actor=request.actor.who,
                    door=request.actor.door,
                )
                audit.append(connection, import_events.joined(connection, of, of.door))
                return replace(report, batch_id=batch_id)
    except imports.ImportRunning:
        raise Conflict(N_("An import is running; try again when it is done.")) from None


@dataclass(frozen=True, kw_only=True)
class _Request:
    customer: str
    into: str
    clock: Clock
    actor: Actor
    prefer: Preference | None

    @property
    def name(self) -> str:
        """What the log of imports has in place of a file."""
        return f"{self.customer} into {self.into}"


def _prepare(connection: Connection, request: _Request) -> JoinReport:
    """Find the two customers, and refuse what is open between them."""
    references = BookReferences(connection)
    texts = request.customer, request.into
    given = [references.split(text) for text in texts]
    if given[0] == given[1]:
        raise BadInput(N_("%(code)s cannot be joined into itself."), code=request.customer)
    found = references.find(given)
    ids = [_known(text, found[one]) for text, one in zip(texts, given, strict=True)]
    labels = {
        row[0]: f"{row[1]} {row[2]}"
        for row in connection.execute(
            select(_customer.c.id, _customer.c.code, _customer.c.name).where(_customer.c.id.in_(ids))
        )
    }
    already_one = ids[0] == ids[1]
    if not already_one:
        fill_pairs(connection, _PAIRS, [Pair(line=1, from_id=ids[0], into_id=ids[1], place=1)])
        findings = FileFindings(())
        check_pairs(connection, _PAIRS, request.prefer, request.clock.now(), findings)
        findings.refuse_open(request.name)
    return JoinReport(
        batch_id=None,
        already_one=already_one,
        customer=labels[ids[0]],
        into=labels[ids[1]],
        moved={} if already_one else count_rows(connection, _PAIRS),
    )


def _known(text: str, found: int | RefusedValue) -> int:
    if isinstance(found, RefusedValue):
        raise BadInput(N_("%(code)s cannot be joined: %(problem)s."), code=text, problem=found.reason)
    return found


def _write(connection: Connection, request: _Request) -> int:
    """The number of the join among the imports."""
    now = request.clock.now()
    # A write comes first: SQLite then waits for its lock instead of failing on a stale view.
    batch_id: int = connection.execute(
        _batch.insert().returning(_batch.c.id),
        {
            "kind": imports.JOINS,
            "source": SOURCE,
            "file_name": request.name,
            "file_sha256": sha256(request.name.encode()).hexdigest(),
            "actor": request.actor.name,
            **dict.fromkeys(("rows", "accepted", "changed"), 1),
            **dict.fromkeys(("rejected", "created"), 0),
            "status": ImportStatus.PUBLISHED,
            "started_at": now,
            "published_at": now,
        },
    ).scalar_one()
    Transfer(
        connection=connection,
        pairs=_PAIRS,
        batch_id=batch_id,
        now=now,
        prefer=request.prefer or Preference.INTO,
    ).run()
    return batch_id
