// `@stoqey/ib`'s IBApiNext with its auto-reconnect: `node stoqey.js DIRECTORY NAME=PORT`, where DIRECTORY holds
// node_modules. Reconnect interval 5 s, connection watchdog 10 s, one client id: as its README shows. Its claim is its
// connection state.
"use strict";

const path = require("path");
const [directory, gateway] = process.argv.slice(2);
const [who, port] = gateway.split("=");
const { IBApiNext, ConnectionState, EventName } = require(path.join(directory, "node_modules", "@stoqey", "ib"));

const say = (word, more = {}, of = who) => {
  const at = Number(process.hrtime.bigint()) / 1e9; // CLOCK_MONOTONIC on Linux
  process.stdout.write(JSON.stringify({ at, who: of, says: word, ...more }) + "\n");
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const next = new IBApiNext({
  host: "127.0.0.1",
  port: Number(port),
  reconnectInterval: 5000,
  connectionWatchdogInterval: 10,
  logger: quiet,
});
next.connectionState.subscribe((state) => {
  if (state === ConnectionState.Connected) say("up");
  else say("down");
  if (state === ConnectionState.Connecting) say("trying");
});
next.api.on(EventName.info, (message, code) => say("heard", { code }));
next.api.on(EventName.error, (error, code) => say("heard", { code }));
next.api.on(EventName.execDetails, (request, contract, execution) => say("fill", { code: Math.round(execution.price) }));
let may = false; // what a program asks before an order
setInterval(() => {
  if (next.isConnected !== may) {
    may = next.isConnected;
    say(may ? "up" : "down", {}, `${who}/door`);
  }
}, 5);
next.connect(911);
