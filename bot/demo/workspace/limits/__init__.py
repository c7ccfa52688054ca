"""What Slack accepts: the limits of Block Kit, and what interactive elements hold."""
