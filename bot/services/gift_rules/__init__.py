"""The rules of the firm about gifts, and whether a gift is within its limits."""
