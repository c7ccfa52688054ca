"""Settings are refused with a sentence that names the variable, the value and the remedy; secrets are never quoted."""

from pathlib import Path

import pytest

from bot import settings
from bot.errors import BadInput


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _, _ in settings.variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_no_setting_is_required() -> None:
    loaded = settings.load()
    assert loaded.url == f"sqlite:///{Path('data/tierbot.db').absolute()}"
    assert loaded.slack_bot_token is None
    assert loaded.slack_api_url == "https://slack.com/api/"


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TIERBOT_LANGUAGE=zh\nTIERBOT_TIMEZONE=Asia/Shanghai\n", encoding="utf-8")
    monkeypatch.setenv("TIERBOT_TIMEZONE", "Europe/Berlin")
    loaded = settings.load()
    assert (loaded.language, loaded.timezone) == ("zh", "Europe/Berlin")


def test_admins_are_addresses_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBOT_ADMINS", "Grace@Example.com, omar@example.com,")
    assert settings.load().admins == ("grace@example.com", "omar@example.com")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("TIERBOT_TIMEZONE", "Asia/Shangai", "did you mean Asia/Shanghai?"),
        ("TIERBOT_TIMEZONE", "CST+8", "is not a time zone"),
        ("TIERBOT_LANGUAGE", "de", "use 'en' or 'zh'"),
        ("TIERBOT_REMIND_AT", "9 o'clock", "write it as 09:00"),
        ("TIERBOT_REMIND_AT", "24:00", "write it as 09:00"),
        ("TIERBOT_GRADE_AT", "2:00", "write it as 09:00"),
        ("TIERBOT_WEEKLY_DAY", "someday", "'someday' is not a day of the week; write Mon, "),
        ("TIERBOT_WEEKLY_TO", "lead", "TIERBOT_WEEKLY_TO"),
        ("TIERBOT_ADMINS", "grace", "'grace' is not an e-mail address"),
        ("SLACK_API_URL", "https://slack.com/api", "must be an http(s) address that ends in /api/"),
        ("SLACK_API_URL", "slack.com/api/", "must be an http(s) address that ends in /api/"),
        ("SLACK_API_URL", "http://slack.example/api/", "would send the token without encryption"),
        ("SLACK_API_URL", "http://127.0.0.1.example/api/", "would send the token without encryption"),
        ("SLACK_API_URL", "http://127.0.0.1@slack.example/api/", "leave it out"),
        ("SLACK_API_URL", "http://localhost:80@slack.example/api/", "leave it out"),
        ("SLACK_API_URL", "https://slack.com@slack.example/api/", "leave it out"),
        ("SLACK_API_URL", "HTTP://slack.example/api/", "must be an http(s) address"),
        ("SLACK_API_URL", "http://[::2]/api/", "would send the token without encryption"),
        ("SLACK_API_URL", "http://[::1/api/", "is not an address"),
        ("TIERBOT_SCHEMES_DIR", "nowhere", "nowhere does not exist"),
        ("TIERBOT_CARE_PLAN", "nowhere.yaml", "nowhere.yaml does not exist"),
        ("TIERBOT_TEMPLATES_DIR", "nowhere", "nowhere does not exist"),
        ("TIERBOT_LOG_LEVEL", "loud", "use 'debug', 'info', 'warning' or 'error'"),
        ("TIERBOT_TIMZONE", "UTC", "did you mean TIERBOT_TIMEZONE?"),
        ("TIERBOT_COUNTRY", "Middle-earth", "is not a country; use an ISO code such as CN, or DE-BY"),
        ("TIERBOT_COUNTRY", "XX", "is not a country"),
        ("TIERBOT_WORKING_DAYS", "5", "are not days of the week; write them as Mon-Fri"),
        ("TIERBOT_WORKING_DAYS", "Mon-Fry", "are not days of the week"),
        ("TIERBOT_QUIET_HOURS", "20-7", "write them as 20:00-07:00"),
        ("TIERBOT_QUIET_HOURS", "07:00-07:00", "write them as 20:00-07:00"),
        ("TIERBOT_QUIET_HOURS", "07:00-23:01", "is longer than 16 hours"),
        ("TIERBOT_QUIET_HOURS", "08:00-10:00", "TIERBOT_REMIND_AT 09:00 lies within"),
        ("TIERBOT_REMIND_AT", "06:59", "lies within TIERBOT_QUIET_HOURS 20:00-07:00; change one"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as refused:
        settings.load()
    text = refused.value.text()
    assert variable in text
    assert expected in text


@pytest.mark.parametrize(
    ("zone", "country", "place"),
    [
        ("Asia/Shanghai", "", "CN"),
        ("US/Pacific", "", "US"),
        ("Europe/Berlin", "", "DE"),
        ("Asia/Riyadh", "Germany", "DE"),
        ("Asia/Shanghai", "de-by", "DE-BY"),
        ("UTC", "", None),
        ("Etc/GMT-8", "", None),
    ],
)
def test_the_firm_works_in_the_country_of_its_zone_unless_it_names_another(
    monkeypatch: pytest.MonkeyPatch, zone: str, country: str, place: str | None
) -> None:
    monkeypatch.setenv("TIERBOT_TIMEZONE", zone)
    monkeypatch.setenv("TIERBOT_COUNTRY", country)
    assert settings.load().place == place


@pytest.mark.parametrize(
    ("variable", "value", "stored"),
    [
        ("working_days", "sunday to thursday", "Sun-Thu"),
        ("working_days", "周一至周六", "Mon-Sat"),
        ("working_days", "Mon, Wed, Thu, Fri", "Mon,Wed-Fri"),
        ("working_days", "", None),
        ("quiet_hours", " 19:00 - 08:00 ", "19:00-08:00"),
        ("quiet_hours", "", None),
    ],
)
def test_working_days_and_quiet_hours_are_stored_in_one_form(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, stored: str | None
) -> None:
    monkeypatch.setenv(settings.variable(variable), value)
    assert getattr(settings.load(), variable) == stored


@pytest.mark.parametrize(
    "address",
    [
        "https://slack.com/api/",
        "https://slack-gov.com:8443/api/",
        "http://127.0.0.1:8137/api/",
        "http://127.1.2.3/api/",
        "http://[::1]:8137/api/",
        "http://localhost:8137/api/",
    ],
)
def test_an_address_of_slack_is_encrypted_or_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("SLACK_API_URL", address)
    assert settings.load().slack_api_url == address


@pytest.mark.parametrize(
    ("variable", "value"), [("SLACK_BOT_TOKEN", "xapp-1-secret"), ("SLACK_APP_TOKEN", "xoxb-1-secret")]
)
def test_swapped_tokens_are_refused_without_showing_them(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as refused:
        settings.load()
    assert "are two swapped?" in refused.value.text()
    assert "secret" not in refused.value.text()


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "de")
    monkeypatch.setenv("TIERBOT_TIMEZONE", "Mars")
    monkeypatch.setenv("TIERBOT_FLAVOUR", "red")
    with pytest.raises(BadInput) as refused:
        settings.load()
    text = refused.value.text()
    assert "TIERBOT_LANGUAGE" in text
    assert "TIERBOT_TIMEZONE" in text
    assert "TIERBOT_FLAVOUR is not a setting" in text


def test_secrets_are_masked_when_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("TIERBOT_DATABASE_URL", "postgresql+psycopg://bot:hunter2@db/tierbot")
    shown = repr(settings.load())
    assert "very-secret" not in shown
    assert "hunter2" not in shown
