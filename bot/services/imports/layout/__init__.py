"""Where a file holds what: the line of its header, and the column of each field."""
