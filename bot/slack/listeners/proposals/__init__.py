"""Proposals about customers: the forms that make and decline one, and the buttons of those who decide."""
