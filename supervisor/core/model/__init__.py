"""The words of the core: policy, events, actions, records, facts, layers, status, snapshot."""
