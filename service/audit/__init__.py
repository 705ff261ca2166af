"""The auditor's room: what the journal proves of the rows that pages show, and what auditors ask of it."""
