"""Settings: environment variables and `.env`, each with a description, refused with a sentence when wrong."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import environment, secret_values
from bot.channel_names import channel_as_stored, channels_by_setting
from bot.errors import N_, BadInput, Phrase, SeveralProblems
from bot.working_days import checks
from bot.working_days.countries import country_of_zone
from bot.working_days.week import DAYS, Hours, hours_of

ROOT = Path(__file__).parent.parent
# Each is also read from the file that NAME_FILE names.
SECRETS = (
    "database_url",
    "slack_bot_token",
    "slack_app_token",
    "slack_signing_secret",
    "slack_signing_secret_previous",
)
_TOKENS = {"slack_bot_token": "xoxb-", "slack_app_token": "xapp-"}  # field -> how its values start
_TIME_OF_DAY = (r"([01]\d|2[0-3]):[0-5]\d", N_("%(value)s is not a time of day; write it as 09:00"))
_FORMATS = {  # field -> pattern of its values, and the problem with others
    "currency": (r"([A-Z]{3})?", N_("%(value)s is not an ISO currency code; use one such as CNY")),
    "remind_at": _TIME_OF_DAY,
    "brief_at": _TIME_OF_DAY,
    "grade_at": _TIME_OF_DAY,
    "weekly_day": (
        "|".join((*DAYS, "off")),
        N_("%(value)s is not a day of the week; write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or off"),
    ),
    "slack_api_url": (
        r"https?://[^/]+(/.*)?/api/",
        N_("%(value)s must be an http(s) address that ends in /api/, such as https://slack.com/api/"),
    ),
    "public_url": (
        r"((https://[A-Za-z0-9.:-]+|http://(127\.0\.0\.1|localhost)(:\d+)?)(/[\w./-]*)?)?",
        N_("%(value)s must be an https:// address without a query, such as https://tierbot.example.com"),
    ),
    "host": (r"[\w.:-]+", N_("%(value)s is not an address; use 127.0.0.1, or 0.0.0.0 behind a proxy")),
}
_CHECKS = {  # field -> what checks and corrects it
    "timezone": checks.check_zone,
    "country": checks.check_country,
    "working_days": checks.check_weekdays,
    "quiet_hours": checks.check_quiet_hours,
}


def variable(field: str) -> str:
    """The environment variable of a field."""
    return field.upper() if field.startswith("slack_") else f"TIERBOT_{field.upper()}"


def _setting(default: Any, description: str, **limits: Any) -> Any:
    return Field(default, description=description, **limits)


class Settings(BaseSettings):
    """Everything an installation decides outside its schemes, care plans and templates."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", alias_generator=variable
    )

    data_dir: Path = _setting(Path("data"), "Folder of the database file and reject files.")
    # The file of a secret comes before it, because fields are read in this order.
    database_url_file: Path | None = _setting(
        None, "File that holds TIERBOT_DATABASE_URL, instead of the variable; so it is with the other _FILE."
    )
    database_url: SecretStr = _setting(
        SecretStr(""),
        "SQLAlchemy URL of the database; empty: the SQLite file tierbot.db in the data folder.",
        validate_default=True,
    )
    slack_bot_token_file: Path | None = _setting(None, "File that holds SLACK_BOT_TOKEN.")
    slack_bot_token: SecretStr | None = _setting(
        None, "Bot token of the Slack app, starts with xoxb-.", validate_default=True
    )
    slack_app_token_file: Path | None = _setting(None, "File that holds SLACK_APP_TOKEN.")
    slack_app_token: SecretStr | None = _setting(
        None, "App-level token for Socket Mode, starts with xapp-.", validate_default=True
    )
    slack_signing_secret_file: Path | None = _setting(None, "File that holds SLACK_SIGNING_SECRET.")
    slack_signing_secret: SecretStr | None = _setting(
        None, "Signing secret of the Slack app, for HTTP mode.", validate_default=True
    )
    slack_signing_secret_previous_file: Path | None = _setting(
        None, "File that holds SLACK_SIGNING_SECRET_PREVIOUS."
    )
    slack_signing_secret_previous: SecretStr | None = _setting(
        None,
        "The signing secret before a change, accepted as well while it is set; remove it after the change.",
        validate_default=True,
    )
    slack_api_url: str = _setting(
        "https://slack.com/api/",
        "Base address of the Slack Web API; ends in /api/, and is https:// unless it is on this machine.",
    )
    host: str = _setting(
        "127.0.0.1", "Address that HTTP mode listens on; 0.0.0.0 only where a proxy in front speaks TLS."
    )
    port: int = _setting(3000, "Port of HTTP mode, paths /slack/events and /calendar/.", ge=1, le=65535)
    health_port: int = _setting(
        3001, "Port on 127.0.0.1 of /healthz, /readyz, /metrics and /calendar/; 0: none.", ge=0, le=65535
    )
    timezone: str = _setting("UTC", "The firm's IANA time zone: grading days and default reminder hours.")
    country: str | None = _setting(
        None,
        "Where the firm works, for public holidays: an ISO code such as CN, or DE-BY with a region; empty: the country "
        "of TIERBOT_TIMEZONE.",
    )
    working_days: str | None = _setting(
        None, "The firm's working days, as Mon-Fri or Sun-Thu; empty: those of its country."
    )
    quiet_hours: str | None = _setting(
        "20:00-07:00", "Local hours in which no reminder is sent, as 20:00-07:00; empty: none."
    )
    currency: str | None = _setting(
        None,
        "The firm's ISO currency: amounts in others are converted by imported rates; empty: no conversion.",
    )
    language: Literal["en", "zh"] = _setting(
        "en", "Language of channels and of people who have none: en or zh."
    )
    admins: Annotated[tuple[str, ...], NoDecode] = _setting(
        (), "E-mail addresses of the first admins, separated by commas."
    )
    alert_channel: str = _setting(
        "",
        "Channel for tier changes of customers whose team has none: its id, or #name. A name means the channel that "
        "has it at the first start, also after a change of name.",
    )
    emergency_channel: str = _setting(
        "",
        "Channel of the emergency group, for care steps that are still not done when their manager has been told: its "
        "id, or #name; empty: the channel of TIERBOT_ALERT_CHANNEL.",
    )
    remind_at: str = _setting("09:00", "Local time of day for reminders, as HH:MM.")
    brief_at: str = _setting(
        "17:30",
        "Local time of day, as HH:MM, at which who wants it gets the brief of a visit planned for the next working day.",
    )
    grade_at: str = _setting("02:00", "Local time of night for the grading of a finished period, as HH:MM.")
    messages_per_minute: int = _setting(
        40,
        "Messages a minute for the whole workspace; halved for a while when Slack asks to wait.",
        ge=1,
        le=1000,
    )
    customers_per_day: int = _setting(
        500,
        "Different customers that one person may look at in Slack on a day, on cards and in lists; admins hear of who "
        "reaches it; 0: any number.",
        ge=0,
        le=1_000_000,
    )
    care_share: int = _setting(
        30,
        "Per cent of people's working time that is there for care steps: what tierbot care capacity compares with.",
        ge=1,
        le=100,
    )
    weekly_day: str = _setting(
        "Mon",
        "Day of the week on which managers are told of the care of the seven days before it: Mon to Sun; off: never.",
    )
    weekly_to: Literal["manager", "channel"] = _setting(
        "manager",
        "Who is told of the week first: manager, the lead of each team in a direct message; or channel, the channel of "
        "the team.",
    )
    public_url: str | None = _setting(
        None,
        "Address under which calendars reach this bot's HTTP server, as https://tierbot.example.com; empty: no calendar "
        "links.",
    )
    settle_seconds: int = _setting(
        45,
        "Seconds after a lost answer before Slack's history is asked; longer than a message can be late.",
        ge=15,
        le=600,
    )
    keep_assessments_months: int = _setting(
        0,
        "Months after which the assessments of a grading are deleted, tier changes are not; 0: never.",
        ge=0,
        le=1200,
    )
    single_approver: Literal["no", "yes"] = _setting(
        "no",
        "yes: the firm has only one person with the right to approve, who may approve their own decisions; each is "
        "marked.",
    )
    proposal_days: int = _setting(
        14,
        "Days after which a proposal about a customer that nobody has decided about expires.",
        ge=2,
        le=365,
    )
    audit_channel: str = _setting(
        "",
        "Channel that gets the count and the last hash of the audit once a day: its id, or #name; empty: only the log.",
    )
    keep_notes_months: int = _setting(
        0,
        "Months after which the notes of visits, calls and other activities are deleted; 0: never.",
        ge=0,
        le=1200,
    )
    keep_messages_days: int = _setting(
        0,
        "Days after which the texts of messages that were sent or given up are deleted, the rows are not; 0: never.",
        ge=0,
        le=36500,
    )
    keep_rejects_days: int = _setting(
        0, "Days after which files of rejected rows are deleted; 0: never.", ge=0, le=36500
    )
    keep_requests_days: int = _setting(
        7, "Days after which it is forgotten which requests of Slack were processed.", ge=1, le=3650
    )
    schemes_dir: Path | None = _setting(
        None, "Folder of your own scheme files; the shipped presets are always there."
    )
    care_plan: Path | None = _setting(
        None, "Your own care plan, or a folder of them; a scheme without one has the shipped plan."
    )
    complaints: Path | None = _setting(
        None, "Your own file of the kinds of complaints and their deadlines, in place of the shipped one."
    )
    gifts: Path | None = _setting(
        None, "Your own file of the rules about gifts and their limits, in place of the shipped one."
    )
    surveys: Path | None = _setting(
        None, "Your own file of the scales of surveys and of low scores, in place of the shipped one."
    )
    customer_profile: Path | None = _setting(
        None, "Your own file of the fields of customer profiles, in place of the shipped one."
    )
    templates_dir: Path | None = _setting(
        None, "Folder of your own message templates, which win over the shipped ones."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "How much is logged: debug, info, warning or error."
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
                raise ValueError(Phrase(N_("%(address)s is not an e-mail address"), address=repr(address)))
        return value

    @field_validator("alert_channel", "emergency_channel", "audit_channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        return channel_as_stored(value) if value.strip() else ""

    @field_validator(*_CHECKS)
    @classmethod
    def _checked(cls, value: str | None, info: Any) -> str | None:
        return _CHECKS[info.field_name](value or "") or None

    @field_validator(*_FORMATS)
    @classmethod
    def _matches(cls, value: str | None, info: Any) -> str | None:
        pattern, problem = _FORMATS[info.field_name]
        if value is not None and not re.fullmatch(pattern, value):
            raise ValueError(Phrase(problem, value=repr(value)))
        return value or None

    @field_validator(*(f"{name}_file" for name in SECRETS), mode="before")
    @classmethod
    def _no_file(cls, value: Any) -> Any:
        return value or None  # an empty text would be the working folder

    @field_validator(*SECRETS, mode="before")
    @classmethod
    def _from_file(cls, value: Any, info: Any) -> Any:
        file = info.data.get(f"{info.field_name}_file")
        return secret_values.value_or_file(value, file, variable(info.field_name))

    @field_validator(*_TOKENS)
    @classmethod
    def _token_kind(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        return secret_values.check_token(value, _TOKENS[info.field_name])

    @field_validator("slack_signing_secret", "slack_signing_secret_previous")
    @classmethod
    def _no_token(cls, value: SecretStr | None) -> SecretStr | None:
        return secret_values.check_signing_secret(value)

    @field_validator("data_dir")
    @classmethod
    def _can_hold_files(cls, value: Path) -> Path:
        there = next(path for path in (value.absolute(), *value.absolute().parents) if path.exists())
        if not there.is_dir():
            raise ValueError(Phrase(N_("%(path)s is a file; name a folder"), path=there))
        return value

    @field_validator(
        *("schemes_dir", "care_plan", "complaints", "gifts", "surveys", "customer_profile", "templates_dir")
    )
    @classmethod
    def _exists(cls, value: Path | None, info: Any) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError(
                Phrase(N_("%(path)s does not exist; mend the path or remove the setting"), path=value)
            )
        if value is not None and info.field_name.endswith("_dir") and not value.is_dir():
            raise ValueError(Phrase(N_("%(path)s is a file; name the folder it is in"), path=value))
        one_file = ("complaints", "gifts", "surveys", "customer_profile")
        if value is not None and info.field_name in one_file and value.is_dir():
            raise ValueError(Phrase(N_("%(path)s is a folder; name a file in it"), path=value))
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        return secret_values.check_address(value)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def channels(self) -> dict[str, str]:
        """The settings that name a channel for what is said about customers -> the channel."""
        return channels_by_setting(self.alert_channel, self.emergency_channel)

    @property
    def place(self) -> str | None:
        """Whose public holidays count for people without an own country: the firm's, by default its zone's."""
        return self.country or country_of_zone(self.timezone)

    @property
    def quiet(self) -> Hours | None:
        return hours_of(self.quiet_hours or "")

    @property
    def url(self) -> str:
        return (
            self.database_url.get_secret_value().strip()
            or f"sqlite:///{(self.data_dir / 'tierbot.db').absolute()}"
        )

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """The signing secrets by which a request is accepted: the present one, and the one before a change."""
        held = (self.slack_signing_secret, self.slack_signing_secret_previous)
        return tuple(one.get_secret_value() for one in held if one is not None)


def load(**overrides: Any) -> Settings:
    """Settings from the environment and `.env`. Raises BadInput with every problem; secrets are never quoted."""
    problems = environment.misspelt({**environment.dotenv(), **os.environ}, list(_fields()))
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems = [_sentence(item) for item in error.errors()] + problems
    else:
        if settings.slack_app_token is None and settings.port == settings.health_port:
            problems.append(
                Phrase(
                    N_("TIERBOT_PORT and TIERBOT_HEALTH_PORT are both %(port)s; change one"),
                    port=settings.port,
                )
            )
        problems += checks.reminder_problems(settings.remind_at, settings.quiet)
        if settings.slack_signing_secret is None and settings.slack_signing_secret_previous is not None:
            problems.append(
                Phrase(
                    N_(
                        "SLACK_SIGNING_SECRET_PREVIOUS is set without SLACK_SIGNING_SECRET; set that to the present one"
                    )
                )
            )
    if problems:
        raise SeveralProblems(problems, N_("Settings: %(problems)s"))
    return settings


def usable() -> Settings:
    """The settings with defaults in place of those that are wrong: for `check`, which goes on after a problem."""
    file: dict[str, Any] = {}
    try:
        environment.dotenv()
    except BadInput:
        file = {"_env_file": None}
    try:
        return Settings(**file)
    except ValidationError as error:
        wrong = {_named(item) for item in error.errors()}
    wrong |= {f"{name}_FILE" for name in wrong}
    return Settings(**file, **{name: field.default for name, field in _fields().items() if name in wrong})


def variables() -> list[tuple[str, str, str]]:
    """(variable, default, description) of every setting, as the documentation shows them."""
    rows = []
    for name, field in _fields().items():
        empty = field.default in (None, ()) or isinstance(field.default, SecretStr)
        rows.append((name, "" if empty else str(field.default), field.description or ""))
    return rows


def _fields() -> dict[str, FieldInfo]:
    return {variable(name): field for name, field in Settings.model_fields.items()}


def sentence_of(error: Any) -> Phrase:
    """What a validator of ours said in an error of pydantic; for a check of pydantic's, its own sentence."""
    raised = error.get("ctx", {}).get("error")
    said = raised.args[0] if isinstance(raised, ValueError) else error["msg"]
    return said if isinstance(said, Phrase) else Phrase(str(said))


def choices_of(expected: str) -> Phrase:
    """The words that pydantic allows, `'a', 'b' or 'c'`."""
    words, last = expected.rsplit(" or ", 1)
    return Phrase(N_("%(first)s or %(second)s"), first=words, second=last)


def _named(error: Any) -> str:
    """The variable that an error of pydantic is about, which names the field where it checked a default."""
    name = str(error["loc"][0]) if error["loc"] else "settings"
    return variable(name) if name in Settings.model_fields else name


def _sentence(error: Any) -> Phrase:
    name = _named(error)
    message, value = sentence_of(error), repr(error["input"])
    field = _fields().get(name)
    if error["type"] == "literal_error":
        expected = choices_of(error["ctx"]["expected"])
        message = Phrase(N_("%(input)s is not allowed; use %(expected)s"), input=value, expected=expected)
    elif field is not None and field.annotation is int:
        low, high = (getattr(limit, "ge", getattr(limit, "le", "")) for limit in field.metadata)
        message = Phrase(
            N_("%(value)s cannot be used; give a whole number from %(low)s to %(high)s"),
            value=value,
            low=low,
            high=high,
        )
    return Phrase(N_("%(name)s: %(reason)s"), name=name, reason=message)
