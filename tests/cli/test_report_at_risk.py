"""`tierbot report at-risk`: sums, by person and team, customers, for people and for scripts, in both languages."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from bot.errors import NotAllowed, NotReady
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command
from tests.cli.conftest import TODAY as TODAY

Report = Callable[..., Result]
