// Trades with `@stoqey/ib` against a port and prints what it was told, as JSON: `node ... DIRECTORY PORT`.
"use strict";

const path = require("path");
const [directory, port] = process.argv.slice(2);
const { IBApi, EventName, SecType } = require(path.join(directory, "node_modules", "@stoqey", "ib"));

const told = { statuses: [], executions: [], costs: [], errors: [], positions: [], completed: [], open: [], grumbles: [] };
for (const method of ["warn", "error"]) {
  console[method] = (...words) => told.grumbles.push(words.join(" "));
}
const ib = new IBApi({ clientId: 7, host: "127.0.0.1", port: Number(port) });
const until = async (so, what) => {
  for (let turn = 0; turn < 1000; turn++) {
    if (so()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no ${what}`);
};
const ended = new Set();
let first = 0;
ib.on(EventName.nextValidId, (id) => (first = id));
ib.on(EventName.error, (error, code, request) => request > 0 && told.errors.push([request, code]));
ib.on(EventName.orderStatus, (id, status, filled, remaining, average) =>
  told.statuses.push([id, status, filled, remaining, average]),
);
ib.on(EventName.openOrder, (id, contract, order, state) =>
  told.open.push([id, contract.symbol, order.action, order.totalQuantity, order.orderType, order.whatIf, state.status]),
);
ib.on(EventName.execDetails, (request, contract, execution) =>
  told.executions.push([request, contract.symbol, execution.side, execution.shares, execution.price]),
);
ib.on(EventName.execDetailsEnd, (request) => ended.add(`executions ${request}`));
ib.on(EventName.commissionReport, (report) => told.costs.push(report.commission));
ib.on(EventName.position, (account, contract, position, cost) =>
  told.positions.push([account, contract.symbol, position, cost]),
);
ib.on(EventName.positionEnd, () => ended.add("positions"));
ib.on(EventName.completedOrder, (contract, order, state) =>
  told.completed.push([contract.symbol, order.orderType, state.status, state.completedStatus]),
);
ib.on(EventName.completedOrdersEnd, () => ended.add("completed"));

async function main() {
  ib.connect();
  await until(() => first, "an id");
  const stock = { symbol: "AAPL", secType: SecType.STK, exchange: "SMART", currency: "USD" };
  const order = (action, totalQuantity, orderType, more) => ({ action, totalQuantity, orderType, transmit: true, ...more });
  const reached = (id, status) => () => told.statuses.some((row) => row[0] === id && row[1] === status);
  ib.placeOrder(first, stock, order("BUY", 100, "MKT"));
  await until(() => told.costs.length, "a fill");
  ib.placeOrder(first + 1, stock, order("BUY", 10, "LMT", { lmtPrice: 50, tif: "GTC" }));
  await until(reached(first + 1, "Submitted"), "a limit order");
  ib.cancelOrder(first + 1);
  await until(reached(first + 1, "Cancelled"), "a cancellation");
  ib.reqExecutions(21, {});
  await until(() => ended.has("executions 21"), "executions");
  ib.reqCompletedOrders(false);
  await until(() => ended.has("completed"), "completed orders");
  ib.reqPositions();
  await until(() => ended.has("positions"), "positions");
  ib.disconnect();
}

main()
  .catch((error) => told.grumbles.push(String(error)))
  .then(() => {
    process.stdout.write(JSON.stringify(told) + "\n");
    process.exit(0);
  });
