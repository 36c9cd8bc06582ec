"""Audio: formats, codecs, resampling, framing. Knows nothing of speech, sessions or vendors."""
