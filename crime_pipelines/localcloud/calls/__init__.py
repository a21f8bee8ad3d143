"""A record of the local cloud: which service account needed which permission, and on what."""
