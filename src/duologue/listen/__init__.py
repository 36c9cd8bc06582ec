"""Listen: voice activity, hypotheses, the floor, turns. Knows nothing of thinking or speaking."""
