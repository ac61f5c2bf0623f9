"""What each `ferry` command does, in the process of that command."""
