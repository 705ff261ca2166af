"""As ``child``, for the print templates: rendering takes more memory than the other checks may have."""

from __future__ import annotations

from service.checks import prints
from service.checks.child import serve

if __name__ == "__main__":
    serve(lambda files, context, looking_at: prints.check(files, context, looking_at))
