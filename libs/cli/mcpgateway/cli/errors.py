"""The one error of the command line: something the user can mend, shown without a traceback."""


class CommandError(Exception):
    """What was wrong and what would be right, in one or a few lines. Exit status 1."""


class UsageError(CommandError):
    """The command line or a setting is wrong. Exit status 2."""
