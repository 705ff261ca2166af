"""Figures of the service beside a bare application: ``make bench``. Nothing here asserts a timing."""
