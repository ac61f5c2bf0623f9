"""What the Pulumi program does: it declares the stack, and stops before the first write if it must."""
