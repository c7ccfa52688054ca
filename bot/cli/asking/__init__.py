"""Questions about customers, on the command line."""
