"""The Pulumi program: it declares the stack, and stops before the first write if it must."""
