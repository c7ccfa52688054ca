"""The Home tab: what a person sees there, and what they set for themselves."""
