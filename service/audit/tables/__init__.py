"""Every column of every table held against the journal, or recomputed, or declared to stand outside with a reason."""
