"""The models that a user can choose from, and their training data."""
