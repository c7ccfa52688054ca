"""Whose customers are in the book: handed over, and new ones."""
