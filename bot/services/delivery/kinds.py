"""Kinds of messages about care: what they are called in the outbox."""

DIGEST = "care_digest"
URGENT = "care_urgent"
GREETING = "care_greeting"
ESCALATION = "care_escalation"  # to a manager
EMERGENCY = "care_emergency"  # to the emergency group
COMPLAINTS = "complaint_report"  # to a manager
WEEKLY = "care_weekly"  # to a manager, or the channel of a team
PROMISES = "promise_report"  # to a manager
REMINDER = "reminder"  # of versions before the digest: one step
SHOWN = (DIGEST, URGENT, GREETING)  # goes to whoever does its steps
HANDOVER = "handover"  # to the new account manager of a customer
HANDED_ON = "handed_on"  # to whom a customer was, or was to be, taken from
BRIEF = "visit_brief"  # to who wants it, in the evening before a planned visit
PROPOSAL = "proposal"  # to who may decide about it, and to who made it
