"""What a file means: what one row of it is, which rows count, how amounts are written, and what is missing."""
