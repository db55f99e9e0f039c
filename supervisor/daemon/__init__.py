"""The daemon: one mailbox, one deciding loop; it carries events in and actions out."""
