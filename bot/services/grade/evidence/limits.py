"""What verifying cannot find, by name: docs/verifying.md explains each."""

from bot.errors import N_, Phrase

LIMITS = {
    "names": Phrase(N_("names, codes and owners of customers")),
    "reasons": Phrase(
        N_("who set an override, why, and an end that the scheme allows and that is not reached yet")
    ),
    "unread data": Phrase(
        N_("data that no stored input counts, such as the cost of an old order or the note of a visit")
    ),
    "newest gradings": Phrase(N_("the newest gradings, removed with everything that refers to them")),
    "forged imports": Phrase(
        N_("a change of data made to look like an import, with its previous values and counts")
    ),
    "undone imports": Phrase(N_("changes of data that an import had brought which was undone later")),
    "recorded by hand": Phrase(
        N_("contacts and what else people record by hand, added or deleted as if somebody had done so")
    ),
    "words": Phrase(N_("the text of messages, and words of a scheme stored again with their hash")),
}
