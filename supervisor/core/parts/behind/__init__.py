"""What is seen behind the port, by controllers and by the kernel."""
