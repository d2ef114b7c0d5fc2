"""`python -m edge`."""

from edge.cli import command_line

# Child processes import this module again, under another name.
if __name__ == "__main__":
    command_line()(prog_name="python -m edge")
