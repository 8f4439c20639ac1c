"""Models for a user's own genres; nothing here needs torch."""
