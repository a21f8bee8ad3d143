"""The question `hexagons`."""
