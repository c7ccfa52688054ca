"""`care`: what customers are owed, the plans that say so, and why a step is due or not."""
