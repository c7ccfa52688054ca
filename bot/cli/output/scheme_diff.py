"""Two schemes compared, for a terminal."""

from bot.cli.console import _, customers, is_chinese, number, print_table, say
from bot.cli.output.presentation import diff_cause
from bot.cli.output.vocabulary import tier_word, word
from bot.services.trial.diff import SchemeDiff


def show_diff(found: SchemeDiff) -> None:
    """Print who would move, and why."""
    say(
        _(
            "As of %(day)s, %(customers)s: %(old)s (rows) and %(new)s (columns), by boundaries and gates alone.",
            day=found.as_of,
            customers=customers(found.customers),
            old=f"{found.old.scheme}@{found.old.version}",
            new=f"{found.new.scheme}@{found.new.version}",
        )
    )
    tiers = found.words
    rows = [
        [tier_word(tier), *(f"{found.matrix[tier][column]:,}" for column in tiers), f"{found.before[tier]:,}"]
        for tier in tiers
    ]
    rows.append([_("sum"), *(f"{found.after[tier]:,}" for tier in tiers), f"{found.customers:,}"])
    print_table(["", *map(tier_word, tiers), _("sum")], rows)
    total = max(found.customers, 1)
    shares = [
        [tier_word(tier), f"{found.before[tier] / total:.1%}", f"{found.after[tier] / total:.1%}"]
        for tier in tiers
    ]
    print_table([_("share"), _("before"), _("after")], shares)
    if found.drift is not None:
        say(
            _(
                "PSI of the scores %(psi)s, by chance alone about %(by_chance)s: %(verdict)s.",
                psi=f"{found.drift.psi:.3f}",
                by_chance=f"{found.drift.by_chance:.3f}",
                verdict=word("drift", found.drift.verdict),
            )
        )
    sensitive = found.sensitivity
    say(
        _(
            "With %(draws)s other sets of weights within ±%(within)s the new scheme would have %(mean)s of %(customers)s with a score in another tier on average, at most %(p95)s in 95 %% of them.",
            draws=f"{sensitive.draws:,}",
            within=f"{sensitive.within:.0%}",
            mean=f"{sensitive.mean:.1%}",
            customers=customers(len(sensitive.customers)),
            p95=f"{sensitive.p95:.1%}",
        )
    )
    if not found.moved:
        say(_("Nobody would move."))
        return
    say(
        _(
            "%(customers)s would move, %(at_once)s of them with the first snapshot and the others as margins, confirmations and the time in a tier allow. Those whose score changes most:",
            customers=customers(found.moved),
            at_once=f"{found.at_once:,}",
        )
    )
    movers = [
        (
            f"{mover.code} {mover.name}",
            f"{tier_word(mover.before)} → {tier_word(mover.after)}",
            _("at once") if mover.at_once else _("later"),
            f"{number(mover.old_score, 'g', '–')} → {number(mover.new_score, 'g', '–')}",
            ("；" if is_chinese() else "; ").join(
                diff_cause(cause, found.old, found.new) for cause in mover.causes[:3]
            ),
        )
        for mover in found.movers
    ]
    print_table([_("customer"), _("tier"), _("when"), _("score"), _("why")], movers)
