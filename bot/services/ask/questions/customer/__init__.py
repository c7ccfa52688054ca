"""Questions about single customers: who is meant, what is asked of them, and the answers."""
