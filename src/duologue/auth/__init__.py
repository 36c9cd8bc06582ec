"""Auth: who may connect, with which credential, and how often at once."""
