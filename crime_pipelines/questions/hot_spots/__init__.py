"""The question `hot_spots`."""
