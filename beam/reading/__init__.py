"""From incident files to typed rows, counted by two ways."""
