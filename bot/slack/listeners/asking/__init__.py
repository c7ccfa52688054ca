"""What answers questions about customers beyond the card."""
