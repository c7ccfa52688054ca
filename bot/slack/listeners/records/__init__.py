"""What people record about a customer from the menu of its card: complaints and contact people."""
