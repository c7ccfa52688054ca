"""One import from file to book, in steps: inspect and open the file, find its columns, stage its rows, publish them."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.clock import Clock
from bot.errors import N_, BadInput, Conflict
from bot.services import access, staff
from bot.services.access import Actor
from bot.services.imports.answers import ACCEPTED, WORDS, Remembered, answers_of, merge
from bot.services.imports.check.codes import SIMILAR_CODES, ask_about_decimals, ask_about_new_keys
from bot.services.imports.check.columns import ask_about_gone
from bot.services.imports.check.encoding import check_encoding
from bot.services.imports.check.findings import FileFindings
from bot.services.imports.check.known.other_numbers import ask_about_amounts_by_other_numbers
from bot.services.imports.check.meaning.grain import check_repeats
from bot.services.imports.check.meaning.part_paid import OPEN_FIELD, PAID_FIELD
from bot.services.imports.check.shape import find_reports, note_header
from bot.services.imports.check.sources import ask_about_other_sources, note_source, spelled_as_known
from bot.services.imports.check.styles import Styles
from bot.services.imports.check.vendor import check_vendor
from bot.services.imports.conversion import SUBTRACT
from bot.services.imports.erased import again
from bot.services.imports.job import ImportJob
from bot.services.imports.kind import Counts, FileKind, find_header_of
from bot.services.imports.kinds import KINDS, kind_under
from bot.services.imports.layout.columns import DECLINED, recognise
from bot.services.imports.layout.header import Header
from bot.services.imports.read.cells.codes import Codes
from bot.services.imports.read.encoding import InspectedFile, inspect_file, sha256_of
from bot.services.imports.read.filters import OPTIONS, read_filters
from bot.services.imports.read.records import DELIMITERS, CsvTable, first_rows, open_table
from bot.services.imports.rejects import Rejects
from bot.services.imports.report import ImportOptions, ImportReport
from bot.services.imports.selection import Selection
from bot.services.imports.staging import Staging
from bot.services.tombstones import Tombstones
from db import audit
from db.audit import AuditActor, Door
from db.book import import_events, imports
from db.book.tombstones import take_back
from db.engine import Database

# Fields that change the amount or the day of payment: a later file without them would set these back in silence.
CHANGE_ANOTHER = (SUBTRACT.name, OPEN_FIELD.name, PAID_FIELD.name)
Progress = Callable[[int, int], None]
_FIRST_ROWS = 300  # that show the shape of a file
OnStaged = Callable[[ImportJob, FileKind], None]


def import_file(
    database: Database,
    *,
    kind: str,
    path: Path,
    clock: Clock,
    actor: Actor | None,
    options: ImportOptions,
    rejects_dir: Path,
    progress: Progress | None = None,
    on_staged: OnStaged = lambda job, kind: None,
) -> ImportReport:
    """Import one CSV file. `progress` gets (bytes read, bytes in all) after each chunk; `on_staged` may look at
    the staged rows after the file check.

    The rows are staged on a private connection and published in one transaction: until then nobody sees any of them,
    and a killed import leaves nothing behind. Every row is accepted or rejected with a reason. `actor` is None for
    Tierbot itself. Raises NotAllowed for an actor who may not import.
    """
    if kind not in KINDS:
        raise BadInput(
            N_("%(kind)s is not something to import; use one of %(kinds)s."),
            kind=kind,
            kinds=", ".join(KINDS),
        )
    options.refuse_unknown()
    built = kind_under(kind, options)
    if actor is not None:
        access.require(actor, built.right)
    file = inspect_file(path, options.encoding, built.known_headers)
    if options.expected_sha256 not in (None, file.sha256):
        raise Conflict(N_("%(file)s has changed since its preview; look at it again."), file=path.name)
    try:
        with imports.exclusive(database), _rare_collections():
            with database.reader.connect() as connection:
                source = spelled_as_known(options.source, imports.find_sources(connection))
            return _Import(
                database=database,
                kind=built,
                file=file,
                clock=clock,
                actor=actor,
                options=replace(options, source=source),
                given_source=options.source,
                rejects_dir=rejects_dir,
                progress=progress,
                on_staged=on_staged,
            ).run()
    except imports.ImportRunning:
        raise Conflict(N_("Another import is running; try again when it is done.")) from None


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for reference cycles after 50,000 new objects instead of 700: rows have none, and that took 15% of an import."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(frozen=True, kw_only=True)
class _Import:
    """The steps of one import, and what they share."""

    database: Database
    kind: FileKind
    file: InspectedFile
    clock: Clock
    actor: Actor | None
    options: ImportOptions
    given_source: str  # as it was typed
    rejects_dir: Path
    progress: Progress | None
    on_staged: OnStaged

    def run(self) -> ImportReport:
        file, kind, source = self.file, self.kind, self.options.source
        with imports.workspace(self.database) as connection:
            with connection.begin():
                same = imports.find_same_file(connection, kind=kind.name, sha256=file.sha256)
                remembered = Remembered()
                if not self.options.forget:
                    remembered = Remembered.of(
                        imports.find_answers(connection, source, kind.name),
                        imports.find_mapping(connection, source, kind.name),
                        kind.name,
                    ).without(self.options.forget_only)
                tombstones, erasures = again(connection, source, self.options.again)
            options = merge(self.options, remembered.options, kind)
            mapped = (*remembered.columns.values(), *options.columns.values())
            header = find_header_of(kind, file, options.delimiter, mapped, options.header_line)
            with open_table(header.of(file), header.delimiter) as table:
                job = self._begin(connection, table, header, options, remembered, tombstones)
                try:
                    staging = self._stage(job, table, remembered.words)
                    self._check(job, staging)
                    job.rejects.finish()
                    batch_id, counts = self._publish(job, staging, erasures)
                    rejects_file = job.rejects.keep(f"import-{batch_id}-{kind.name}-rejects.csv")
                finally:
                    job.rejects.drop()
        return ImportReport(
            batch_id=batch_id,
            kind=kind.name,
            rows=staging.rows,
            accepted=staging.accepted,
            rejected=job.rejects.count,
            skipped=staging.skipped,
            created=counts.created,
            changed=counts.changed,
            unchanged=staging.accepted - staging.added_up - counts.created - counts.changed,
            customers_created=counts.customers_created,
            blank_rows=staging.blank,
            rejects_file=rejects_file,
            first_rejects=tuple(job.rejects.first),
            columns=job.layout.columns,
            ignored_columns=tuple(
                name for name in job.layout.ignored if name not in staging.selection.columns
            ),
            encoding=file.encoding.removesuffix("-sig"),
            delimiter=DELIMITERS.get(header.delimiter, header.delimiter),
            file_sha256=file.sha256,
            preview=tuple(staging.preview),
            same_file_as=same,
            findings=tuple(job.findings),
            remembered=remembered.answers,
            dry_run=self.options.dry_run,
        )

    def _begin(
        self,
        connection: Connection,
        table: CsvTable,
        header: Header,
        options: ImportOptions,
        remembered: Remembered,
        tombstones: Tombstones,
    ) -> ImportJob:
        """Find the columns of the fields."""
        file, kind = header.of(self.file), self.kind
        findings = FileFindings(options.accepted, remembered.accepted)
        note_header(header, findings)
        note_source(findings, self.given_source, self.options.source)
        rows = first_rows(file, header.delimiter, _FIRST_ROWS)
        find_reports(
            table.header, rows, [one for one in kind.fields if one.name not in options.columns], findings
        )
        try:
            layout = recognise(
                kind.fields,
                table.header,
                kind=kind.name,
                file=file.path.name,
                given=options.columns,
                remembered=remembered.columns,
                rows=[cells for _, cells in rows],
            )
        except BadInput:
            findings.refuse_open(file.path.name)
            raise
        ask_about_gone(layout, findings)
        if layout.shape is not None:
            chosen = read_filters({name: getattr(options, name) for name in OPTIONS})
            check_vendor(layout.shape, findings, chosen)
        return ImportJob(
            connection=connection,
            file=file,
            options=options,
            layout=layout,
            titles=header.titles,
            delimiter=header.delimiter,
            styles=Styles(
                file,
                header.delimiter,
                date_order=options.date_order,
                decimal=options.decimal,
                century=options.century,
                this_year=self.clock.now().year,
                findings=findings,
            ),
            rejects=Rejects(None if options.dry_run else self.rejects_dir, layout.header, tombstones),
            tombstones=tombstones,
            findings=findings,
            now=self.clock.now(),
        )

    def _stage(self, job: ImportJob, table: CsvTable, words: Mapping[str, Sequence[str]]) -> Staging:
        """Read the rows into the staging tables."""
        with job.connection.begin():
            self.kind.stage.metadata.create_all(job.connection)
            self.kind.prepare(job)
            job.parsers.update({field.name: field.read(job, field.name) for field in self.kind.fields})
        staging = Staging(job, self.kind, Selection(job, self.kind, words))
        staging.read(table, lambda: self._show_progress(table.position))
        if staging.rows == staging.skipped and staging.erased.count:
            staging.erased.refuse_all(self.file.path.name)
        if staging.rows == staging.skipped and not staging.selection.skipped:
            raise BadInput(N_("%(file)s has a header but no rows."), file=self.file.path.name)
        if sha256_of(self.file.path) != self.file.sha256:
            raise Conflict(
                N_("%(file)s changed while it was being read; import it again."), file=self.file.path.name
            )
        return staging

    def _check(self, job: ImportJob, staging: Staging) -> None:
        """Collect what the file leaves open; refuse it while a question is not answered."""
        check_encoding(self.file, job.findings, given=self.options.encoding)
        kind = self.kind
        staging.selection.check()
        staging.erased.say()
        job.forms.check(
            job.layout,
            job.parsers,
            job.findings,
            rows=staging.rows,
            some_read=staging.accepted > 0,
            titles=job.titles,
        )
        with job.connection.begin():
            kind.check(job)
            for name, parser in job.parsers.items():
                if isinstance(parser, Codes) and name in job.layout.places:
                    ask_about_decimals(parser, job.layout.columns[name], job.findings)
            key = job.parsers[kind.key_field]
            ask_about_other_sources(job, kind.name, kind.stage, kind.known_keys)
            if isinstance(key, Codes) and kind.known_keys is not None:
                ask_about_new_keys(
                    job.connection,
                    job.findings,
                    stage=kind.stage,
                    known=kind.known_keys,
                    source=job.source,
                    odd=key.odd,
                )
            if not any(one.type is SIMILAR_CODES for one in job.findings):
                ask_about_amounts_by_other_numbers(job, kind.key_field, kind.stage, kind.known_keys)
            self.on_staged(job, kind)
        if kind.repeats:
            check_repeats(job.repeats, job.findings, kind.key_field)
        if not self.options.dry_run:
            job.findings.refuse_open(self.file.path.name)
            if staging.rows == staging.skipped:
                raise BadInput(
                    N_(
                        "%(file)s has no rows but those that --only or --skip leave out: %(count)s. Nothing was stored."
                    ),
                    file=self.file.path.name,
                    count=f"{staging.selection.skipped:,}",
                )

    def _publish(
        self, job: ImportJob, staging: Staging, erasures: Sequence[str]
    ) -> tuple[int | None, Counts]:
        """Write the staged rows to the book, or only count them."""
        if self.options.dry_run:
            with job.connection.begin():
                return None, self.kind.count(job)
        if not self.database.is_sqlite:
            # PostgreSQL never analyses temporary tables by itself, and would plan for a handful of rows. Not the tables
            # of the book: for one that was analysed while it was empty, it would plan a full scan for each row.
            with job.connection.begin():
                for table in self.kind.stage.metadata.tables:
                    job.connection.exec_driver_sql(f"ANALYZE {table}")
        try:
            with job.connection.begin():
                return self._write(job, staging, erasures)
        except IntegrityError as error:
            raise Conflict(
                N_("The book changed while %(file)s was being read (%(problem)s); import it again."),
                file=self.file.path.name,
                problem=str(error.orig).strip().splitlines()[0],
            ) from error

    def _write(self, job: ImportJob, staging: Staging, erasures: Sequence[str]) -> tuple[int, Counts]:
        batch = imports.table(imports.ImportBatch)
        # A write comes first: SQLite then waits for its lock instead of failing on a stale view.
        batch_id: int = job.connection.execute(
            batch.insert().returning(batch.c.id),
            {
                "kind": self.kind.name,
                "source": job.source,
                "file_name": self.file.path.name,
                "file_sha256": self.file.sha256,
                "actor": self.actor.name if self.actor else str(AuditActor()),
                "rows": staging.rows,
                "accepted": staging.accepted,
                "rejected": job.rejects.count,
                "created": 0,
                "changed": 0,
                "status": imports.ImportStatus.PUBLISHED,
                "started_at": job.now,
                "published_at": self.clock.now(),
            },
        ).scalar_one()
        self.database.before_write(job.connection)
        right, admins = self.kind.right, self.options.admins
        with staff.kept_in_order(self.database, job.connection, right, admins, self.actor):
            counts = self.kind.publish(job, batch_id)
        job.connection.execute(
            batch.update()
            .where(batch.c.id == batch_id)
            .values(created=counts.created, changed=counts.changed)
        )
        forgotten = (
            [one.name for one in self.kind.fields] if self.options.forget else self.options.forget_only
        )
        imports.forget_mapping(job.connection, job.source, self.kind.name, forgotten)
        words = staging.selection.survey.words()
        answers = answers_of(job.options, self.kind) | ({WORDS: words} if words else {})
        if accepted := job.findings.to_remember():
            answers[ACCEPTED] = accepted
        imports.remember_answers(job.connection, job.source, self.kind.name, answers)
        changing = [name for name in CHANGE_ANOTHER if name in job.layout.places]
        given = {
            field: job.layout.columns.get(field, DECLINED) for field in (*self.options.columns, *changing)
        }
        imports.remember_mapping(job.connection, job.source, self.kind.name, given)
        take_back(job.connection, erasures, job.now)
        self._record(job.connection, batch_id, counts)
        return batch_id, counts

    def _record(self, connection: Connection, batch_id: int, counts: Counts) -> None:
        """Write the import to the audit, as the last of its transaction."""
        of = import_events.ImportBy(
            batch_id=batch_id,
            kind=self.kind.name,
            written=[one.table.name for one in self.kind.writes],
            actor=self.actor.who if self.actor else AuditActor(),
            door=self.actor.door if self.actor else Door.JOB,
        )
        after = {"created": counts.created, "changed": counts.changed, "sha256": self.file.sha256}
        audit.append(connection, import_events.imported(connection, of, after))

    def _show_progress(self, done: int) -> None:
        if self.progress is not None:
            self.progress(min(done, self.file.size), self.file.size)
