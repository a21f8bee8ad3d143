"""Google Cloud: settings, clients, and what goes with each service."""
