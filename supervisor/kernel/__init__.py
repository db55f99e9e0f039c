"""The kernel's word about sockets: who has not read, accepted or acknowledged what. Linux; docs/kernel.md."""
