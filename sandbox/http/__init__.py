"""What both APIs stand on: requests, faults, logs, ids."""
