"""The care of one customer in sentences: each step with its reason, its clock, what was sent, and what comes next."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bot.cli.console import _, in_language, listed, say, utc
from bot.cli.output import care_plan
from bot.cli.output.care_plan import days, kinds, occasion_name, step_name, titled
from bot.cli.output.presentation import local_name
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_, Phrase
from bot.services.care.dues import NotDue
from bot.services.care.plan import Anniversary, BirthdayStep, FollowUp, Greeting, LowScoreStep, Once
from bot.services.care.views.explanation import (
    CareExplanation,
    Ended,
    NotOwed,
    OwedNow,
    Sent,
)

WHY_NOT = {
    NotDue.NO_CONTACT: N_("not due: there is no contact to come back to"),
    NotDue.FULFILLED: N_("not due: a later contact has fulfilled it"),
    NotDue.TOO_OLD: N_("not due: the contact to come back to was found too late"),
    NotDue.ANSWERED: N_("not due: it was answered"),
    NotDue.NO_DATE: N_("not due: the customer has no such date on record"),
    NotDue.NO_OCCASION: N_("not due: no occasion is one of the customer's country"),
    NotDue.UNKNOWN_DAY: N_("not due: nobody knows the day of the occasion yet"),
    NotDue.NOBODY: N_("not due: no contact person wants to be greeted"),
    NotDue.OVERLAPS: N_("not due: everybody is greeted on another occasion of the same week"),
    NotDue.NO_BIRTHDAY: N_("not due: no contact person who wants it has a birthday on record"),
    NotDue.OTHER_STEP: N_("not due: another step greets on birthdays"),
    NotDue.BROKEN: N_("not due: computing it failed; the log says how"),
}


def show(found: CareExplanation) -> None:
    """Print the care of a customer."""
    say(
        _(
            "%(customer)s: tier %(tier)s by %(scheme)s, account manager %(owner)s, today is %(day)s.",
            customer=f"{found.code} {found.customer}",
            tier=tier_word(found.tier),
            scheme=found.scheme or "-",
            owner=found.owner or "-",
            day=found.today,
        )
    )
    if found.blocked:
        say(_("It is blocked, so it is owed no care."))
    elif found.plan is None:
        say(_("No care plan in force is for this scheme, so nothing is due: tierbot care plan"))
    else:
        say(_("Care plan %(plan)s.", plan=f"{found.plan}@{found.plan_version}"))
    for one in found.owed:
        say("", f"{_title(one)} – {_state(found, one)}", *(f"  {line}" for line in _lines(found, one)))
    if found.not_owed:
        say("", _("Not owed:"), *(f"  {line}" for line in _not_owed(found)))
    if found.superseded:
        say("", _("Not owed any more:"), *(f"  {_superseded(one)}" for one in found.superseded))


def as_json(found: CareExplanation) -> dict[str, Any]:
    """The care of a customer for scripts."""
    return {
        **asdict(found),
        "owed": [_owed_json(one) for one in found.owed],
        "not_owed": [
            {
                "step": one.step.id,
                "occasion": one.occasion,
                "why": one.why,
                "condition": one.condition and one.condition.model_dump(exclude_defaults=True),
            }
            for one in found.not_owed
        ],
    }


def _owed_json(one: OwedNow) -> dict[str, Any]:
    plain = {name: value for name, value in vars(one).items() if name not in _MODELS}
    return {
        "step": one.step.id,
        **plain,
        "condition": one.because and one.because.model_dump(exclude_defaults=True),
        "escalation": one.escalation.model_dump(),
        "clock": one.clock and {"day": one.clock.day, "contact": _plain(one.clock.contact)},
        "sent": [asdict(sent) for sent in one.sent],
        "last": one.last and asdict(one.last),
    }


_MODELS = ("step", "because", "escalation", "clock", "sent", "last")


def _plain(contact: Any) -> Any:
    return contact and contact._asdict()


def _title(one: OwedNow) -> str:
    return titled(step_name(one.step), one.occasion, one.step, one.person)


def _state(found: CareExplanation, one: OwedNow) -> str:
    if one.due_on is None or one.latest_on is None:
        return _(WHY_NOT[one.why_not]) if one.why_not else _("not due")
    if one.latest_on < found.today:
        return _("over its limit since %(day)s", day=one.latest_on + timedelta(days=1))
    if one.due_on <= found.today:
        return _("due since %(day)s, at the latest %(latest)s", day=one.due_on, latest=one.latest_on)
    return _("due on %(day)s, at the latest %(latest)s", day=one.due_on, latest=one.latest_on)


def _lines(found: CareExplanation, one: OwedNow) -> Iterator[str]:
    if isinstance(one.step, LowScoreStep):
        yield _("owed because: a survey score was low")
    elif one.because is None:
        yield _("owed because: tier %(tier)s", tier=tier_word(found.tier))
    else:
        yield _("owed because: %(condition)s", condition=care_plan.traits(one.because))
    if not isinstance(one.step, Greeting):
        yield _("rule: %(rule)s", rule=care_plan.when(one.step))
    if one.clock is not None:
        yield _clock(one)
    if one.people:
        yield _("greets: %(people)s", people=listed(one.people))
    if one.last is not None:
        yield _("last time: %(end)s", end=_end(one.last))
        yield from map(_sent, one.last.sent)
    if one.due_on is None:
        return
    if one.state is None:
        yield _("it is added by the next planning, within a minute of a running Tierbot")
    elif one.next_at is not None and one.next_at.date() < found.today:
        yield _(
            "%(state)s; waits to be shown since %(time)s",
            state=word("touch", one.state),
            time=utc(one.next_at),
        )
    elif one.next_at is not None:
        yield _("%(state)s; shown next at %(time)s", state=word("touch", one.state), time=utc(one.next_at))
    yield _("done by: %(who)s", who=one.assignee or word("doer", one.who))
    yield from map(_sent, one.sent)
    if not isinstance(one.step, Greeting | BirthdayStep):
        yield _stays_open(one)


def _clock(one: OwedNow) -> str:
    clock, step = one.clock, one.step
    assert clock is not None
    if clock.contact is not None and not isinstance(step, LowScoreStep):
        return _(
            "counted from: %(kind)s on %(day)s by %(who)s",
            kind=word("contact", clock.contact.kind),
            day=clock.contact.day,
            who=clock.contact.by or clock.contact.source,
        )
    if isinstance(step, BirthdayStep):
        return _("the birthday is on %(day)s. %(rule)s", day=clock.day, rule=in_language(one.rule or ""))
    if clock.day is None:
        return _("counted from: no contact is on record (%(kinds)s)", kinds=kinds(step.fulfilled_by))
    if isinstance(step, Greeting):
        estimated = _(", estimated") if one.estimated else ""
        return _(
            "rule: %(days)s before the occasion, which is on %(day)s%(estimated)s",
            days=days(step.days_before),
            day=clock.day,
            estimated=estimated,
        )
    if isinstance(step, Anniversary):
        return _("the day is %(day)s, by %(field)s", day=clock.day, field=step.of)
    if isinstance(step, Once):
        return _("owed since %(day)s", day=clock.day)
    if isinstance(step, LowScoreStep):
        return _("counted from: %(day)s, when the score was recorded", day=clock.day)
    if isinstance(step, FollowUp):
        return _("counted from: the contact on %(day)s", day=clock.day)
    return _("counted from: %(day)s, when it was answered without a contact", day=clock.day)


def _stays_open(one: OwedNow) -> str:
    reached = []
    if one.manager_on is not None:
        reached.append(_("the manager on the first working morning from %(day)s on", day=one.manager_on))
    if one.group_on is not None:
        reached.append(
            _("the emergency group on the first working morning from %(day)s on", day=one.group_on)
        )
    return _(
        "if it stays open: shown again after %(days)s; it reaches %(others)s",
        days=days(one.step.again_days),
        others=listed(reached) if reached else _("nobody else"),
    )


def _end(one: Ended) -> str:
    parts = [word("touch", one.state)]
    if one.at is not None:
        parts.append(utc(one.at))
    if one.by:
        parts.append(_("by %(who)s", who=one.by))
    if one.contact is not None:
        parts.append(
            _(
                "by the contact: %(kind)s on %(day)s",
                kind=word("contact", one.contact.kind),
                day=one.contact.day,
            )
        )
    elif one.reason:
        parts.append(str(in_language(_reason(one.reason))))
    return listed(parts)


def _reason(reason: str) -> Phrase | str:
    """The reasons that planning writes, in words; what a person wrote as it is."""
    return Phrase(REASONS[reason]) if reason in REASONS else reason


REASONS = {
    "not a step of this tier": N_("not a step of this tier"),
    "not in the plan any more": N_("not in the plan any more"),
    "not an occasion of this customer any more": N_("not an occasion of this customer any more"),
    "the contact person is not greeted on their birthday any more": N_(
        "the contact person is not greeted on their birthday any more"
    ),
    "no longer due": N_("no longer due"),
    "the low survey score was taken back": N_("the low survey score was taken back"),
    "contact logged": N_("contact logged"),
    "the holiday is past": N_("the holiday is past"),
    "the next one is due": N_("the next one is due"),
    "customer archived": N_("customer archived"),
}


def _sent(sent: Sent) -> str:
    told = {"role": word("touch_message", sent.role), "who": sent.to}
    if sent.at is not None:
        return _("sent: %(role)s, %(who)s, %(time)s", **told, time=utc(sent.at))
    state = word("message", sent.state)
    if sent.why:
        state = f"{state}: {sent.why}"
    return _(
        "not sent: %(role)s, %(who)s, written %(time)s, %(state)s",
        **told,
        time=utc(sent.written),
        state=state,
    )


def _not_owed(found: CareExplanation) -> Iterator[str]:
    """One line for each reason."""
    conditions: dict[str, list[str]] = {}
    for one in found.not_owed:
        if one.condition is not None and one.why is NotOwed.CONDITION:
            conditions.setdefault(care_plan.traits(one.condition), []).append(step_name(one.step))
    replaced = [step_name(one.step) for one in found.not_owed if one.why is NotOwed.REPLACED]
    if replaced:
        yield _("%(steps)s: other steps stand in their place", steps=listed(replaced))
    for greeting in dict.fromkeys(one.step.id for one in found.not_owed if one.why is NotOwed.COUNTRY):
        occasions = [one for one in found.not_owed if one.step.id == greeting and one.occasion]
        yield _(
            "%(step)s: not for customers in %(country)s: %(occasions)s",
            step=step_name(occasions[0].step),
            country=found.country or _("an unknown country"),
            occasions=listed(occasion_name(one.occasion, one.step) for one in occasions),
        )
    for condition, steps in conditions.items():
        yield _("only for %(condition)s: %(steps)s", condition=condition, steps=listed(steps))


def _superseded(one: Ended) -> str:
    name = titled(local_name(one.names), one.occasion, person=one.person)
    return _("%(step)s, due on %(day)s: %(end)s", step=name, day=one.due_on, end=_end(one))
