"""Customers: their names, what is known of them, their owner and parent."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, and_, exists, func, literal, or_, select

from bot.errors import N_, BadInput
from bot.services.imports import aliases as renaming
from bot.services.imports import new_customers, publication
from bot.services.imports.kind import Chunk, Counts, FileKind, ImportJob, day_column, stage_table
from bot.services.imports.read import text as words
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CustomerBook, people, person_with
from db.book.customers import Customer, CustomerKey, Ownership
from db.book.imports import fill, table

_customer, _key, _ownership = table(Customer), table(CustomerKey), table(Ownership)
_PLAIN = ("name", "record_type", "industry", "customer_type", "region", "country", "since", "language")


class CustomerKind(FileKind):
    """Upserts on (source, code). Names are only ever added: a renamed customer is still found by its old name."""

    name = "customers"
    key_field = "code"
    fields = (
        FileField(
            name="code",
            headers=(
                "customer id",
                "customer code",
                "customer no",
                "customer number",
                "account code",
                "客户编号",
                "客户代码",
                "客户编码",
                "客户号",
                "客户ID",
                "编号",
                "代码",
            ),
            required=True,
            unique=True,
        ),
        FileField(
            name="name",
            headers=(
                "customer name",
                "customer",
                "company",
                "company name",
                "account name",
                "客户名称",
                "名称",
                "公司名称",
                "客户",
                "公司",
                "客户全称",
            ),
            required=True,
            unique=True,
        ),
        FileField(
            name="aliases",
            headers=("alias", "other names", "short name", "别名", "简称", "曾用名", "客户简称"),
        ),
        FileField(name="record_type", headers=("type", "status", "记录类型", "客户状态")),
        FileField(name="industry", headers=("sector", "行业", "所属行业")),
        FileField(
            name="customer_type", headers=("business type", "category", "客户类型", "客户类别", "类型")
        ),
        FileField(name="region", headers=("area", "territory", "state", "地区", "区域", "省份", "大区")),
        FileField(name="country", headers=("country region", "国家", "国家地区")),
        FileField(
            name="since",
            headers=(
                "customer since",
                "start date",
                "cooperation date",
                "合作日期",
                "合作开始日期",
                "建档日期",
                "开户日期",
                "成为客户日期",
            ),
        ),
        FileField(
            name="owner",
            headers=(
                "owner email",
                "account manager",
                "sales rep",
                "客户经理",
                "负责人",
                "负责人邮箱",
                "客户经理邮箱",
                "业务员",
            ),
        ),
        FileField(
            name="parent",
            headers=("parent code", "parent company", "group", "上级客户", "母公司", "上级客户编号", "集团"),
        ),
        FileField(name="language", headers=("lang", "语言")),
    )
    staged = ("key", *_PLAIN, "alias_text", "owner_id", "parent_code", "cells")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_customer",
            *(Column(name, String) for name in _PLAIN if name != "since"),
            day_column("since"),
            Column("alias_text", String),
            Column("owner_id", Integer),
            Column("parent_code", String),
            Column("cells", String),  # JSON, kept where only the whole file can tell whether the row is right
        )
        self._again = Table(  # rows that say word for word what a staged one with a parent says
            "staged_again",
            self._metadata,
            Column("line", Integer, primary_key=True, autoincrement=False),
            Column("key", String, index=True),
            prefixes=["TEMPORARY"],
        )
        self._names = new_customers.StagedNames(self._metadata)

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._people = people(job.connection)

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        text = words.line_of_text()
        return {
            "code": text,
            "name": text,
            "aliases": _aliases,
            "record_type": words.choice(words.RECORD_TYPES),
            "industry": text,
            "customer_type": text,
            "region": text,
            "country": text,
            "since": job.dates("since", first_year=1800),
            "owner": person_with(self._people),
            "parent": text,
            "language": words.choice(words.LANGUAGES),
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["key"], values["owner_id"], values["parent_code"] = (
            values["code"],
            values["owner"],
            values["parent"],
        )
        values["alias_text"] = [
            "|".join(names) if isinstance(names, tuple) else None for names in values["aliases"]
        ]
        own = RefusedValue("a customer cannot be its own parent")
        for row, (code, parent) in enumerate(zip(values["code"], values["parent"], strict=True)):
            if parent is not None and parent == code:
                chunk.refuse(row, "parent", own)
        values["cells"] = [
            None if parent is None else json.dumps(cells, ensure_ascii=False)
            for parent, cells in zip(values["parent"], chunk.cells, strict=True)
        ]

    def after_fill(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        codes, names, aliases = (chunk.values[name] for name in ("code", "name", "aliases"))
        self._names.add(job.connection, ((codes[row], names[row], aliases[row] or ()) for row in rows))

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        keys, parents = chunk.values["key"], chunk.values["parent_code"]
        again = [(chunk.lines[row], keys[row]) for row in rows if parents[row] is not None]
        fill(job.connection, self._again, ("line", "key"), again)

    def settle(self, job: ImportJob) -> tuple[int, int]:
        """Refuse rows whose parent is neither known nor in the file; again, for those whose parent went that way."""
        stage, staged = self.stage.c, self.stage.alias()
        orphan = (
            select(stage.key, stage.line, stage.parent_code, stage.cells)
            .where(
                stage.parent_code.is_not(None),
                ~exists(select(1).select_from(staged).where(staged.c.key == stage.parent_code)),
                ~exists(
                    select(1).where(_key.c.source == job.source, _key.c.external_id == stage.parent_code)
                ),
            )
            .order_by(stage.line)
            .limit(publication.PAGE)
        )
        book = CustomerBook(job.connection, job.source)
        refused = repeats = 0
        again = self._again.c
        while rows := job.connection.execute(orphan).all():
            for key, line, parent, cells in rows:
                same = job.connection.execute(select(again.line).where(again.key == key)).scalars().all()
                repeats += len(same)
                reason = book.unknown(parent).reason
                for place in (line, *sorted(same)):
                    job.refuse(line=place, name="parent", reason=reason, cells=json.loads(cells))
                self._names.forget(job.connection, key)
                job.connection.execute(self.stage.delete().where(stage.key == key))
            refused += len(rows)
        return refused, repeats

    def _upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        mine = select(_key.c.customer_id).where(_key.c.source == job.source, _key.c.external_id == stage.key)
        parent = select(_key.c.customer_id).where(
            _key.c.source == job.source, _key.c.external_id == stage.parent_code
        )
        owner = select(_ownership.c.person_id).where(
            _ownership.c.customer_id == _customer.c.id,
            _ownership.c.role == "primary",
            _ownership.c.ends_on.is_(None),
        )
        return publication.Upsert(
            target=_customer,
            stage=self.stage,
            match=_customer.c.id == mine.scalar_subquery(),
            columns={
                **{name: stage[name] for name in _PLAIN},
                "parent_id": parent.correlate(self.stage).scalar_subquery(),
            },
            also=or_(
                and_(
                    stage.owner_id.is_not(None),
                    stage.owner_id.is_distinct_from(owner.correlate(_customer).scalar_subquery()),
                ),
                self._names.new_alias(_customer.c.id, stage.key),
            ),
        )

    def count(self, job: ImportJob) -> Counts:
        created, changed = publication.count(job.connection, self._upsert(job))
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        stage = self.stage.c
        brought: dict[str, Any] = {name: stage[name] for name in _PLAIN}
        brought["record_type"] = func.coalesce(stage.record_type, "account")
        created = new_customers.publish_customers(job, batch_id, self.stage, brought)
        mine = _customer.c.batch_id.is_distinct_from(literal(batch_id))

        def renamed(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> None:
            renaming.keep_old_names(
                job.connection,
                batch_id,
                [
                    (before["id"], before["name"])
                    for before, after in zip(old, new, strict=True)
                    if before["name"] != after["name"]
                ],
            )

        changed = publication.change(job.connection, self._upsert(job), batch_id, renamed, mine)
        if "parent" in job.layout.places:
            self._set_parents(job, batch_id)
        self._names.publish(job, batch_id)
        if "owner" in job.layout.places:
            self._hand_over(job, batch_id)
        return Counts(created=created, changed=changed)

    def _set_parents(self, job: ImportJob, batch_id: int) -> None:
        """Give the new customers their parents, and refuse a family in a circle."""
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
        above = {
            row[0]: row[1]
            for row in job.connection.execute(
                select(_customer.c.id, _customer.c.parent_id).where(_customer.c.parent_id.is_not(None))
            )
        }
        circle = _circle(above)
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
        stage, today = self.stage.c, job.now.date()
        staged = self.stage.join(_key, and_(_key.c.source == job.source, _key.c.external_id == stage.key))
        open_now = and_(
            _ownership.c.customer_id == _key.c.customer_id,
            _ownership.c.role == "primary",
            _ownership.c.ends_on.is_(None),
        )
        ending = (
            select(_ownership.c.id)
            .select_from(staged.join(_ownership, open_now))
            .where(stage.owner_id.is_not(None), _ownership.c.person_id != stage.owner_id)
            .limit(publication.PAGE)
        )
        while ids := job.connection.execute(ending).scalars().all():
            publication.note(
                job.connection, batch_id, _ownership.name, [(row, {"ends_on": None}) for row in ids]
            )
            job.connection.execute(_ownership.update().where(_ownership.c.id.in_(ids)).values(ends_on=today))
        columns = ["customer_id", "person_id", "role", "starts_on", "batch_id"]
        rows = (
            select(_key.c.customer_id, stage.owner_id, literal("primary"), literal(today), literal(batch_id))
            .select_from(staged)
            .where(stage.owner_id.is_not(None), ~exists(select(1).select_from(_ownership).where(open_now)))
            .order_by(stage.line)
        )
        job.connection.execute(_ownership.insert().from_select(columns, rows))


def _aliases(text: str) -> tuple[str, ...] | RefusedValue:
    parse = words.line_of_text()
    names = [part.strip() for part in re.split(r"[;；|｜]", text)]
    parsed = [parse(name) for name in names if name]
    wrong = next((part for part in parsed if isinstance(part, RefusedValue)), None)
    return wrong if wrong is not None else tuple(parsed)


def _circle(above: Mapping[int, int]) -> int | None:
    """Somebody whose parents lead back to them."""
    safe: set[int] = set()
    for start in above:
        path: dict[int, None] = {}
        node: int | None = start
        while node is not None and node not in safe:
            if node in path:
                return node
            path[node] = None
            node = above.get(node)
        safe.update(path)
    return None
