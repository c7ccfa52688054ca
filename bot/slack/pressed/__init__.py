"""What came from Slack, where its answer goes, and the Home tab."""
