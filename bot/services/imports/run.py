"""One import from file to book: look, recognise, stage, publish, report."""

from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from bot.clock import Clock
from bot.errors import N_, BadInput, Conflict
from bot.services.imports.kind import Counts, FileKind, ImportJob
from bot.services.imports.kinds import KINDS
from bot.services.imports.read import columns
from bot.services.imports.read.encoding import FileFacts, look_at, sha256_of
from bot.services.imports.read.records import DELIMITERS, Records, header_of, open_text, sniff
from bot.services.imports.read.styles import Styles
from bot.services.imports.rejects import Rejects
from bot.services.imports.report import ImportOptions, ImportReport
from bot.services.imports.staging import Staging, position
from db.book import imports
from db.engine import Database

Progress = Callable[[int, int], None]


def import_file(
    database: Database,
    *,
    kind: str,
    path: Path,
    clock: Clock,
    actor: str,
    options: ImportOptions,
    rejects_dir: Path,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring one CSV file in. `progress` gets (bytes read, bytes in all) after each chunk.

    The rows are staged on a private connection and published in one transaction: until then nobody sees a trace of
    them, and a killed import leaves nothing behind. Every row is accepted or rejected with a reason.
    """
    if kind not in KINDS:
        raise BadInput(
            N_("%(kind)s is not something to import; use one of %(kinds)s."),
            kind=kind,
            kinds=", ".join(KINDS),
        )
    for flag, given, allowed in (
        ("--date-order", options.date_order, ("dmy", "mdy")),
        ("--decimal", options.decimal, ("point", "comma")),
    ):
        if given is not None and given not in allowed:
            raise BadInput(
                N_("%(flag)s %(given)s is not known; use %(allowed)s."),
                flag=flag,
                given=given,
                allowed=" or ".join(allowed),
            )
    facts = look_at(path, options.encoding)
    if options.expected_sha256 not in (None, facts.sha256):
        raise Conflict(N_("%(file)s has changed since its preview; look at it again."), file=path.name)
    try:
        with imports.exclusive(database):
            return _Import(
                database, copy(_defined(kind)), facts, clock, actor, options, rejects_dir, progress
            ).run()
    except imports.ImportRunning:
        raise Conflict(N_("Another import is running; try again when it is done.")) from None


@cache
def _defined(kind: str) -> FileKind:
    """A kind before any file: its tables stay the same, so that what is asked of them is put into words once.

    Otherwise 900 small files took 15 s more for that, and pushed what others ask out of the engine's cache.
    """
    return KINDS[kind]()


class _Import:
    """The steps of one import; holds what they share."""

    def __init__(
        self,
        database: Database,
        kind: FileKind,
        facts: FileFacts,
        clock: Clock,
        actor: str,
        options: ImportOptions,
        rejects_dir: Path,
        progress: Progress | None,
    ) -> None:
        self._database = database
        self._kind = kind
        self._facts = facts
        self._clock = clock
        self._actor = actor
        self._options = options
        self._rejects_dir = rejects_dir
        self._progress = progress

    def run(self) -> ImportReport:
        facts, options, kind = self._facts, self._options, self._kind
        delimiter = sniff(facts, options.delimiter, columns.known_headers(kind.fields))
        with imports.workspace(self._database) as connection, open_text(facts) as handle:
            records = iter(Records(handle, delimiter))
            _, header = header_of(records, facts.path.name)
            with connection.begin():
                remembered = imports.mapping(connection, options.source, kind.name)
                same = imports.same_file(
                    connection, kind=kind.name, source=options.source, sha256=facts.sha256
                )
            layout = columns.recognise(
                kind.fields,
                header,
                kind=kind.name,
                file=facts.path.name,
                said=options.columns,
                remembered=remembered,
            )
            job = ImportJob(
                connection=connection,
                options=options,
                layout=layout,
                delimiter=delimiter,
                styles=Styles(facts, delimiter, date_order=options.date_order, decimal=options.decimal),
                rejects=Rejects(None if options.dry_run else self._rejects_dir, layout.header),
                now=self._clock.now(),
            )
            try:
                with connection.begin():
                    kind.prepare(job)
                staging = Staging(job, kind)
                staging.read(records, lambda: self._tell(position(handle)))
                with connection.begin():
                    orphans, again = kind.settle(job)
                self._refuse_nothing(staging)
                self._refuse_changed_file()
                staging.staged -= orphans
                staging.repeated -= again
                batch_id, counts = self._finish(job, staging)
                rejects_file = job.rejects.keep(f"import-{batch_id}-{kind.name}-rejects.csv")
            finally:
                job.rejects.drop()
        accepted = staging.staged + staging.repeated
        return ImportReport(
            batch_id=batch_id,
            kind=kind.name,
            source=options.source,
            rows=staging.rows,
            accepted=accepted,
            rejected=job.rejects.count,
            created=counts.created,
            changed=counts.changed,
            unchanged=accepted - counts.created - counts.changed,
            customers_created=counts.customers_created,
            blank_rows=staging.blank,
            rejects_file=rejects_file,
            first_rejects=tuple(job.rejects.first),
            columns=layout.columns,
            ignored_columns=layout.ignored,
            encoding=facts.encoding.removesuffix("-sig"),
            delimiter=DELIMITERS.get(delimiter, delimiter),
            file_sha256=facts.sha256,
            preview=tuple(staging.preview),
            same_file_as=same,
            dry_run=options.dry_run,
        )

    def _finish(self, job: ImportJob, staging: Staging) -> tuple[int | None, Counts]:
        """Publish, or only count."""
        if self._options.dry_run:
            with job.connection.begin():
                return None, self._kind.count(job)
        if not self._database.is_sqlite:
            # PostgreSQL never analyses temporary tables by itself, and would plan for a handful of rows. Only them:
            # a table of the book that it has seen empty it would plan to read from end to end, row by row.
            with job.connection.begin():
                for table in self._kind.stage.metadata.tables:
                    job.connection.exec_driver_sql(f"ANALYZE {table}")
        try:
            with job.connection.begin():
                return self._publish(job, staging)
        except IntegrityError as error:
            raise Conflict(
                N_("The book changed while %(file)s was being read (%(problem)s); import it again."),
                file=self._facts.path.name,
                problem=str(error.orig).strip().splitlines()[0],
            ) from error

    def _publish(self, job: ImportJob, staging: Staging) -> tuple[int, Counts]:
        facts, batch = self._facts, imports.table(imports.ImportBatch)
        accepted = staging.staged + staging.repeated
        # A write comes first: SQLite then waits for its lock instead of failing on a stale view.
        batch_id: int = job.connection.execute(
            batch.insert().returning(batch.c.id),
            {
                "kind": self._kind.name,
                "source": job.source,
                "file_name": facts.path.name,
                "file_sha256": facts.sha256,
                "actor": self._actor,
                "rows": staging.rows,
                "accepted": accepted,
                "rejected": job.rejects.count,
                "created": 0,
                "changed": 0,
                "status": "published",
                "started_at": job.now,
                "published_at": self._clock.now(),
            },
        ).scalar_one()
        counts = self._kind.publish(job, batch_id)
        job.connection.execute(
            batch.update()
            .where(batch.c.id == batch_id)
            .values(created=counts.created, changed=counts.changed)
        )
        said = {field: job.layout.columns[field] for field in self._options.columns}
        imports.remember_mapping(job.connection, job.source, self._kind.name, said)
        return batch_id, counts

    def _refuse_nothing(self, staging: Staging) -> None:
        if staging.rows == 0:
            raise BadInput(N_("%(file)s has a header but no rows."), file=self._facts.path.name)

    def _refuse_changed_file(self) -> None:
        """What was staged must be what was looked at."""
        path = self._facts.path
        if sha256_of(path) != self._facts.sha256:
            raise Conflict(N_("%(file)s changed while it was being read; import it again."), file=path.name)

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(min(done, self._facts.size), self._facts.size)
