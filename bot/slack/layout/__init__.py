"""How a message is laid out, by what the workspace takes."""
