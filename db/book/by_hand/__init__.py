"""What people change of the book by hand: customers that are handed over, prospects that are added."""
