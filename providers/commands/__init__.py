"""What a `ferry` command does, in the process of the command."""
