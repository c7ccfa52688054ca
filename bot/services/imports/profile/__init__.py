"""What a file is, before anything of it is stored: `profile_file`."""

from bot.services.imports.profile.report import FileProfile
from bot.services.imports.profile.run import profile_file

__all__ = ["FileProfile", "profile_file"]
