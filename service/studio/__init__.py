"""The studio: drafts of processes, what changed in words, and how a draft becomes the next version.

Functions take a session, and the facts of the house (plan, check context, calendar) as arguments.
"""
