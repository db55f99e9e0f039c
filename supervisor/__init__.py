"""ib-supervisor: keeps the connection to Interactive Brokers' TWS or IB Gateway alive and tells the truth about it."""
