"""The registry of high-level talents (高层次人才信息库)."""
