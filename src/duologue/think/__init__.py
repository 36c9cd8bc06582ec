"""Think: messages, completions, language models, tools. Knows nothing of listening or speaking."""
