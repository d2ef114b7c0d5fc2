"""What the commands' exit statuses mean."""

from enum import IntEnum


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1
    MISUSED = 2
    NOT_STARTED = 3


EXPLAINED = """\b
Exit status:
  0  done
  1  it failed; the reason is printed
  2  wrong settings or a wrong command line; every mistake is printed
  3  the server could not start, for example because its port is taken
"""
