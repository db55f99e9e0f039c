"""What a gateway says: every message in both of its layouts, text and protobuf. Pure."""
