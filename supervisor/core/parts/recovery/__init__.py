"""Recovery: what may be done for a gateway, when, and whether it helped. Off unless the operator lists rungs."""
