"""What an option is worth: Black and Scholes, without dividends and at one rate. Pure."""

import math

from supervisor.frozen import dataclass

RATE = 0.04
YEAR = 365 * 86400.0


@dataclass(frozen=True, slots=True)
class Greeks:
    """An option's price and how it moves: per point, per point squared, per percent of volatility, per day."""

    volatility: float
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    underlying: float


def _normal(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def _density(x: float) -> float:
    return math.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)


def greeks(call: bool, underlying: float, strike: float, seconds: float, volatility: float) -> Greeks:
    """The option's figures so many seconds before it expires."""
    years = max(seconds, 60.0) / YEAR
    spread = volatility * math.sqrt(years)
    d1 = (math.log(underlying / strike) + (RATE + volatility**2 / 2.0) * years) / spread
    d2 = d1 - spread
    discounted = strike * math.exp(-RATE * years)
    sign = 1.0 if call else -1.0
    price = sign * (underlying * _normal(sign * d1) - discounted * _normal(sign * d2))
    decay = -underlying * _density(d1) * volatility / (2.0 * math.sqrt(years))
    theta = (decay - sign * RATE * discounted * _normal(sign * d2)) / 365.0
    delta = sign * _normal(sign * d1)
    gamma = _density(d1) / (underlying * spread)
    vega = underlying * _density(d1) * math.sqrt(years) / 100.0
    return Greeks(volatility, max(price, 0.0), delta, gamma, vega, theta, underlying)


def implied(call: bool, underlying: float, strike: float, seconds: float, price: float) -> float | None:
    """The volatility at which the option costs this; None if none between 0.1 % and 500 % does."""
    low, high = 0.001, 5.0
    if not (
        greeks(call, underlying, strike, seconds, low).price <= price
        and price <= greeks(call, underlying, strike, seconds, high).price
    ):
        return None
    for _ in range(60):
        middle = (low + high) / 2.0
        if greeks(call, underlying, strike, seconds, middle).price < price:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
