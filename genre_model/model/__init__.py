"""Model files, their cards, and the probabilities that they compute."""
