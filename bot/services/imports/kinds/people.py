"""People who use the bot, and their teams."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import Boolean, Integer, String, exists, func, literal, select

from bot.errors import N_
from bot.services.imports.job import ImportJob
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA, NOTHING_IN_NAMES
from bot.services.imports.references import find_person
from db.book.imports import table
from db.book.people import Person, Team

_team = table(Team)
_LANGUAGE = FileField(
    name="language", synonyms="lang, 语言, Sprache", read=lambda job, name: text.choice(text.LANGUAGES)
)


class PeopleKind(UpsertKind):
    """Upserts on the e-mail address. A team that is unknown yet is created by its name, so people can come first."""

    name = "people"
    key_field = "email"
    fields = (
        FileField(
            name="email",
            synonyms="e-mail, mail, email address, 邮箱, 电子邮箱, 邮件, 电子邮件, E-Mail-Adresse, Mailadresse",
            required=True,
            unique=True,
            read=lambda job, name: text.email,
            column="key",
        ),
        FileField(
            name="name",
            synonyms="full name, person, 姓名, 名字, 员工姓名, Vollständiger Name, Mitarbeiter",
            nothing=NOTHING_IN_NAMES,
            required=True,
        ),
        FileField(
            name="role",
            synonyms="position, 角色, 职位, 岗位, 权限, Rolle, Funktion",
            read=lambda job, name: text.choice(text.ROLES),
        ),
        FileField(
            name="team",
            synonyms="team name, group, department, 团队, 小组, 部门, 所属团队, Gruppe, Abteilung",
            nothing=NOTHING_BUT_NA,
        ),
        _LANGUAGE,
        FileField(
            name="timezone",
            synonyms="time zone, tz, 时区, Zeitzone",
            read=lambda job, name: text.timezone,
        ),
        FileField(
            name="active",
            synonyms="is active, status, 在职, 状态, 启用, 是否在职, Aktiv",
            read=lambda job, name: text.yes_no,
        ),
    )
    staged: ClassVar = {
        **dict.fromkeys(("name", "role", "team", "language", "timezone"), String),
        "active": Boolean,
    }
    writes = (
        WrittenTable(table=table(Person), called=N_("people"), pointers=(_team.c.lead_id,)),
        WrittenTable(table=_team, called=N_("teams"), counted=False),
    )

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"email": self.stage.c.key}

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        team = select(_team.c.id).where(_team.c.name == self.stage.c.team)
        return {"team_id": team.scalar_subquery(), **super().columns(job)}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        return {
            "role": func.coalesce(stage.role, "viewer"),
            "active": func.coalesce(stage.active, literal(True)),
        }

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        team = self.stage.c.team
        known = exists(select(1).where(_team.c.name == team))
        new = select(team, literal(batch_id)).where(team.is_not(None), ~known).distinct()
        job.connection.execute(_team.insert().from_select(["name", "batch_id"], new))
        return super().publish(job, batch_id)


class TeamKind(UpsertKind):
    """Upserts on the name."""

    name = "teams"
    key_field = "name"
    fields = (
        FileField(
            name="name",
            synonyms="team, team name, 名称, 团队, 团队名称, 部门, 小组, Teamname, Bezeichnung, Abteilung, Gruppe",
            nothing=NOTHING_BUT_NA,
            required=True,
            unique=True,
            column="key",
        ),
        FileField(
            name="lead",
            synonyms="lead email, leader, manager, 主管, 负责人, 组长, 主管邮箱, 负责人邮箱, "
            "Teamleiter, Teamleitung, Leiter, Leitung",
            read=find_person,
            column="lead_id",
        ),
        FileField(name="channel", synonyms="slack channel, 频道, 通知频道, Slack频道, Kanal, Slack-Kanal"),
        _LANGUAGE,
    )
    staged: ClassVar = {"lead_id": Integer, "channel": String, "language": String}
    writes = (WrittenTable(table=_team, called=N_("teams")),)

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"name": self.stage.c.key}
