"""What is judged of the whole state at the end of a step: sight, gate, recovery, and what people are told."""
