"""A feed's history of messages, and whether the warehouse says of it what a batch says."""
