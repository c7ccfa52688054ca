"""Contact people of customers: what is known of them, who sees it, and who changes it."""
