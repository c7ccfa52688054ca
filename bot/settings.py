"""Settings: environment variables and `.env`, each with a description, refused with a sentence when wrong."""

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import N_, BadInput, NotReady

ROOT = Path(__file__).parent.parent
DOTENV = Path(".env")
_TOKEN = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+").fullmatch
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*(?=@)")


def _env(name: str, description: str, **keywords: Any) -> Any:
    return Field(validation_alias=AliasChoices(name), description=description, **keywords)


class Settings(BaseSettings):
    """Everything an installation decides outside its schemes, care plans and templates."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    data_dir: Path = _env(
        "TIERBOT_DATA_DIR", "Folder of the database file and reject files.", default=Path("data")
    )
    database_url: SecretStr = _env(
        "TIERBOT_DATABASE_URL",
        "SQLAlchemy URL of the database; empty: the SQLite file tierbot.db in the data folder.",
        default=SecretStr(""),
    )
    slack_bot_token: SecretStr | None = _env(
        "SLACK_BOT_TOKEN", "Bot token of the Slack app, starts with xoxb-.", default=None
    )
    slack_app_token: SecretStr | None = _env(
        "SLACK_APP_TOKEN", "App-level token for Socket Mode, starts with xapp-.", default=None
    )
    slack_signing_secret: SecretStr | None = _env(
        "SLACK_SIGNING_SECRET", "Signing secret of the Slack app, for HTTP mode.", default=None
    )
    slack_api_url: str = _env(
        "SLACK_API_URL", "Base address of the Slack Web API; ends in /api/.", default="https://slack.com/api/"
    )
    host: str = _env(
        "TIERBOT_HOST",
        "Address that HTTP mode listens on; 0.0.0.0 only where a proxy in front speaks TLS.",
        default="127.0.0.1",
    )
    port: int = _env("TIERBOT_PORT", "Port of HTTP mode, path /slack/events.", default=3000, ge=1, le=65535)
    health_port: int = _env(
        "TIERBOT_HEALTH_PORT",
        "Port on 127.0.0.1 of /healthz, /readyz and /metrics; 0: none.",
        default=3001,
        ge=0,
        le=65535,
    )
    timezone: str = _env(
        "TIERBOT_TIMEZONE",
        "The firm's IANA time zone: grading days and default reminder hours.",
        default="UTC",
    )
    currency: str | None = _env(
        "TIERBOT_CURRENCY",
        "The firm's ISO currency: amounts in others are converted by imported rates; empty: no conversion.",
        default=None,
    )
    language: Literal["en", "zh"] = _env(
        "TIERBOT_LANGUAGE", "Language of channels and of people who have none: en or zh.", default="en"
    )
    admins: Annotated[tuple[str, ...], NoDecode] = _env(
        "TIERBOT_ADMINS", "E-mail addresses of the first admins, separated by commas.", default=()
    )
    alert_channel: str = _env(
        "TIERBOT_ALERT_CHANNEL", "Channel for tier changes of customers whose team has none.", default=""
    )
    remind_at: str = _env("TIERBOT_REMIND_AT", "Local time of day for reminders, as HH:MM.", default="09:00")
    grade_at: str = _env(
        "TIERBOT_GRADE_AT",
        "Local time of night for the grading of a finished period, as HH:MM.",
        default="02:00",
    )
    messages_per_minute: int = _env(
        "TIERBOT_MESSAGES_PER_MINUTE",
        "Messages a minute for the whole workspace; halved for a while when Slack asks to wait.",
        default=40,
        ge=1,
        le=1000,
    )
    settle_seconds: int = _env(
        "TIERBOT_SETTLE_SECONDS",
        "Seconds after a lost answer before Slack's history is asked; longer than a message can be late.",
        default=45,
        ge=15,
        le=600,
    )
    keep_assessments_months: int = _env(
        "TIERBOT_KEEP_ASSESSMENTS_MONTHS",
        "Months after which the assessments of a grading are deleted, tier changes are not; 0: never.",
        default=0,
        ge=0,
        le=1200,
    )
    schemes_dir: Path | None = _env(
        "TIERBOT_SCHEMES_DIR",
        "Folder of your own scheme files; the shipped presets are always there.",
        default=None,
    )
    care_plan: Path | None = _env(
        "TIERBOT_CARE_PLAN", "Your own care plan file, instead of the shipped one.", default=None
    )
    templates_dir: Path | None = _env(
        "TIERBOT_TEMPLATES_DIR",
        "Folder of your own message templates, which win over the shipped ones.",
        default=None,
    )
    log_level: Literal["debug", "info", "warning", "error"] = _env(
        "TIERBOT_LOG_LEVEL", "How much is logged: debug, info, warning or error.", default="info"
    )

    @field_validator("admins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("admins")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
                raise ValueError(f"{address!r} is not an e-mail address")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            near = difflib.get_close_matches(value, sorted(available_timezones()), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; use an IANA name such as Asia/Shanghai"
            raise ValueError(f"{value!r} is not a time zone{hint}")
        return value

    @field_validator("currency")
    @classmethod
    def _iso_code(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError(f"{value!r} is not an ISO currency code; use one such as CNY")
        return value or None

    @field_validator("remind_at", "grade_at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError(f"{value!r} is not a time of day; write it as 09:00")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        if not re.match(r"https?://[^/]+(/.*)?/api/$", value):
            raise ValueError(
                f"{value!r} must be an http(s) address that ends in /api/, such as https://slack.com/api/"
            )
        return value

    @field_validator("host")
    @classmethod
    def _listening_address(cls, value: str) -> str:
        if not re.fullmatch(r"[\w.:-]+", value):
            raise ValueError(f"{value!r} is not an address; use 127.0.0.1, or 0.0.0.0 behind a proxy")
        return value

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _token_kind(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        found = value.get_secret_value().strip() if value is not None else ""
        if not found:
            return None
        wanted = {"slack_bot_token": "xoxb-", "slack_app_token": "xapp-"}[info.field_name]
        if found[0] in "\"'“":
            raise ValueError("stands in quotation marks; leave them out")
        if not found.startswith(wanted):
            raise ValueError(
                f"starts with {found[:5]!r}, but this token must start with {wanted!r}; are two swapped?"
            )
        if not found.isascii() or not _TOKEN(found):
            raise ValueError("holds characters that no token has; copy it again from your Slack app's page")
        return SecretStr(found)

    @field_validator("slack_signing_secret")
    @classmethod
    def _no_token(cls, value: SecretStr | None) -> SecretStr | None:
        found = value.get_secret_value().strip() if value is not None else ""
        if found.startswith(("xox", "xapp-")):
            raise ValueError("is a token; the signing secret is under Basic Information; are two swapped?")
        if any(letter.isspace() or letter in "\"'" for letter in found):
            raise ValueError("holds a space or a quotation mark; copy it again from your Slack app's page")
        return SecretStr(found) if found else None

    @field_validator("data_dir")
    @classmethod
    def _can_hold_files(cls, value: Path) -> Path:
        there = next(path for path in (value.absolute(), *value.absolute().parents) if path.exists())
        if not there.is_dir():
            raise ValueError(f"{there} is a file; name a folder")
        return value

    @field_validator("schemes_dir", "care_plan", "templates_dir")
    @classmethod
    def _exists(cls, value: Path | None, info: Any) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError(f"{value} does not exist; mend the path or remove the setting")
        if value is not None and info.field_name != "care_plan" and not value.is_dir():
            raise ValueError(f"{value} is a file; name the folder it is in")
        if value is not None and info.field_name == "care_plan" and value.is_dir():
            raise ValueError(f"{value} is a folder; name a YAML file")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def url(self) -> str:
        return (
            self.database_url.get_secret_value().strip()
            or f"sqlite:///{(self.data_dir / 'tierbot.db').absolute()}"
        )


def without_password(url: str) -> str:
    """A database URL that may be shown."""
    return _PASSWORD.sub(r"\1***", url)


def unusable_database(url: str, reason: str) -> NotReady:
    """The error to raise for a database that cannot be used."""
    return NotReady(
        N_("The database %(url)s cannot be used: %(reason)s. Check TIERBOT_DATABASE_URL and the disk."),
        url=without_password(url),
        reason=reason,
    )


def load(**overrides: Any) -> Settings:
    """Settings from the environment and `.env`. Every problem is told at once; secrets are never quoted."""
    problems = unknown_variables({**_dotenv(), **os.environ})
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems = [_sentence(item) for item in error.errors()] + problems
    else:
        if settings.slack_app_token is None and settings.port == settings.health_port:
            problems.append(f"TIERBOT_PORT and TIERBOT_HEALTH_PORT are both {settings.port}; change one")
    if problems:
        raise BadInput(N_("Settings: %(problems)s"), problems="\n".join(problems))
    return settings


def usable() -> Settings:
    """The settings that can be read, defaults in place of the others: for `check`, which goes on looking."""
    file: dict[str, Any] = {}
    try:
        _dotenv()
    except BadInput:
        file = {"_env_file": None}
    try:
        return Settings(**file)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
    defaults = {
        str(field.validation_alias.choices[0]): field.default
        for field in Settings.model_fields.values()
        if isinstance(field.validation_alias, AliasChoices)
    }
    return Settings(**file, **{name: default for name, default in defaults.items() if name in wrong})


def variables() -> list[tuple[str, str, str]]:
    """(variable, default, description) of every setting, as the documentation shows them."""
    rows = []
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        assert isinstance(alias, AliasChoices)
        default = (
            "" if field.default in (None, ()) or isinstance(field.default, SecretStr) else str(field.default)
        )
        rows.append((str(alias.choices[0]), default, field.description or ""))
    return rows


def unknown_variables(environment: Any) -> list[str]:
    """A sentence for each TIERBOT_ variable that is no setting; TIERBOT_TEST_ ones belong to the tests.

    Other programs have SLACK_ variables too: of those only what is nearly a setting's name is one misspelt.
    """
    known = [name for name, _, _ in variables()]
    problems = []
    for name in sorted(environment):
        if name.startswith("SLACK_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
            problems += [f"{name} is not a setting: did you mean {near[0]}?"] if near else []
        if name.startswith("TIERBOT_") and not name.startswith("TIERBOT_TEST_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "remove it."
            problems.append(f"{name} is not a setting: {hint}")
    return problems


def _sentence(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "literal_error":
        message = f"{error['input']!r} is not allowed; use {error['ctx']['expected']}"
    elif name in _whole_numbers():
        least, most = _whole_numbers()[name]
        message = f"{error['input']!r} cannot be used; give a whole number from {least} to {most}"
    return f"{name}: {message}"


def _whole_numbers() -> dict[str, tuple[int, int]]:
    """The settings that are numbers, and their limits."""
    found = {}
    for field in Settings.model_fields.values():
        if field.annotation is int and isinstance(field.validation_alias, AliasChoices):
            least = next(limit.ge for limit in field.metadata if hasattr(limit, "ge"))
            most = next(limit.le for limit in field.metadata if hasattr(limit, "le"))
            found[str(field.validation_alias.choices[0])] = (least, most)
    return found


def _dotenv() -> dict[str, str]:
    """The names in `.env`. Raises BadInput when it cannot be read."""
    try:
        text = DOTENV.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise BadInput(
            N_("%(file)s is not UTF-8 text (byte %(place)s); save it as UTF-8."),
            file=DOTENV.absolute(),
            place=error.start + 1,
        ) from None
    except OSError as error:
        raise BadInput(
            N_("%(file)s cannot be read: %(problem)s."), file=DOTENV.absolute(), problem=error.strerror
        ) from None
    return dict.fromkeys(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", text, flags=re.MULTILINE), "")
