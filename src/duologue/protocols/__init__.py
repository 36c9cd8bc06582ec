"""Protocols: pure translators between vendors' frames and our vocabularies. They import vocabularies, never a machine or a shell."""
