"""Runtime: the machine contract and its driver, engine hosts and workers, the event log."""
