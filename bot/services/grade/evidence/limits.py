"""What verifying cannot find, by name: docs/verifying.md explains each."""

LIMITS = {
    "names": "names, codes and owners of customers",
    "reasons": "who set an override, why, and an end that the scheme allows and that is not reached yet",
    "unread data": "data that no stored input counts, such as the cost of an old order or the note of a visit",
    "newest gradings": "the newest gradings, removed with everything that refers to them",
    "forged imports": "a change of data made to look like an import, with its previous values and counts",
    "undone imports": "changes of data that an import had brought which was undone later",
    "words": "the text of messages, and words of a scheme stored again with their hash",
}
