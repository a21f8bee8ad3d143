"""The local cloud's doors: a proxy that lets in who knows the run's token, and cells for what has no lock."""
