"""Customers in lists, two or three beside each other, and a team."""
