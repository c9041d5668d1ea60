"""Analyses of one chapter each, from the library's tables and arrays."""
