"""Excel import with a preview, and export of lists."""
