"""Units, persons, leaders, liaisons, substitutes."""
