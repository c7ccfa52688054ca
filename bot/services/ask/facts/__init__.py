"""Facts that people record by hand: what can be recorded, recording it, and taking it back."""
