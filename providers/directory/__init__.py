"""The desired state: pure, no network, no Pulumi, no clock."""
