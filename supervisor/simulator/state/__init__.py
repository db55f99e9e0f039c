"""The simulated world behind the gateway: instruments, prices, orders, accounts. Pure; time is an argument."""
