"""`tierbot check`: every problem of an installation at once, each with file, line or key, and remedy."""

import glob
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from bot import settings
from bot.errors import N_, BotError, Phrase, SeveralProblems, ngettext
from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import load_all, load_own
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.complaint_kinds import load_kinds
from bot.services.delivery.messenger import Messenger
from bot.services.gift_rules.rules import load_rules
from bot.services.ops import care_plans, channels, places
from bot.services.ops.addresses import why_unusable
from bot.services.ops.care_plans import CareOfDay
from bot.services.ops.channels import Written
from bot.services.ops.revisions import other_revision
from bot.services.ops.templates import check_templates
from bot.services.privacy import marks, retention
from bot.services.schemes import store
from bot.services.survey_scales import load_scales, plain
from bot.services.traits.fields import TraitFields, load_fields
from bot.settings import Settings
from bot.wording.rendering import Renderer
from db import rewriting, schema
from db.address import without_secrets
from db.care.records.surveys import FIELD
from db.engine import Database, Unusable, describe, file_of, open_database
from grading.scheme.model import Scale
from grading.scheme.presets import notices, preset_names

OTHERS = 0o077  # the rights of the group and of everybody


@dataclass
class Findings:
    """Problems that must be solved, notices worth knowing, and how many schemes could be read."""

    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    read: int = 0


def check_all(to_slack: Callable[[Settings], Messenger], today: date) -> Findings:
    """Settings, schemes, care plan, templates, database and channels; what is wrong in one hides no problem of another."""
    found = Findings()
    try:
        chosen = settings.load()
    except BotError as error:
        found.problems += _sentences(error)
        chosen = settings.usable()
    _check_tokens(chosen, found)
    check_schemes([], chosen.schemes_dir, into=found)
    plans = _check_plans(chosen, found)
    found.problems += rule_problems(chosen)
    _check_satisfaction(chosen, found)
    found.problems += check_templates(Renderer(chosen.templates_dir))
    written, care = _check_database(chosen, today, found, plans.all if plans else None)
    if plans is not None:
        care = care or [CareOfDay(day=today, plans=plans.all)]
        found.problems += care_plans.problems(care, _fields(chosen))
        found.notices += care_plans.notices(plans.own, care[0], chosen.schemes_dir)
    _check_modes(chosen, found)
    found.notices += retention.sentences(chosen)
    found.problems += places.problems(chosen)
    found.notices += places.notices(chosen, today)
    _check_secret_files(chosen, found)
    if written.channels and chosen.slack_bot_token is not None:
        _check_channels(written, to_slack(chosen), found)
    return found


def check_schemes(names: list[str], schemes_dir: Path | None, into: Findings | None = None) -> Findings:
    """Read the named schemes, or all presets and the firm's own."""
    found = into or Findings()
    chosen = names or [*preset_names(), *(str(path) for path in store.own_schemes(schemes_dir))]
    for name in chosen:
        try:
            scheme = store.find(name, schemes_dir).scheme
        except BotError as error:
            found.problems += _sentences(error)
            continue
        found.read += 1
        found.notices += [
            Phrase(N_("%(name)s: %(notice)s"), name=name, notice=notice) for notice in notices(scheme)
        ]
    return found


def _sentences(error: BotError) -> list[str]:
    """What an error says: of several problems, each for itself."""
    return list(error.problems) if isinstance(error, SeveralProblems) else [error.phrase]


