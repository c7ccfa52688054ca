"""What a person tries in the browser: the conversation, the controls at its side, and five of the faults."""
