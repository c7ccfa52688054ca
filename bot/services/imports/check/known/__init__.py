"""What a file says against what the book has already."""
