"""Evidence 证据包 of one case: all that proves it in one file, and the program that checks it elsewhere."""
