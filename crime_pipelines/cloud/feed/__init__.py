"""The feed of new incidents: where its messages come from, and what becomes of those that are no good."""
