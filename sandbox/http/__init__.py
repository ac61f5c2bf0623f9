"""What both APIs stand on."""
