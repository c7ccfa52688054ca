"""Messages that answer what people ask of customers: briefs, scores and notes."""
