"""The service promise of a tier: what it says, and how much of what can be counted was owed, in time, late and missed."""
