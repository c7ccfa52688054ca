"""What people record about a customer from the menu of its card: complaints, gifts and contact people."""
