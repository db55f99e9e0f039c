"""One program a peer, run in the peer's own environment; each prints what its client claims, as JSON lines.

A line is `{"at": seconds, "who": name, "says": word}`, at on CLOCK_MONOTONIC, which all processes of a machine share.
The words: `up` and `down` (what the client tells a program that uses it), `restart` (it asks for a new gateway
process), `trying` and `gave_up` (an attempt), `heard` with `code` (a notice that reached the program), `suspect` (the
gateway may hang), `fill` with `code` (an execution that reached the program; its price is its number).
About `NAME/door`, `up` and `down` are what a program asks before it sends an order.
"""
