"""`tierbot check`: every problem of an installation at once, each with file, line or key, and remedy."""

from dataclasses import dataclass, field
from pathlib import Path

from bot import settings
from bot.errors import BotError
from bot.services.care.plan import load_plan
from bot.services.ops.templates import check_templates
from bot.services.schemes import store
from bot.settings import Settings, without_password
from bot.wording.rendering import Renderer
from db import schema
from db.engine import Unusable, describe, open_database
from grading.scheme.presets import notices, preset_names


@dataclass
class Findings:
    """Problems that must be solved, notices worth knowing, and how many schemes could be read."""

    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    read: int = 0


def check_all() -> Findings:
    """Settings, schemes, care plan, templates and database; what is wrong in one hides no problem of another."""
    found = Findings()
    try:
        chosen = settings.load()
    except BotError as error:
        found.problems += error.text().removeprefix("Settings: ").splitlines()
        chosen = settings.usable()
    _check_tokens(chosen, found)
    check_schemes([], chosen.schemes_dir, into=found)
    try:
        plan = load_plan(chosen.care_plan)
        _check_care(chosen.schemes_dir, set(plan.tiers), found)
    except BotError as error:
        found.problems += error.text().splitlines()
    found.problems += check_templates(Renderer(chosen.templates_dir))
    _check_database(chosen, found)
    return found


def check_schemes(names: list[str], schemes_dir: Path | None, into: Findings | None = None) -> Findings:
    """Read the named schemes, or all presets and the firm's own."""
    found = into or Findings()
    chosen = names or [*preset_names(), *(str(path) for path in store.own_schemes(schemes_dir))]
    for name in chosen:
        try:
            scheme = store.find(name, schemes_dir).scheme
        except BotError as error:
            found.problems += error.text().splitlines()
            continue
        found.read += 1
        found.notices += [f"{name}: {notice}" for notice in notices(scheme)]
    return found


def _check_tokens(settings: Settings, found: Findings) -> None:
    if settings.slack_bot_token is None:
        found.notices.append("SLACK_BOT_TOKEN is not set: `tierbot run` needs it, the other commands do not.")
    elif settings.slack_app_token is None:
        found.notices.append("SLACK_APP_TOKEN is not set: `tierbot run` needs it for Socket Mode.")
    if not settings.admins:
        found.notices.append("TIERBOT_ADMINS is empty: nobody is an admin unless the list of people says so.")
    if not settings.alert_channel:
        found.notices.append(
            "TIERBOT_ALERT_CHANNEL is empty: only teams with a channel hear of tier changes."
        )


def _check_care(schemes_dir: Path | None, planned: set[str], found: Findings) -> None:
    if "default" in planned:
        return
    for path in store.own_schemes(schemes_dir):
        try:
            tiers = [tier.id for tier in store.find(str(path), None).scheme.tiers]
        except BotError:
            continue
        missing = [tier for tier in [*tiers, "new", "unrated"] if tier not in planned]
        if missing:
            found.notices.append(f"{path.name}: the care plan has nothing for {', '.join(missing)}.")


def _check_database(settings: Settings, found: Findings) -> None:
    try:
        database = open_database(settings.url)
    except Unusable as error:
        found.problems.append(
            f"The database {without_password(settings.url)} cannot be used: {error}. Check TIERBOT_DATABASE_URL."
        )
        return
    try:
        schema.check(database)
    except schema.SchemaMismatch as mismatch:
        found.notices.append(
            f"The database is at revision {mismatch.found or 'none'}, this version needs {mismatch.wanted}:"
            " run tierbot db upgrade."
        )
    except Exception as error:
        found.problems.append(
            f"The database {without_password(settings.url)} cannot be opened: {describe(error)}."
            " Check TIERBOT_DATABASE_URL, and that the server or the disk is there."
        )
    finally:
        database.close()
