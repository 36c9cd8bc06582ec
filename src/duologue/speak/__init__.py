"""Speak: phrases, spoken text, synthesis, word alignment, contexts. Knows nothing of listening or thinking."""
