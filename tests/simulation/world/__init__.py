"""The modelled world: clocks, network, gateway, IBKR, controllers, people."""
