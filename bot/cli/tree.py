"""The command tree: where each command's function is.

A module is imported when one of its commands is called. To load SQLAlchemy and pydantic takes a third of a second, and
--help and the completion of command names need neither: their texts are read from the source.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {  # group -> command -> module and function, in the order of --help
    "": {
        "run": "run.run",
        "demo": "run.demo",
        "tick": "run.tick",
        "grade": "gradings.grade",
        "ask": "asking.ask.ask",
        "tier": "asking.ask.tier",
        "why": "asking.ask.why",
        "brief": "asking.ask.show_brief",
        "evening-briefs": "asking.ask.switch_briefs",
        "history": "asking.ask.show_history",
        "score": "gradings.score",
        "check": "setup.check",
        "manifest": "setup.print_manifest",
        "doctor": "setup.examine",
        "catch-up": "outbox.catch_up",
        "verify": "verification.verify",
        "import": "imports.command_group",
    },
    "scheme": {
        "check": "schemes.check",
        "propose": "schemes.propose",
        "list": "schemes.list_schemes",
        "show": "schemes.show",
        "shadow": "schemes.shadow",
        "approve": "schemes.approve",
        "retire": "schemes.retire",
        "diff": "schemes.compare",
    },
    "care": {
        "list": "care.due_steps.list_steps",
        "done": "care.acts.finish",
        "snooze": "care.acts.snooze",
        "skip": "care.acts.skip",
        "reassign": "care.acts.reassign",
        "undo": "care.acts.undo",
        "plan": "care.plans.show_plans",
        "explain": "care.explanation.explain_care",
        "preview": "care.preview.show_preview",
        "capacity": "care.capacity.show_capacity",
        "weekly": "care.weekly.show_week",
        "service": "care.service.show_service",
        "calendar": "care.calendar.change_link",
        "approve": "care.plans.approve_plan",
        "retire": "care.plans.retire_plan",
    },
    "complaint": {
        "list": "care.complaints.list_complaints",
        "show": "care.complaints.show_complaint",
        "add": "care.complaints.add_complaint",
        "step": "care.complaints.add_step",
        "close": "care.complaints.close_complaint",
        "reopen": "care.complaints.reopen_complaint",
    },
    "gift": {
        "list": "care.gifts.list_gifts",
        "add": "care.gifts.add_gift",
        "suggest": "care.gifts.suggest_gift",
        "undo": "care.gifts.undo_gift",
    },
    "fact": {
        "add": "asking.facts.add_fact",
        "undo": "asking.facts.undo_fact",
    },
    "survey": {
        "list": "care.surveys.list_scores",
        "add": "care.surveys.add_score",
        "undo": "care.surveys.undo_score",
    },
    "promise": {
        "list": "care.promises.list_promises",
        "add": "care.promises.add_promise",
        "kept": "care.promises.keep_promise",
        "postpone": "care.promises.postpone_promise",
        "withdraw": "care.promises.withdraw_promise",
        "undo": "care.promises.undo_promise",
    },
    "note": {
        "list": "asking.notes.list_notes",
        "search": "asking.notes.search_notes",
        "change": "asking.notes.change_note",
        "take-back": "asking.notes.take_back_note",
    },
    "customer": {
        "add-prospect": "customers.add_prospect",
        "remove-prospect": "customers.remove_prospect",
        "hand-over": "rights.handovers.hand_over",
        "take-back": "rights.handovers.take_back",
        "join": "customers.join_customers",
        "duplicates": "customers.list_duplicates",
    },
    "contact-person": {
        "list": "care.contact_people.list_people",
        "add": "care.contact_people.add_person",
        "change": "care.contact_people.change_person",
        "remove": "care.contact_people.remove_person",
    },
    "customer-profile": {
        "show": "care.profiles.show_profile",
        "set": "care.profiles.set_values",
        "remove": "care.profiles.remove_values",
        "list": "care.profiles.list_customers",
        "fields": "care.profiles.list_fields",
    },
    "person": {
        "list": "rights.people.list_people",
        "role": "rights.people.set_role",
        "deputy": "rights.people.name_deputy",
        "end-deputy": "rights.people.end_deputy",
        "away": "rights.hours.go_away",
        "back": "rights.hours.come_back",
        "hours": "rights.hours.set_hours",
    },
    "team": {"sees": "rights.people.let_team_see"},
    "audit": {
        "show": "rights.audit.show",
        "verify": "rights.audit.verify",
        "export": "rights.audit.export",
    },
    "override": {
        "set": "decisions.set_override",
        "end": "decisions.end_override",
        "list": "decisions.list_overrides",
        "propose": "proposals.propose_override",
    },
    "credit": {
        "show": "decisions.show_credit",
        "approve": "decisions.approve_credit",
        "propose": "proposals.propose_credit",
    },
    "proposal": {
        "list": "proposals.list_proposals",
        "show": "proposals.show_proposal",
        "approve": "proposals.approve_proposal",
        "decline": "proposals.decline_proposal",
        "withdraw": "proposals.withdraw_proposal",
    },
    "review": {"list": "decisions.list_reviews", "answer": "decisions.answer_review"},
    "db": {
        "upgrade": "database.upgrade_schema",
        "recount": "database.recount_totals",
        "backup": "database.back_up",
        "restore": "database.restore_backup",
        "restored": "database.confirm_restored",
    },
    "erase": {
        "customer": "privacy.erase_customer",
        "person": "privacy.erase_person",
        "contact-person": "privacy.erase_contact_person",
        "again": "privacy.erase_again",
    },
    "export": {
        "customer": "privacy.export_customer",
        "person": "privacy.export_person",
        "contact-person": "privacy.export_contact_person",
    },
    "outbox": {
        "list": "outbox.list_messages",
        "unknown": "outbox.unknown",
        "show": "outbox.show",
        "retry": "outbox.retry",
        "drop": "outbox.drop",
    },
    "report": {
        "rfm": "report.rfm",
        "value": "report.value_matrix",
        "concentration": "report.concentration",
        "rhythm": "report.rhythm",
        "products": "report.products",
        "at-risk": "report.at_risk",
        "freeze": "report.freeze",
        "review-pack": "asking.ask.write_pack",
    },
}
HELP = {  # of groups
    "import": "Bring data in from CSV files, and take it back.",
    "scheme": "Grading schemes: check, propose, compare, and decide which one grades.",
    "care": "Care steps: what is due and why, and the plans that say so.",
    "complaint": "Complaints: what is open, what was done, how it ended.",
    "gift": "Gifts: what was given, what may still be given, and what fits.",
    "fact": "Facts and judgements about a customer, one at a time.",
    "survey": "Scores of satisfaction surveys.",
    "note": "Notes: what was logged about customers, found, changed and taken back.",
    "promise": "Promises: what was said to a customer that one would do, by when, and whether it was kept.",
    "customer": "Customers: add prospects, hand customers over, find those that are one, join them.",
    "contact-person": "Contact people: whom one speaks to at a customer, and what is to be known of them.",
    "customer-profile": "Customer profiles: what is known of a customer besides figures.",
    "person": "People: their roles, who acts for whom, when they work and are away.",
    "team": "Teams: whose customers they see.",
    "audit": "Who did what: read it, verify that it is whole, export it.",
    "override": "Set a tier by hand, with a reason and an end.",
    "credit": "Credit grades, proposed limits and their approval.",
    "proposal": "Tiers and credit limits that somebody proposes: who decides, and what was decided.",
    "review": "What a person should look at, and what was answered.",
    "db": "The database: bring it up to date, back it up, restore it.",
    "erase": "Delete what is kept about a customer, a person who has left, or a contact person.",
    "export": "Write out everything that is kept about a customer, a person or a contact person.",
    "outbox": "Messages: what waits, what was sent, what could not be.",
    "report": "Views on value: RFM, value matrix, concentration, own rhythm, value at risk.",
}


class _ShortHelp:
    """Takes -h for --help without listing it: in a column of its own it would cut off long options at 80 columns."""

    def format_help(self: Any, ctx: Any, formatter: Any) -> None:
        self.get_help_option(ctx).opts = ["--help"]
        super().format_help(ctx, formatter)  # type: ignore[misc]


class CliCommand(_ShortHelp, TyperCommand):
    """A command."""


class CliGroup(_ShortHelp, TyperGroup):
    """A group of commands."""


class LazyCommand(TyperCommand):
    """A command, or a group that a function builds, whose module is imported when it is called."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(name)
        self._module, self._function = place.rsplit(".", 1)

    @property
    def _is_group(self) -> bool:
        return self._function == "command_group"

    @property
    def help(self) -> str | None:
        return HELP[str(self.name)] if self._is_group else _docstrings(self._module)[self._function]

    @help.setter
    def help(self, text: str | None) -> None:
        """Ignored: the base class would overwrite the text with None."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        found = getattr(import_module(f"bot.cli.{self._module}"), self._function)
        if self._is_group:
            command: Any = typer.main.get_group(found())
        else:
            single = typer.Typer(add_completion=False)
            single.command(self.name, cls=CliCommand)(found)
            command = typer.main.get_command(single)
        command.help = self.help
        return command.make_context(info_name, args, parent, **extra)


class LazyGroup(CliGroup):
    """A group of the commands that COMMANDS has under its name."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        places = COMMANDS[self.name or ""].items()
        self.commands = {**{name: LazyCommand(name, place) for name, place in places}, **self.commands}


@cache
def _docstrings(module: str) -> dict[str, str | None]:
    source = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return {function.name: ast.get_docstring(function) for function in functions}


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Customer tiering in Slack: ask for a tier, be reminded of care, hear of tier changes.",
)
for _name in COMMANDS:
    if _name:
        app.add_typer(typer.Typer(cls=LazyGroup, no_args_is_help=True, help=HELP[_name]), name=_name)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # 0.03 s

        typer.echo(f"tierbot {metadata.version('tierbot')}")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Before a command runs."""
    from bot.logs import configure  # structlog: --help writes no log

    configure("info")  # until the settings are read: by default structlog shows the values of variables
