"""What the workspace holds in memory: people, channels, messages, views and tickets."""
