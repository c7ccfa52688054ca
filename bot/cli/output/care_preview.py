"""What a preview of care plans prints: the days to come, and what another plan would change."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from bot.app import Tierbot
from bot.cli.console import _, customers, listed, print_table, progress_bar, say
from bot.cli.output.care_plan import occasion_name
from bot.cli.output.presentation import local_name
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_
from bot.services.access import Actor
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.views import due_list
from bot.services.care.views import preview as previews
from bot.services.care.views.preview import DueOn, Example, Preview, StepChange
from bot.services.ops import care_plans

CHANGES = ("added", "moved", "dropped")


def preview_of(
    bot: Tierbot,
    actor: Actor,
    *,
    days: int,
    instead: CarePlans | None,
    team: str | None = None,
    owner: str | None = None,
) -> Preview:
    """A preview of the customers that the actor may see."""
    with bot.database.read() as session:
        owners = due_list.owners(session, actor, team=team, owner=owner)
    now = bot.clock.now()
    with progress_bar(_("Computing what will be due")) as progress:
        return previews.preview(
            bot.database,
            bot.rules,
            owners=owners,
            days=days,
            today=bot.today(now),
            now=now,
            instead=instead,
            progress=progress,
        )


def show_gaps(bot: Tierbot, instead: CarePlans) -> None:
    """The tiers of schemes in force that these plans do not name, and what their customers would have."""
    with bot.database.read() as session:
        schemes = care_plans.in_force(session, bot.today())
    for gap in care_plans.unplanned(instead, schemes):
        if gap.fall_to_default:
            msgid = N_(
                "Warning: it does not name the tiers %(tiers)s of the scheme %(scheme)s, which is in force. Their customers"
                " would have the steps of `default`."
            )
        else:
            msgid = N_(
                "Warning: it does not name the tiers %(tiers)s of the scheme %(scheme)s, which is in force. Their customers"
                " would be owed nothing."
            )
        say(_(msgid, tiers=gap.names, scheme=gap.scheme))


def show_days(found: Preview) -> None:
    """How many steps of which kinds are due on each day, by person."""
    if not found.due:
        say(_("Nothing is due until %(day)s.", day=found.until))
        return
    say(
        _(
            "Due until %(day)s, of %(customers)s, if nobody is contacted before:",
            day=found.until,
            customers=customers(found.customers),
        )
    )
    by_person: dict[tuple[date | None, str], Counter[str]] = defaultdict(Counter)
    for due, count in found.due.items():
        by_person[due.day, due.who][_what(due)] += count
    rows = [
        [
            day or _("over the limit"),
            word("doer", who),
            counts.total(),
            listed(f"{what} {count}" for what, count in sorted(counts.items())),
        ]
        for (day, who), counts in sorted(
            by_person.items(), key=lambda item: (item[0][0] or date.min, item[0][1])
        )
    ]
    print_table([_("day"), _("who"), _("steps"), _("of which")], rows)


def show_changes(found: Preview) -> None:
    """What the other plan would add, move and drop, per tier and step."""
    if not any(found.total(change) for change in CHANGES):
        say(_("Nothing would change for %(customers)s.", customers=customers(found.customers)))
        return
    say(
        _(
            "Of the open steps of %(customers)s it would add %(added)s, move %(moved)s, drop %(dropped)s and leave %(kept)s"
            " as they are:",
            customers=customers(found.customers),
            **{change: f"{found.total(change):,}" for change in (*CHANGES, "kept")},
        )
    )
    print_table(
        [_("plan"), _("tier"), _("step"), _("added"), _("moved"), _("dropped"), _("as it is"), _("examples")],
        [
            [
                step.plan,
                tier_word(step.tier),
                local_name(step.names),
                *(f"{getattr(step, change):,}" for change in (*CHANGES, "kept")),
                "; ".join(_examples(step)),
            ]
            for step in found.changes or ()
        ],
    )


def as_json(found: Preview) -> dict[str, Any]:
    """A preview for scripts."""
    ordered = sorted(found.due.items(), key=lambda item: (item[0].day or date.min, *item[0][1:]))
    shown: dict[str, Any] = {
        "customers": found.customers,
        "until": found.until,
        "due": [due._asdict() | {"steps": count} for due, count in ordered],
    }
    if found.changes is not None:
        shown["changes"] = {change: found.total(change) for change in (*CHANGES, "kept")}
        shown["steps"] = [
            {
                "plan": step.plan,
                "tier": step.tier,
                "step": step.step,
                **{change: getattr(step, change) for change in (*CHANGES, "kept")},
                "examples": {
                    change: [vars(example) for example in examples]
                    for change, examples in step.examples.items()
                },
            }
            for step in found.changes
        ]
    return shown


def _what(due: DueOn) -> str:
    return occasion_name(due.occasion) if due.occasion else word("step", due.kind)


def _examples(step: StepChange) -> Iterator[str]:
    for change in CHANGES:
        for example in step.examples.get(change, ()):
            yield _example(example)


def _example(example: Example) -> str:
    customer = f"{example.code} {example.customer}"
    if example.before and example.after:
        return _(
            "%(customer)s from %(before)s to %(after)s",
            customer=customer,
            before=example.before[0],
            after=example.after[0],
        )
    if example.after:
        return _("%(customer)s new on %(day)s", customer=customer, day=example.after[0])
    assert example.before is not None
    return _("%(customer)s no longer on %(day)s", customer=customer, day=example.before[0])
