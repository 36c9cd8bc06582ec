"""Any bytes: accepted or refused, never a crash or a hang.

`make fuzz` mutates what clients really send and feeds it to everything here that reads what somebody else wrote. A finding is made small
and written to `out/fuzz/`; once it is repaired, the file moves to `fuzz/findings/`, which the suite replays. See docs/fuzz.md.
"""
