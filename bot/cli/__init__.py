"""The command line: the only package that prints.

Exit codes: 0 done; 1 a fault of ours; 2 input or settings are wrong; 3 not found; 4 not allowed; 5 done already or by
somebody else; 6 something must be set up first; 7 rows were rejected and --strict was given; 8 a stored assessment
differs from what its inputs result in.
"""

import os
import sys

from bot.cli.tree import app

NOBODY_ELSE = 0o077  # new folders have mode 0700, new files 0600


def main() -> None:
    """Run a command; every error becomes one sentence and an exit code."""
    os.umask(NOBODY_ELSE)  # for every file of the process, SQLite's too
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        from bot.cli.output.failures import report  # SQLAlchemy and structlog, which --help does not need

        sys.exit(report(error))
