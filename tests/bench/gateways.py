"""The other side of the fleet's bench, a process of its own: `python -m tests.bench.gateways COUNT`.

Prints the ports as a JSON list, then carries out a word for each line of its input, on every gateway: `refuse`, `heal`,
`storm N` (N times 1100), `calm` (1102). Answers each with a JSON object: when it began and when it was done, on
CLOCK_MONOTONIC.
"""

import json
import sys
import time

from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.bench.scenes import LOST, RESTORED

FARMS = 20


def greeting() -> tuple[tuple[int, str], ...]:
    """Twenty farms that are well."""
    market = [(2104, f"Market data farm connection is OK:usfarm{turn}") for turn in range(10)]
    historical = [(2106, f"HMDS data farm connection is OK:ushmds{turn}") for turn in range(7)]
    definitions = [(2158, f"Sec-def data farm connection is OK:secdef{turn}") for turn in range(3)]
    return (*market, *historical, *definitions)


def main() -> None:
    """Until the input ends."""
    count = int(sys.argv[1])
    scenario = Scenario(greeting=greeting())
    with Fleet() as fleet:
        gateways = [SimulatedGateway(scenario, fleet=fleet) for _ in range(count)]
        print(json.dumps([gateway.port for gateway in gateways]), flush=True)
        for line in sys.stdin:
            word, *rest = line.split()
            began = time.monotonic()
            for gateway in gateways:
                match word:
                    case "storm":
                        gateway.do("notice", code=1100, text=LOST, times=int(rest[0]), every=0.0)
                    case "calm":
                        gateway.do("notice", code=1102, text=RESTORED)
                    case _:
                        gateway.do(word)
            print(json.dumps({"began": began, "done": time.monotonic()}), flush=True)
        for gateway in gateways:
            gateway.close()


if __name__ == "__main__":
    main()
