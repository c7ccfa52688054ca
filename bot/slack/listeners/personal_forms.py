"""The forms of a person's own settings, opened from the Home tab, and what they save."""

from collections.abc import Callable
from datetime import date
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput
from bot.services import presence, staff
from bot.services.access import Actor
from bot.services.home import personal
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import Input
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.ask.home import ALERT_LABELS, LANGUAGE_LABELS, HomeSettings, SettingSaved
from bot.wording.rendering import problem_text
from db.book import people

Save = Callable[[Actor, Block], str]


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    makers: dict[Action, tuple[Action, str, Callable[[HomeSettings, Callable[[str], str]], list[Input]]]] = {
        Action.SET_LANGUAGE: (Action.LANGUAGE_FORM, N_("Language, time zone"), language_inputs),
        Action.SET_HOURS: (Action.HOURS_FORM, N_("Working hours"), hours_inputs),
        Action.SET_DIGEST: (Action.DIGEST_FORM, N_("Morning digest"), digest_inputs),
        Action.SET_ALERTS: (Action.ALERTS_FORM, N_("Alerts"), alerts_inputs),
        Action.SET_AWAY: (Action.AWAY_FORM, N_("Days off"), away_inputs),
        Action.SET_DEPUTY: (Action.DEPUTY_FORM, N_("Deputy"), deputy_inputs),
    }

    def opens(button: Action) -> None:
        action, title, inputs = makers[button]

        @app.action(str(button))
        @deferred.reads
        def open_form(press: Press) -> None:
            actor = deps.identify(press.user_id)
            with deps.database.read() as session:
                known = personal.settings_of(
                    session, deps.rules_in(session), actor, deps.settings, deps.clock.now()
                )
            gettext = catalogue.gettext(actor.language)
            asked = inputs(known, gettext)
            press.open_view(forms.form_view(action, title, gettext(title), asked, "", gettext))

    def saves(action: Action, save: Save) -> None:
        @app.view(str(action))
        def submitted(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
            press = Press(body=body, client=client)
            ack(**deferred.writes.finish(press, lambda attempt: stored(press, save, attempt)))

    def stored(press: Press, save: Save, attempt: Attempt) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        try:
            attempt.before_commit()  # from here on it is saved, however long that takes
            saved = SettingSaved(what=save(actor, view))
        except BadInput as error:
            inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
            below = error.field if error.field in inputs else inputs[-1]
            sentence = blocks.plain(problem_text(error, actor.language), 300)["text"]
            return {"response_action": "errors", "errors": {below: sentence}}
        shown = outcomes.view(deps, saved, actor.language, N_("Saved"))
        return {"response_action": "update", "view": shown}

    def language(actor: Actor, view: Block) -> str:
        personal.set_language_and_zone(
            deps.database,
            actor,
            language=chosen(view, "language"),
            timezone=forms.entered_text(view, "timezone"),
            **at_present(),
        )
        return "language"

    def hours(actor: Actor, view: Block) -> str:
        given = {"works_from": time_of(view, "from"), "works_until": time_of(view, "until")}
        if bool(given["works_from"]) != bool(given["works_until"]):
            raise BadInput(N_("Give both times, or none.")).of("until")
        presence.set_hours(deps.database, actor, address(actor), given, **at_present())
        return "hours"

    def digest(actor: Actor, view: Block) -> str:
        personal.set_digest(deps.database, actor, at=time_of(view, "at"), **at_present())
        return "digest"

    def alerts(actor: Actor, view: Block) -> str:
        options = forms.entered(view, "alerts", "selected_options") or []
        wanted = [str(one.get("value")) for one in options if isinstance(one, dict)]
        personal.set_alerts(deps.database, actor, wanted=wanted, **at_present())
        return "alerts"

    def away(actor: Actor, view: Block) -> str:
        """Days off, with a deputy if one is named; without a last day those of now, or the next, end."""
        first, last = day_of(view, "first"), day_of(view, "last")
        if last is None:
            presence.come_back(deps.database, actor, address(actor), day=first, **at_present())
            return "back"
        presence.go_away(
            deps.database, actor, address(actor), first=first, last=last, deputy=named(view), **at_present()
        )
        return "away"

    def deputy(actor: Actor, view: Block) -> str:
        email, who = address(actor), named(view)
        if who is None:
            staff.end_deputy(deps.database, actor, email, **at_present())
            return "deputy"
        zone = staff.zone_of(deps.database, email, deps.settings)
        first, last = day_of(view, "first"), day_of(view, "last")
        if last is None:
            raise BadInput(N_("Choose the last day.")).of("last")
        staff.name_deputy_for_days(
            deps.database, actor, email, who, first=first, last=last, zone=zone, **at_present()
        )
        return "deputy"

    def named(view: Block) -> str | None:
        """The address of the Slack user who was chosen. Raises BadInput for who is not in the book."""
        user = forms.entered(view, "person", "selected_user")
        if not user:
            return None
        with deps.database.read() as session:
            person = people.by_slack_id(session, str(user), deps.clock.now())
        if person is None:
            raise BadInput(N_("This person is not in the book. Ask your admin to import them.")).of("person")
        return person.email

    def address(actor: Actor) -> str:
        with deps.database.read() as session:
            return personal.email_of(session, actor)

    def at_present() -> dict[str, Any]:
        return {"settings": deps.settings, "now": deps.clock.now()}

    for button in makers:
        opens(button)
    for action, save in (
        (Action.LANGUAGE_FORM, language),
        (Action.HOURS_FORM, hours),
        (Action.DIGEST_FORM, digest),
        (Action.ALERTS_FORM, alerts),
        (Action.AWAY_FORM, away),
        (Action.DEPUTY_FORM, deputy),
    ):
        saves(action, save)


def language_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    options = [option(key, label) for key, label in LANGUAGE_LABELS.items()]
    initial = [one for one in options if one["value"] == known.language]
    choice: Block = {"options": options, **({"initial_option": initial[0]} if initial else {})}
    return [
        Input(name="language", label=N_("Language"), kind="static_select", options=choice),
        Input(
            name="timezone",
            label=N_("Time zone"),
            kind="plain_text_input",
            options={"initial_value": known.timezone, "max_length": 60},
            hint=gettext(N_("As Asia/Shanghai or Europe/Berlin. It decides when your day begins.")),
        ),
    ]


def hours_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    begins, _, ends = known.hours.partition("-")
    hint = gettext(N_("Digests and reports come within these hours. Leave both empty to set none."))
    return [
        Input(name="from", label=N_("From"), kind="timepicker", options=at(begins), optional=True),
        Input(name="until", label=N_("Until"), kind="timepicker", options=at(ends), optional=True, hint=hint),
    ]


def digest_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    hint = gettext(N_("On working days. Leave it empty for the time that counts for everybody."))
    own = known.digest_at if known.own_digest else ""
    return [
        Input(
            name="at",
            label=N_("When does it come?"),
            kind="timepicker",
            options=at(own),
            optional=True,
            hint=hint,
        )
    ]


def alerts_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    options = [option(key, gettext(label)) for key, label in ALERT_LABELS.items()]
    wanted = [one for one in options if one["value"] not in known.muted]
    choice: Block = {"options": options, **({"initial_options": wanted} if wanted else {})}
    hint = gettext(N_("What is due, late or promised is always said."))
    return [
        Input(
            name="alerts",
            label=N_("Which alerts come?"),
            kind="checkboxes",
            options=choice,
            optional=True,
            hint=hint,
        )
    ]


def away_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    hint = gettext(N_("Without a last day, days off that there are end before the first day of this form."))
    return [
        Input(name="first", label=N_("From"), kind="datepicker", optional=True),
        Input(name="last", label=N_("Last day"), kind="datepicker", optional=True, hint=hint),
        Input(name="person", label=N_("Who acts for you?"), kind="users_select", optional=True),
    ]


def deputy_inputs(known: HomeSettings, gettext: Callable[[str], str]) -> list[Input]:
    hint = gettext(N_("Leave it empty to let nobody act for you any more."))
    return [
        Input(name="person", label=N_("Who acts for you?"), kind="users_select", optional=True, hint=hint),
        Input(name="first", label=N_("From"), kind="datepicker", optional=True),
        Input(name="last", label=N_("Last day"), kind="datepicker", optional=True),
    ]


def option(value: str, label: str) -> Block:
    return {"text": blocks.plain(label, blocks.BUTTON), "value": value}


def at(time: str) -> Block:
    """The initial time of a picker."""
    return {"initial_time": time} if time else {}


def chosen(view: Block, name: str) -> str:
    return str(forms.entered(view, name, "selected_option", "value") or "")


def time_of(view: Block, name: str) -> str:
    """The time that was chosen; empty without one."""
    return str(forms.entered(view, name, "selected_time") or "")


def day_of(view: Block, name: str) -> date | None:
    """The day that was chosen. Raises BadInput."""
    return forms.entered_day(view, name) if forms.entered(view, name, "selected_date") else None
