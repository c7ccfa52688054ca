"""How requests of Slack arrive: over Socket Mode, or as signed HTTP."""
