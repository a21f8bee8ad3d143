"""The question `hot_spot_accuracy`."""
