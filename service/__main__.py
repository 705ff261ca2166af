"""``python -m service`` is ``liaison``."""

from service.cli import main

main()
