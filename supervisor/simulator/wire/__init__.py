"""The API's wire: frames, text fields, protobuf, and requests as they arrive. Pure."""