def _check_tokens(settings: Settings, found: Findings) -> None:
    if settings.slack_bot_token is None:
        found.notices.append(
            Phrase(N_("SLACK_BOT_TOKEN is not set: `tierbot run` needs it, the other commands do not."))
        )
    elif settings.slack_app_token is None:
        found.notices.append(
            Phrase(N_("SLACK_APP_TOKEN is not set: `tierbot run` needs it for Socket Mode."))
        )
    if settings.slack_signing_secret_previous is not None:
        found.notices.append(
            Phrase(
                N_(
                    "SLACK_SIGNING_SECRET_PREVIOUS is set: requests that are signed with it are accepted too. Remove it"
                    " five minutes after the change."
                )
            )
        )
    if not settings.admins:
        found.notices.append(
            Phrase(N_("TIERBOT_ADMINS is empty: nobody is an admin unless the list of people says so."))
        )
    if not settings.alert_channel:
        found.notices.append(
            Phrase(N_("TIERBOT_ALERT_CHANNEL is empty: only teams with a channel hear of tier changes."))
        )
    if not any(settings.channels.values()):
        found.notices.append(
            Phrase(
                N_(
                    "TIERBOT_EMERGENCY_CHANNEL is empty too: no emergency group hears of care steps that nobody does."
                )
            )
        )


@dataclass(frozen=True, kw_only=True)
class _ReadPlans:
    """The firm's care plans by their files, and all that are in force."""

    own: dict[Path, CarePlan]
    all: CarePlans


def _check_plans(settings: Settings, found: Findings) -> _ReadPlans | None:
    """The care plans; None when they cannot be read."""
    try:
        return _ReadPlans(own=load_own(settings.care_plan), all=load_all(settings.care_plan))
    except BotError as error:
        found.problems += _sentences(error)
        return None


def rule_problems(settings: Settings) -> list[str]:
    """What is wrong in the firm's own kinds of complaints, rules about gifts, scales of surveys and fields of profiles."""
    found: list[str] = []
    for load in (
        partial(load_kinds, settings.complaints),
        partial(load_rules, settings.gifts),
        partial(load_scales, settings.surveys),
        partial(load_fields, settings.customer_profile),
    ):
        try:
            load()
        except BotError as error:
            found += _sentences(error)
    return found


def _check_satisfaction(settings: Settings, found: Findings) -> None:
    """Name the schemes of the firm that score satisfaction on another scale than the surveys."""
    try:
        values = load_scales(settings.surveys).indicator
    except BotError:
        return  # one of the problems of rules
    for path in store.own_schemes(settings.schemes_dir):
        with suppress(BotError):  # the check of schemes says so
            scheme = store.find(str(path), settings.schemes_dir).scheme
            scores = [one.score for one in scheme.indicators if one.id == FIELD]
            ends = [sorted((one.minimum, one.maximum)) for one in scores if isinstance(one, Scale)]
            if any(one != [values.least, values.most] for one in ends):
                found.notices.append(
                    Phrase(
                        N_(
                            "%(name)s scores satisfaction from %(least)s to %(most)s, and survey scores become values from"
                            " %(from)s to %(to)s: write its scale under indicator in the file of TIERBOT_SURVEYS."
                        ),
                        name=path.name,
                        least=f"{ends[0][0]:g}",
                        most=f"{ends[0][1]:g}",
                        **{"from": plain(values.least), "to": plain(values.most)},
                    )
                )


def _fields(settings: Settings) -> TraitFields | None:
    """The fields of customer profiles; None when they cannot be read."""
    try:
        return load_fields(settings.customer_profile)
    except BotError:
        return None


def _check_modes(settings: Settings, found: Findings) -> None:
    """Who else on this machine may read the data: a folder or a file of an older version, or copied there."""
    folder, file = settings.data_dir, file_of(settings.url)
    places = [folder, *folder.rglob("*")] if folder.is_dir() else []
    if file is not None and not file.is_relative_to(folder.absolute()):
        places += [file, *file.parent.glob(f"{glob.escape(file.name)}[-.]*")]  # its log and its backups
    others = {place: mode for place in places if (mode := _mode(place)) & OTHERS}
    if others:
        inside = [folder] if any(place.is_relative_to(folder) for place in others) else []
        outside = [place for place in others if not place.is_relative_to(folder)]
        found.notices.append(
            Phrase(
                N_(
                    "%(place)s has mode %(mode)s: other accounts of this machine may read customers' data there."
                    " Run: %(command)s"
                ),
                place=next(iter(others)),
                mode=f"{next(iter(others.values())):04o}",
                command=shlex.join(["chmod", "-R", "go=", *map(str, [*inside, *outside])]),
            )
        )


