"""What stands in Slack about steps: the messages that show them, and what has become of each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
