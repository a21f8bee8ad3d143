"""`crime-pipelines layout`."""
