"""Listening engines: voice activity detectors and recognisers behind the transducer interface. Chosen by name in `registry.py`.

Only the files here import engine libraries, and only when an engine is created; a server process never does.
"""
