"""The part of the page that its filters change: its counts, measures, charts and first state."""
