"""Input quality: what is wrong with an input as a whole, so that no answer is silently wrong."""
