"""Which days are worked on: of a week, of a country, of a year."""
