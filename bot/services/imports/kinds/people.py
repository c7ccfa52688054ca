"""PeopleKind who use the bot, and their teams."""

from collections.abc import Mapping

from sqlalchemy import Boolean, Column, Integer, MetaData, String, exists, func, literal, select

from bot.services.imports import publication
from bot.services.imports.kind import Chunk, Counts, FileKind, ImportJob, stage_table
from bot.services.imports.read import text
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser
from bot.services.imports.references import people, person_with
from db.book.imports import table
from db.book.people import Person, Team

_person, _team = table(Person), table(Team)


class PeopleKind(FileKind):
    """Upserts on the e-mail address. A team that is not known yet is created by its name: somebody has to come first."""

    name = "people"
    key_field = "email"
    fields = (
        FileField(
            name="email",
            headers=("e-mail", "mail", "email address", "邮箱", "电子邮箱", "邮件", "电子邮件"),
            required=True,
            unique=True,
        ),
        FileField(name="name", headers=("full name", "person", "姓名", "名字", "员工姓名"), required=True),
        FileField(name="role", headers=("position", "角色", "职位", "岗位", "权限")),
        FileField(
            name="team", headers=("team name", "group", "department", "团队", "小组", "部门", "所属团队")
        ),
        FileField(name="language", headers=("lang", "语言")),
        FileField(name="timezone", headers=("time zone", "tz", "时区")),
        FileField(name="active", headers=("is active", "status", "在职", "状态", "启用", "是否在职")),
    )
    staged = ("key", "name", "role", "team", "language", "timezone", "active")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_person",
            Column("name", String),
            Column("role", String),
            Column("team", String),
            Column("language", String),
            Column("timezone", String),
            Column("active", Boolean),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        return {
            "email": text.email,
            "name": text.line_of_text(),
            "role": text.choice(text.ROLES),
            "team": text.line_of_text(),
            "language": text.choice(text.LANGUAGES),
            "timezone": text.timezone,
            "active": text.yes_no,
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        chunk.values["key"] = chunk.values["email"]

    def _upsert(self) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_person,
            stage=self.stage,
            match=_person.c.email == stage.key,
            columns={
                "team_id": select(_team.c.id).where(_team.c.name == stage.team).scalar_subquery(),
                **{name: stage[name] for name in ("name", "role", "language", "timezone", "active")},
            },
        )

    def count(self, job: ImportJob) -> Counts:
        created, changed = publication.count(job.connection, self._upsert())
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert, stage = self._upsert(), self.stage.c
        known = exists(select(1).where(_team.c.name == stage.team))
        job.connection.execute(
            _team.insert().from_select(
                ["name", "batch_id"],
                select(stage.team, literal(batch_id)).where(stage.team.is_not(None), ~known).distinct(),
            )
        )
        changed = publication.change(job.connection, upsert, batch_id)
        created = publication.create(
            job.connection,
            upsert,
            email=stage.key,
            role=func.coalesce(stage.role, "viewer"),
            active=func.coalesce(stage.active, literal(True)),
            batch_id=batch_id,
        )
        return Counts(created=created, changed=changed)


class TeamKind(FileKind):
    """Upserts on the name."""

    name = "teams"
    key_field = "name"
    fields = (
        FileField(
            name="name",
            headers=("team", "team name", "名称", "团队", "团队名称", "部门", "小组"),
            required=True,
        ),
        FileField(
            name="lead",
            headers=("lead email", "leader", "manager", "主管", "负责人", "组长", "主管邮箱", "负责人邮箱"),
        ),
        FileField(name="channel", headers=("slack channel", "频道", "通知频道", "Slack频道")),
        FileField(name="language", headers=("lang", "语言")),
    )
    staged = ("key", "lead_id", "channel", "language")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_team",
            Column("lead_id", Integer),
            Column("channel", String),
            Column("language", String),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._people = people(job.connection)

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        return {
            "name": text.line_of_text(),
            "lead": person_with(self._people),
            "channel": text.line_of_text(),
            "language": text.choice(text.LANGUAGES),
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        chunk.values["key"], chunk.values["lead_id"] = chunk.values["name"], chunk.values["lead"]

    def _upsert(self) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_team,
            stage=self.stage,
            match=_team.c.name == stage.key,
            columns={name: stage[name] for name in ("lead_id", "channel", "language")},
        )

    def count(self, job: ImportJob) -> Counts:
        created, changed = publication.count(job.connection, self._upsert())
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert = self._upsert()
        changed = publication.change(job.connection, upsert, batch_id)
        created = publication.create(job.connection, upsert, name=self.stage.c.key, batch_id=batch_id)
        return Counts(created=created, changed=changed)
