"""What a week of care prints: the figures beside those of the week before, by person and tier, and what is behind them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bot.cli.console import _, listed, print_table, say
from bot.cli.output.presentation import local_name
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_
from bot.wording.care.weekly import CareWeekly, CareWeeklyList, PersonWeek, TierWeek, WeekFigures, WeekRow

LABELS: dict[str, str] = {  # figure -> its label
    "kept": N_("steps kept"),
    "late": N_("done late"),
    "skipped": N_("skipped"),
    "escalated": N_("reported as late"),
    "overdue": N_("open past the limit"),
    "missed": N_("greetings missed"),
    "unattended": N_("customers nobody attends to"),
    "complaints": N_("complaints"),
    "complaints_late": N_("past the deadline"),
    "broken": N_("promises broken"),
    "service_owed": N_("owed by service promises"),
    "service_missed": N_("service missed"),
}


def show(week: CareWeekly, rows: CareWeeklyList) -> None:
    """All of it."""
    say(_("Care from %(first)s to %(last)s.", first=week.first_day, last=week.last_day))
    if week.figures.is_empty and week.before.is_empty:
        say(_("There was nothing."))
        return
    now, before = _cells(week.figures), _cells(week.before)
    before["unattended"] = week.unattended_before
    print_table(
        [_("figure"), _("the week"), _("the week before")],
        [[_(label), now[name], before[name]] for name, label in LABELS.items()],
    )
    if week.reasons:
        reasons = listed(f"“{one.text}” {one.count}×" for one in week.reasons)
        say(_("Skipped because: %(reasons)s.", reasons=reasons))
    _show_parts(_("person"), [(_name(one), one.figures) for one in week.people])
    _show_parts(_("tier"), [(_tier(one), one.figures) for one in week.tiers])
    if rows.rows:
        print_table(
            [*(_("what"), _("code"), _("name"), _("tier"), _("step"), _("day"), _("person"), _("reason"))],
            [_row(one) for one in rows.rows],
        )
    if rows.more:
        say(_("%(count)s more: %(option)s shows more.", count=f"{rows.more:,}", option="--limit"))


def as_json(week: CareWeekly, rows: CareWeeklyList) -> dict[str, Any]:
    """For scripts."""
    return {
        "first_day": week.first_day,
        "last_day": week.last_day,
        "figures": _figures(week.figures),
        "before": {name: count for name, count in _figures(week.before).items() if name not in OF_NOW},
        "unattended_before": week.unattended_before,
        "reasons": [asdict(one) for one in week.reasons],
        "people": [
            {"name": one.who.name if one.who else None, **_figures(one.figures)} for one in week.people
        ],
        "tiers": [{"tier": one.tier.id, **_figures(one.figures)} for one in week.tiers],
        "rows": [
            {
                "section": row.section,
                "code": row.code,
                "name": row.name,
                "tier": row.tier.id,
                "person": row.who.name if row.who else None,
                "step": local_name(row.step) if row.step else None,
                "day": row.day,
                "reason": row.reason,
            }
            for row in rows.rows
        ],
        "more": rows.more,
    }


OF_NOW = ("no_owner", "owner_left", "owner_away", "not_visited", "unattended")  # not known of earlier weeks


def _figures(of: WeekFigures) -> dict[str, int]:
    return {**asdict(of), "unattended": of.unattended}


def _cells(of: WeekFigures) -> dict[str, int | None]:
    return {name: getattr(of, name) for name in LABELS}


def _show_parts(label: str, parts: Sequence[tuple[str, WeekFigures]]) -> None:
    """The figures of people or tiers, without those of which all have none."""
    shown = [name for name in LABELS if any(getattr(of, name) for _name, of in parts)]
    if shown:
        rows = [[name, *(getattr(of, figure) or None for figure in shown)] for name, of in parts]
        print_table([label, *(_(LABELS[figure]) for figure in shown)], rows)


def _name(one: PersonWeek) -> str:
    return one.who.name if one.who else _("nobody, or a role")


def _tier(one: TierWeek) -> str:
    return tier_word(one.tier.id)


def _row(row: WeekRow) -> list[object]:
    return [
        *(word("week", row.section), row.code, row.name, tier_word(row.tier.id)),
        *(row.step and local_name(row.step), row.day, row.who and row.who.name, row.reason),
    ]
