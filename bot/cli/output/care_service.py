"""What the service promise of tiers prints: what a customer is promised, and the table of what was owed."""

from collections.abc import Iterable
from datetime import date

from bot.app import Tierbot
from bot.cli.console import _, number, print_table, say
from bot.cli.output.presentation import plain
from bot.cli.output.vocabulary import tier_word, word
from bot.services.care.service.report import GroupedBy, ServiceRow
from bot.wording.service_parts import ServicePromise


def say_promise(bot: Tierbot, promise: ServicePromise | None) -> None:
    """One line with everything that a tier is promised."""
    if promise is None:
        say(_("Its tier has no service promise; docs/service-promise.md says how a scheme gives it one."))
        return
    words = bot.renderer.promise_text(promise, bot.settings.language)
    say(_("Service promise: %(value)s", value=plain(words)))


def show(rows: Iterable[ServiceRow], by: GroupedBy, start: date, end: date) -> None:
    """The table of a report."""
    say(_("Owed from %(start)s to %(end)s:", start=start, end=end))
    titles = {
        GroupedBy.TIER: [_("tier")],
        GroupedBy.PERSON: [_("account manager")],
        GroupedBy.TEAM: [_("team")],
        GroupedBy.CUSTOMER: [_("code"), _("name")],
        GroupedBy.MONTH: [_("month")],
    }
    counted = [_("promised"), _("owed"), _("in time"), _("late"), _("missed"), _("share in time")]
    print_table(
        [*titles[by], *counted],
        [
            [
                *_labels(row, by),
                word("service", row.promised),
                *(row.owed, row.in_time, row.late, row.missed),
                number(row.in_time / row.owed, ".0%"),
            ]
            for row in rows
        ],
    )


def _labels(row: ServiceRow, by: GroupedBy) -> list[str | None]:
    if by == GroupedBy.TIER:
        return [tier_word(row.tier or "")]
    if by == GroupedBy.CUSTOMER:
        return [row.code, row.customer]
    if by == GroupedBy.MONTH:
        return [row.month]
    return [(row.person if by == GroupedBy.PERSON else row.team) or _("nobody")]
