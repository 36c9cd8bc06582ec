"""Usage: what each connection took, in rows that survive the process."""
