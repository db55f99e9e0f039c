"""What programs and scripts ask: the gate."""
