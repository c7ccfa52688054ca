"""What people record about a customer: complaints, gifts, promises and survey scores."""
