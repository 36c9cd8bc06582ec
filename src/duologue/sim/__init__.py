"""Sim: the whole server in memory and in virtual time, callers with ears, hostile engines, the audit and the explorer."""
