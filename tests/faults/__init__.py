"""Faults injected into real processes: `python -m tests.faults`, or `make faults`."""
