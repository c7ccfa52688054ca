"""Proposals about customers: made from a card, approved and declined by who was asked, withdrawn by who made them."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, Conflict
from bot.services import proposals
from bot.services.access import Actor
from bot.services.proposals import ProposalAct
from bot.slack import forms as inputs
from bot.slack import outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.proposals import forms
from bot.slack.listeners.records.act_forms import ActForms, save_new, show_undone
from bot.wording.actions import Action, Pointer
from db.care.records.proposals import ProposalKind
from db.processes import InboundKey

TITLE = N_("Proposal")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    def form(press: Press, actor: Actor, kind: ProposalKind, made: Callable[..., Block]) -> Block:
        now = deps.clock.now()
        today = now.astimezone(deps.settings.zone).date()
        with deps.bounds.asking(actor), deps.database.read() as session:
            found = proposals.to_propose(session, deps.scheme_cache, actor, press.pointer, kind, today, now)
        return made(found, press.pointer, actor.language)

    @offers(app, Action.PROPOSE_TIER)
    @deferred.reads
    def open_tier(press: Press) -> None:
        kind = ProposalKind.OVERRIDE
        outcomes.open_form(deps, press, lambda actor: form(press, actor, kind, forms.tier_form))

    @offers(app, Action.PROPOSE_CREDIT)
    @deferred.reads
    def open_credit(press: Press) -> None:
        kind = ProposalKind.CREDIT
        outcomes.open_form(deps, press, lambda actor: form(press, actor, kind, forms.credit_form))

    def save(ack: Ack, press: Press, entered: Callable[[Block], proposals.Wanted]) -> None:
        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> ProposalAct:
            # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
            key = InboundKey(team_id=press.key.team_id, kind="proposal", key=besides["external_id"])
            return proposals.propose(
                deps.database,
                deps.scheme_cache,
                actor,
                entered(view),
                meant=besides["meant"],
                settings=deps.settings,
                now=besides["now"],
                request=key,
                before_commit=besides["before_commit"],
            )

        save_new(deps, deferred, ack, press, TITLE, record)

    @app.view(str(Action.PROPOSE_TIER_FORM))
    def save_tier(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        save(ack, Press(body=body, client=client), forms.entered_tier)

    @app.view(str(Action.PROPOSE_CREDIT_FORM))
    def save_credit(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        save(ack, Press(body=body, client=client), forms.entered_credit)

    def current(actor: Actor, pointer: Pointer) -> ProposalAct:
        return proposals.current(deps.database, deps.scheme_cache, actor, pointer, settings=deps.settings)

    acts = ActForms(deps, deferred, "decline_proposal", current, outcomes.show_proposal)

    def press_once(press: Press, act: Callable[..., ProposalAct]) -> None:
        """Do what was pressed, and show in its place what has become of the proposal, also when somebody was faster."""
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            try:
                acted = act(
                    deps.database,
                    deps.scheme_cache,
                    actor,
                    press.pointer,
                    settings=deps.settings,
                    now=now,
                    request=press.key,
                )
            except Conflict:
                outcomes.show_proposal(deps, press, current(actor, press.pointer), actor)
                raise
        if press.view.get("type") == "modal":
            show_undone(deps, press, acted.message, actor, TITLE)
        else:
            outcomes.show_proposal(deps, press, acted, actor)

    @app.action(str(Action.APPROVE_PROPOSAL))
    @deferred.writes
    def approve(press: Press) -> None:
        press_once(press, proposals.approve)

    @app.action(str(Action.WITHDRAW_PROPOSAL))
    @deferred.writes
    def withdraw(press: Press) -> None:
        press_once(press, proposals.withdraw)

    @app.action(str(Action.DECLINE_PROPOSAL))
    @deferred.reads
    def open_decline(press: Press) -> None:
        def shown(actor: Actor) -> Block:
            found = acts.title(
                press,
                actor,
                lambda: proposals.title(
                    deps.database, actor, press.pointer, settings=deps.settings, now=deps.clock.now()
                ),
            )
            return forms.decline_form(press, found, actor.language)

        outcomes.open_form(deps, press, shown)

    @app.view(str(Action.DECLINE_PROPOSAL_FORM))
    def save_declined(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> ProposalAct:
            reason = inputs.entered_text(view, "reason")
            return proposals.decline(
                deps.database,
                deps.scheme_cache,
                actor,
                pointer,
                answer=reason,
                settings=deps.settings,
                **besides,
            )

        acts.save(ack, Press(body=body, client=client), context, act)
