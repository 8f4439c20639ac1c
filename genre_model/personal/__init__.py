"""Models for a person's own genres; nothing here needs torch."""