def _check_secret_files(chosen: Settings, found: Findings) -> None:
    """Who else on this machine may read the files of secrets."""
    for name in settings.SECRETS:
        file = getattr(chosen, f"{name}_file")
        if file is not None and _mode(file.resolve()) & OTHERS:
            found.notices.append(
                Phrase(
                    N_(
                        "%(file)s has mode %(mode)s: other accounts of this machine may read the secret in it. Run:"
                        " %(command)s"
                    ),
                    file=file,
                    mode=f"{_mode(file.resolve()):04o}",
                    command=shlex.join(["chmod", "go=", str(file)]),
                )
            )


def _mode(place: Path) -> int:
    """The rights of owner, group and others; none of what is not there."""
    try:
        return 0 if place.is_symlink() else stat.S_IMODE(place.stat().st_mode)
    except OSError:
        return 0


def _check_erasures(database: Database, settings: Settings, found: Findings) -> None:
    """Whether a restored database has brought back who was erased, and whether an erasure could be finished."""
    try:
        count = marks.missing(database, settings.data_dir)
    except BotError as error:
        found.problems += _sentences(error)
        count = 0
    if count:
        found.problems.append(
            ngettext(
                "The database is older than %(count)s erasure: it holds who was erased since. Run: tierbot erase again",
                "The database is older than %(count)s erasures: it holds who was erased since. Run: tierbot erase again",
                count,
            )
        )
    if rewriting.is_due(database):
        found.problems.append(
            Phrase(
                N_(
                    "Deleted bytes of an erasure are still in the database file or its log. End what reads from it, make room"
                    " on its disk, and run: tierbot erase again"
                )
            )
        )


def _check_channels(written: Written, slack: Messenger, found: Findings) -> None:
    for remark in channels.remarks(written, channels.look(written, slack)):
        sentence = Phrase(N_("%(found)s: %(remedy)s."), found=remark.found, remedy=remark.remedy)
        if remark.level == "problem":
            found.problems.append(sentence)
        elif remark.level == "note":
            found.notices.append(sentence)


def _check_database(
    settings: Settings, today: date, found: Findings, files: CarePlans | None
) -> tuple[Written, list[CareOfDay]]:
    """Whether the database can be used; the channels that it and the settings name, and the care by it and by files."""
    care: list[CareOfDay] = []
    written = Written(settings=settings.channels)
    try:
        database = open_database(settings.url)
    except Unusable as error:
        found.problems.append(
            Phrase(
                N_("The database %(url)s cannot be used: %(error)s. Check TIERBOT_DATABASE_URL."),
                url=without_secrets(settings.url),
                error=why_unusable(error),
            )
        )
        return written, care
    try:
        schema.check(database)
        _check_erasures(database, settings, found)
        with database.read() as session:
            written = channels.written(session, settings.channels)
            care = care_plans.care_of_days(session, files, today) if files else []
            found.notices += places.notices_of_people(session)
    except schema.SchemaMismatch as mismatch:
        if schema.is_empty(database):
            found.notices.append(
                Phrase(N_("The database is empty: the first command that needs it creates its tables."))
            )
        else:
            found.problems.append(other_revision(mismatch).phrase)
    except SeveralProblems as error:
        found.problems += error.problems
    except Exception as error:
        found.problems.append(
            Phrase(
                N_(
                    "The database %(url)s cannot be opened: %(error)s. Check TIERBOT_DATABASE_URL, and that "
                    "the server or the disk is there."
                ),
                url=without_secrets(settings.url),
                error=describe(error),
            )
        )
    finally:
        database.close()
    return written, care
