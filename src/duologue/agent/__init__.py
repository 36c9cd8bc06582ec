"""Agent: turn taking, replies, playback, history, the session machine and its shell."""
