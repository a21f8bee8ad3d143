"""Google's rules for BigQuery that its emulator does not know; they run in the emulator's own Python."""
