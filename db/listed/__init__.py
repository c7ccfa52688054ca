"""Customers in lists: which fit, in which order, how many, and what a list says of them."""
