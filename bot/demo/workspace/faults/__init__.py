"""Faults to be switched on, and the ledger of what was stored. Only tests use them, with two exceptions.

The page offers five of the faults and shows the count of second copies (`page.switches`).
"""
