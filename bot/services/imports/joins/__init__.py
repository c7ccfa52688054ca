"""Customers that are one customer: joined into the one that stays, with everything that counts for its grade."""
