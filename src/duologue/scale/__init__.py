"""Scale: one server of several processes or machines. Nothing of it is here yet; the name only keeps its place among the layers.

A server of today is one process for sockets and decisions, with worker processes of its own for the engines (`runtime/pool.py`). Servers
side by side know nothing of each other: each counts the connections of a key for itself.
"""
