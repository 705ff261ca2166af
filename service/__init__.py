"""Talent Liaison (直联平台): a district's leaders liaise with and serve high-level talents."""
