"""What there is to say about a file in a vendor's shape."""

from collections.abc import Collection

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.layout.vendors import VendorShape
from bot.services.imports.read.text import plain

VENDOR = FindingType(
    name="vendor",
    level=Level.NOTE,
    sentence=N_("Read as an export of %(vendor)s (%(kind)s)."),
)
DEALS = FindingType(
    name="deals",
    level=Level.QUESTION,
    sentence=N_(
        "The rows are deals of %(vendor)s; of them only those that were won are orders, and the column %(stage)s says which."
    ),
    answer=N_(
        'Give --only "%(stage)s=%(won)s", with your word for it; --yes deals takes every row as an order.'
    ),
    accept=True,
)
CONTINUED_LINES = FindingType(
    name="continued-lines",
    level=Level.NOTE,
    sentence=N_(
        "Lines that hold only further products of the row above them are left out: %(count)d, the first is line %(line)d."
    ),
)


def check_vendor(shape: VendorShape, findings: FileFindings, chosen: Collection[str]) -> None:
    """Say which vendor's export the file is read as; ask where its rows are more than orders.

    `chosen` are the columns by whose words options choose the rows, as `plain` compares them.
    """
    findings.add(VENDOR, vendor=shape.vendor, kind=shape.kind)
    if shape.stage and plain(shape.stage) not in chosen:
        findings.add(DEALS, vendor=shape.vendor, stage=shape.stage, won=shape.won)
