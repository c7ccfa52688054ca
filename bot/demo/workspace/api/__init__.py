"""The Web API that the app calls: its methods by family, and the response URLs."""
