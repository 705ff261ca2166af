"""Verification 核验 of all that is stored, in pieces: each as of one moment, several at once, none done in vain."""
