"""The customer profile: what is known of a customer besides figures, each value with its day, source and author."""
