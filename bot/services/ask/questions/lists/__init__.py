"""From the tokens of a question to a list: which customers, in which order."""
