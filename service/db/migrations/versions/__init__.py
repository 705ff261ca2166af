"""The migrations themselves, one line from the first to the newest."""
