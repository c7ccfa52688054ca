"""What the check of status columns asks."""

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level

STATUS_COLUMN = FindingType(
    name="status-column",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s may say that not every row counts as it is: %(words)s."),
    answer=N_(
        "Say which rows count, such as %(options)s (--only, --skip and --negative take COLUMN=WORD,WORD);"
        " --yes status-column counts them all as they are."
    ),
    accept=True,
    once=True,  # the words are remembered instead: a new one is asked about
)
ENDED_COLUMN = FindingType(
    name="ended-column",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s may say that customers have ended: %(words)s."),
    answer=N_(
        "Give --map ended=%(map)s to end these customers, or %(options)s to leave them out;"
        " --yes ended-column: all of them go on."
    ),
    accept=True,
    once=True,
)
WORD_NOT_FOUND = FindingType(
    name="word-not-found",
    level=Level.QUESTION,
    sentence=N_(
        "--%(option)s %(given)s: no row says %(word)s in the column %(column)s; its words are %(words)s."
    ),
    answer=N_("Correct the word, or give --yes word-not-found if it may come in later files."),
    accept=True,
    once=True,
)
PAID_WITHOUT_DAY = FindingType(
    name="paid-without-day",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s says that invoices are paid which have no day of payment: %(words)s."),
    answer=N_(
        "Give the day of payment with --map paid=%(map)s, or %(options)s to import only the others;"
        " --yes paid-without-day counts them as open."
    ),
    accept=True,
)
REFUND_COLUMN = FindingType(
    name="refund-column",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s has amounts that may have to be subtracted, such as refunds or credits"
        " (line %(line)d: %(example)s)."
    ),
    answer=N_(
        "Give --map subtract=%(map)s to subtract them, or --yes refund-column if the amounts are without them already."
    ),
    accept=True,
)
