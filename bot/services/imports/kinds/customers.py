"""Customers: their names, attributes, owner and parent."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    String,
    Table,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.absent import NEW_RECORD_TYPE, check_record_type, new_record_type
from bot.services.imports.check.meaning.contacts import check_contacts
from bot.services.imports.check.meaning.row_columns import RowColumns
from bot.services.imports.check.meaning.vocabulary import says_valid
from bot.services.imports.customer_rows import (
    CUSTOMER_TABLES,
    StagedNames,
    create_customers,
    find_circle,
    keep_old_names,
    key_of,
)
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.joins.duplicates import note_duplicates
from bot.services.imports.joins.joined_codes import fill_only, mark_joined
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import PAGE, Rows, Upsert, store_previous
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA, NOTHING_IN_NAMES
from bot.services.imports.read.ends import Ends
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.references import CustomerReferences, find_person
from db.book.customers import Customer, CustomerKey, Ownership, OwnershipRole, present_owner
from db.book.imports import add_missing, fill, table

_customer, _key, _ownership = table(Customer), table(CustomerKey), table(Ownership)

ENDED = FindingType(
    name="customers-ended",
    level=Level.NOTE,
    sentence=N_(
        "Customers that have ended: %(count)d (first in line %(line)d). No grade and no reminders until the column says no."
    ),
)
ENDS_LATER = FindingType(
    name="customers-end-later",
    level=Level.NOTE,
    sentence=N_(
        "Customers that end on a later day: %(count)d (line %(line)d: %(day)s). They go on until the file is imported again on"
        " that day or after it."
    ),
)


def _read_aliases(cell: str) -> tuple[str, ...] | RefusedValue:
    parse = text.line_of_text()
    names = [part.strip() for part in re.split(r"[;；|｜]", cell)]
    parsed = [parse(name) for name in names if name]
    wrong = next((part for part in parsed if isinstance(part, RefusedValue)), None)
    return wrong if wrong is not None else tuple(parsed)


class CustomerKind(UpsertKind):
    """Upserts on (source, code). Names are only ever added: a renamed customer is still found by its old name."""

    name = "customers"
    key_field = "code"
    fields = (
        FileField(
            name="code",
            synonyms="customer id, customer code, customer no, customer number, account code, "
            "客户编号, 客户代码, 客户编码, 客户号, 客户ID, 编号, 代码, "
            "Kundennummer, Kunden-Nr, Kundennr, KdNr, Kd-Nr, Debitor, Debitorennummer, Debitorenkonto",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            weak="编号, 代码",
            required=True,
            unique=True,
            column="key",
        ),
        FileField(
            name="name",
            synonyms="customer name, customer, company, company name, account name, "
            "客户名称, 名称, 公司名称, 客户, 公司, 客户全称, "
            "Firma, Firmenname, Kunde, Kundenname, Name1, Unternehmen",
            nothing=NOTHING_IN_NAMES,
            weak="名称",
            required=True,
            unique=True,
        ),
        FileField(
            name="aliases",
            synonyms="alias, other names, short name, 别名, 简称, 曾用名, 客户简称, "
            "Kurzname, Kurzbezeichnung, Matchcode, Suchbegriff, Suchbegriffe",
            read=lambda job, name: _read_aliases,
        ),
        FileField(
            name="record_type",
            synonyms="type, status, 记录类型, 客户状态, Kundenstatus, Kundenart",
            weak="type, status",
            read=lambda job, name: text.choice(text.RECORD_TYPES),
        ),
        FileField(name="industry", synonyms="sector, 行业, 所属行业, Branche"),
        FileField(
            name="customer_type",
            synonyms="business type, category, 客户类型, 客户类别, 类型, Kundengruppe, Kundentyp, Kundenklasse",
            weak="category, 类型",
        ),
        FileField(
            name="region",
            synonyms="area, territory, state, 地区, 区域, 省份, 大区, Gebiet, Verkaufsgebiet, Bundesland",
            nothing=NOTHING_BUT_NA,
        ),
        FileField(name="country", synonyms="country region, 国家, 国家地区, Land", nothing=NOTHING_BUT_NA),
        FileField(
            name="since",
            synonyms="customer since, start date, cooperation date, "
            "合作日期, 合作开始日期, 建档日期, 开户日期, 成为客户日期, Kunde seit",
            read=lambda job, name: job.days(name, past_only=True, first_year=1800),
        ),
        FileField(
            name="owner",
            synonyms="owner email, account manager, sales rep, "
            "客户经理, 负责人, 负责人邮箱, 客户经理邮箱, 业务员, "
            "Betreuer, Kundenbetreuer, Vertreter, Verkäufer, Vertriebsmitarbeiter",
            read=find_person,
            column="owner_id",
        ),
        FileField(
            name="parent",
            synonyms="parent code, parent company, group, 上级客户, 母公司, 上级客户编号, 集团, "
            "Konzern, Muttergesellschaft, Hauptkunde, Zentrale",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            column="parent_code",
        ),
        FileField(
            name="language",
            synonyms="lang, 语言, Sprache",
            read=lambda job, name: text.choice(text.LANGUAGES),
        ),
        FileField(
            name="ended",
            synonyms="ended on, churned, churned on, inactive, inactive since, terminated, terminated on, "
            "流失, 已流失, 是否流失, 流失日期, 停用, 已停用, 是否停用, 停用日期, 终止, 终止日期, 注销日期, "
            "beendet, beendet am, inaktiv, inaktiv seit",
            read=lambda job, name: Ends(
                days=job.days(name), is_valid=says_valid(job.layout.columns.get(name, ""), "customers")
            ),
        ),
    )
    staged: ClassVar = {
        **dict.fromkeys(("name", "record_type", "industry", "customer_type", "region", "country"), String),
        **dict.fromkeys(("language", "alias_text"), String),
        "since": Date,
        "owner_id": Integer,
        "parent_code": String,
        "archived": Boolean,
        "cells": String,  # as JSON, where only the whole file can show whether the row is right
        "joined": Integer,  # numbers the rows of joined codes (`joined_codes`), after the file has been read
    }
    options = (NEW_RECORD_TYPE,)
    writes = (*CUSTOMER_TABLES, WrittenTable(table=_ownership, counted=False))

    def __init__(self) -> None:
        super().__init__()
        self.filled = tuple(name for name in self.filled if name != "joined")
        self._most_joined = 0
        metadata = self.stage.metadata
        self._repeats = Table(  # rows with the same contents as a staged row that has a parent
            "staged_repeat",
            metadata,
            Column("line", Integer, primary_key=True, autoincrement=False),
            Column("key", String, index=True),
            prefixes=["TEMPORARY"],
        )
        self._names = StagedNames(metadata)

    def prepare(self, job: ImportJob) -> None:
        self._new_record_type = new_record_type(job)
        self._row_columns = RowColumns(job, self.name)
        self._today = job.today.isoformat()
        self._ending_later: list[tuple[int, str]] = []

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        self._row_columns.count(chunk)
        values["alias_text"] = [
            "|".join(names) if isinstance(names, tuple) else None for names in values["aliases"]
        ]
        for row, (code, parent) in enumerate(zip(values["code"], values["parent"], strict=True)):
            if parent is not None and parent == code:
                chunk.refuse(row, "parent", Phrase(N_("a customer cannot be its own parent")))
        values["archived"] = list(map(self._has_ended, chunk.lines, values["ended"]))
        values["cells"] = [
            None if parent is None else json.dumps(cells, ensure_ascii=False)
            for parent, cells in zip(values["parent"], chunk.cells, strict=True)
        ]

    def _has_ended(self, line: int, ended: Any) -> bool | None:
        if not isinstance(ended, str):
            return ended if isinstance(ended, bool) else None
        if ended > self._today:
            self._ending_later.append((line, ended))
        return ended <= self._today

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        codes, names, aliases = (chunk.values[name] for name in ("code", "name", "aliases"))
        self._names.add(job.connection, ((codes[row], names[row], aliases[row] or ()) for row in rows))

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        codes, parents = chunk.values["code"], chunk.values["parent"]
        repeats = [(chunk.lines[row], codes[row]) for row in rows if parents[row] is not None]
        fill(job.connection, self._repeats, ("line", "key"), repeats)

    def refuse_at_end(self, job: ImportJob) -> tuple[int, int]:
        """Refuse rows with an unknown parent; repeat for rows whose parent was refused."""
        stage, staged, repeats = self.stage.c, self.stage.alias(), self._repeats.c
        orphans = (
            select(stage.key, stage.line, stage.parent_code, stage.cells)
            .where(
                stage.parent_code.is_not(None),
                ~exists(select(1).select_from(staged).where(staged.c.key == stage.parent_code)),
                ~exists(select(1).where(key_of(job, stage.parent_code))),
            )
            .order_by(stage.line)
            .limit(PAGE)
        )
        customers = CustomerReferences(job.connection, job.source)
        refused = repeated = 0
        while rows := job.connection.execute(orphans).all():
            for key, line, parent, cells in rows:
                same = job.connection.scalars(select(repeats.line).where(repeats.key == key)).all()
                reason = customers.unknown(parent).reason
                for place in (line, *sorted(same)):
                    job.refuse(line=place, name="parent", reason=reason, cells=json.loads(cells))
                self._names.remove(job.connection, key)
                job.connection.execute(self.stage.delete().where(stage.key == key))
                repeated += len(same)
            refused += len(rows)
        self._most_joined = mark_joined(job.connection, job.source, self.stage)
        if self._most_joined:
            self._names.become_aliases(job, select(stage.key).where(stage.joined.is_not(None)))
        return refused, repeated

    @property
    def known_keys(self) -> Table:
        return _key

    def check(self, job: ImportJob) -> None:
        check_contacts(job, self.stage)
        check_record_type(job)
        self._row_columns.check(job)
        if "ended" in job.layout.places:
            self._say_who_ends(job)
        note_duplicates(job, self._names)

    def _say_who_ends(self, job: ImportJob) -> None:
        stage = self.stage.c
        has_ended = select(1).where(
            key_of(job, stage.key), _customer.c.id == _key.c.customer_id, _customer.c.archived.is_(True)
        )
        ending = select(func.count(), func.min(stage.line)).where(
            stage.archived.is_(True), stage.joined.is_(None), ~exists(has_ended)
        )
        count, line = job.connection.execute(ending).one()
        if count:
            job.findings.add(ENDED, count=count, line=line)
        if self._ending_later:
            line, day = min(self._ending_later)
            job.findings.add(ENDS_LATER, count=len(self._ending_later), line=line, day=day)

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"id": select(_key.c.customer_id).where(key_of(job, self.stage.c.key)).scalar_subquery()}

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        parent = select(_key.c.customer_id).where(key_of(job, self.stage.c.parent_code))
        parent_id = parent.correlate(self.stage).scalar_subquery()
        # The code of a parent may have been joined into the customer itself.
        columns = {**super().columns(job), "parent_id": func.nullif(parent_id, _customer.c.id)}
        return fill_only(columns, self.stage) if self._most_joined else columns

    def upsert(self, job: ImportJob) -> Upsert:
        """A new owner or alias makes a customer a changed one, too."""
        stage = self.stage.c
        owned = select(_ownership.c.person_id).where(present_owner(_customer.c.id))
        owner = owned.correlate(_customer).scalar_subquery()
        owner_differs = and_(
            stage.owner_id.is_not(None),
            stage.owner_id.is_distinct_from(owner),
            or_(stage.joined.is_(None), owner.is_(None)),
        )
        new_alias = self._names.new_alias(_customer.c.id, stage.key)
        return replace(super().upsert(job), also=or_(owner_differs, new_alias))

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert, stage = self.upsert(job), self.stage.c
        columns = {
            **super().columns(job),
            "record_type": func.coalesce(stage.record_type, self._new_record_type),
            "archived": func.coalesce(stage.archived, false()),
        }
        created = create_customers(job, batch_id, self.stage, columns)

        def keep_names(old: Rows, new: Rows) -> None:
            renamed = [
                (before["id"], before["name"])
                for before, after in zip(old, new, strict=True)
                if before["name"] != after["name"]
            ]
            keep_old_names(job.connection, batch_id, renamed)

        not_created = _customer.c.batch_id.is_distinct_from(literal(batch_id))
        changed = 0
        # One row of a customer at a time: each sets all columns, by the values before it.
        for number in range(self._most_joined + 1):
            of_number = stage.joined.is_not_distinct_from(number or None)
            where = and_(not_created, of_number)
            changed += upsert.change(job.connection, batch_id, on_page=keep_names, where=where)
        if "parent" in job.layout.places:
            self._set_parents(job, batch_id)
        self._names.publish(job, batch_id)
        if "owner" in job.layout.places:
            self._hand_over(job, batch_id)
        return Counts(created=created, changed=changed)

    def _set_parents(self, job: ImportJob, batch_id: int) -> None:
        """Give the new customers their parents, and refuse a circle of parents."""
        parent = (
            select(_key.c.customer_id)
            .join(self.stage, self.stage.c.parent_code == _key.c.external_id)
            .where(_key.c.source == job.source, self.stage.c.key == _customer.c.code)
            .correlate(_customer)
        )
        job.connection.execute(
            _customer.update()
            .where(_customer.c.batch_id == batch_id)
            .values(parent_id=parent.scalar_subquery())
        )
        with_parent = select(_customer.c.id, _customer.c.parent_id).where(_customer.c.parent_id.is_not(None))
        circle = find_circle({row[0]: row[1] for row in job.connection.execute(with_parent)})
        if circle is not None:
            code = job.connection.execute(
                select(_customer.c.code).where(_customer.c.id == circle)
            ).scalar_one()
            raise BadInput(
                N_("The column parent makes a circle: following the parents of %(code)s leads back to it."),
                code=code,
            )

    def _hand_over(self, job: ImportJob, batch_id: int) -> None:
        """Close the ownerships that end with this file and open the new ones, as of today."""
        stage, today = self.stage.c, job.today
        staged = self.stage.join(_key, key_of(job, stage.key))
        owned_now = present_owner(_key.c.customer_id)
        ending = (
            select(_ownership.c.id)
            .select_from(staged.join(_ownership, owned_now))
            .where(
                stage.owner_id.is_not(None), _ownership.c.person_id != stage.owner_id, stage.joined.is_(None)
            )
            .limit(PAGE)
        )
        while ids := job.connection.scalars(ending).all():
            store_previous(
                job.connection, batch_id, _ownership.name, [(row, {"ends_on": None}) for row in ids]
            )
            job.connection.execute(_ownership.update().where(_ownership.c.id.in_(ids)).values(ends_on=today))
        columns = ["customer_id", "person_id", "role", "starts_on", "batch_id"]
        rows = (
            select(
                _key.c.customer_id,
                stage.owner_id,
                literal(OwnershipRole.PRIMARY.value),
                literal(today),
                literal(batch_id),
            )
            .select_from(staged)
            .where(stage.owner_id.is_not(None), ~exists(select(1).select_from(_ownership).where(owned_now)))
            .order_by(func.coalesce(stage.joined, 0), stage.line)
        )
        # Two codes of one customer may both name an owner: the first one holds.
        add_missing(job.connection, _ownership, columns, rows)
