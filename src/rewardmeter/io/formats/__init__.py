"""Readers and writers of users' own files, one module per format; `detect` tells which one a file is.

Nothing is imported here, so that the readers of rows can be used without the formats.
"""
