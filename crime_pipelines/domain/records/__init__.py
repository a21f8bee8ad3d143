"""CSV records: where each begins and ends, and what its fields are."""
