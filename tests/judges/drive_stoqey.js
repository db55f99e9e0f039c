// Drives `@stoqey/ib` against a port and prints what it was told, as JSON: `node drive_stoqey.js DIRECTORY PORT`,
// where DIRECTORY is the one that holds node_modules.
"use strict";

const path = require("path");
const [directory, port] = process.argv.slice(2);
const { IBApi, EventName, SecType } = require(path.join(directory, "node_modules", "@stoqey", "ib"));

const told = { notices: [], errors: [], summary: [], bars: [], contracts: [], prices: [], grumbles: [] };
for (const method of ["warn", "error"]) {
  console[method] = (...words) => told.grumbles.push(words.join(" "));
}
process.on("warning", (warning) => told.grumbles.push(String(warning)));

const ib = new IBApi({ clientId: 7, host: "127.0.0.1", port: Number(port) });
const once = (event) =>
  new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`no ${event}`)), 20000);
    ib.once(event, (...values) => {
      clearTimeout(deadline);
      resolve(values);
    });
  });

ib.on(EventName.info, (message, code) => told.notices.push([code, message]));
ib.on(EventName.error, (error, code, request) => told.errors.push([code, request, error.message]));
ib.on(EventName.server, (version) => (told.server_version = version));
ib.on(EventName.accountSummary, (...row) => told.summary.push(row));
ib.on(EventName.contractDetails, (request, details) =>
  told.contracts.push([
    request,
    details.contract.conId,
    details.contract.symbol,
    details.contract.primaryExch,
    details.longName,
    details.minTick,
    details.timeZoneId,
    details.marketRuleIds,
  ]),
);
ib.on(EventName.historicalData, (request, time, ...values) => told.bars.push([request, time, ...values.slice(0, 7)]));
ib.on(EventName.marketDataType, (request, type) => (told.market_data_type = [request, type]));
ib.on(EventName.tickPrice, (request, field, value) => told.prices.push([request, field, value]));

async function main() {
  const accounts = once(EventName.managedAccounts);
  const nextId = once(EventName.nextValidId);
  ib.connect();
  [told.accounts] = await accounts;
  [told.next_valid_id] = await nextId;

  const time = once(EventName.currentTime);
  ib.reqCurrentTime();
  [told.time] = await time;

  const summaryEnd = once(EventName.accountSummaryEnd);
  ib.reqAccountSummary(9001, "All", "NetLiquidation,BuyingPower");
  await summaryEnd;
  ib.cancelAccountSummary(9001);

  const contract = { symbol: "AAPL", secType: SecType.STK, exchange: "SMART", currency: "USD" };
  const detailsEnd = once(EventName.contractDetailsEnd);
  ib.reqContractDetails(9003, contract);
  await detailsEnd;

  const history = new Promise((resolve) => {
    ib.on(EventName.historicalData, (request, time) => String(time).startsWith("finished") && resolve());
  });
  ib.reqHistoricalData(9002, contract, "20240102 16:00:00 US/Eastern", "1 D", "1 hour", "TRADES", 1, 1, false);
  await history;

  const price = once(EventName.tickPrice);
  ib.reqMarketDataType(3);
  ib.reqMktData(9005, contract, "", false, false);
  await price;
  ib.cancelMktData(9005);

  const positionEnd = once(EventName.positionEnd);
  ib.reqPositions();
  await positionEnd;

  const gone = once(EventName.disconnected);
  ib.disconnect();
  await gone;
  told.disconnected = true;
}

main()
  .catch((error) => told.grumbles.push(String(error)))
  .then(() => {
    process.stdout.write(JSON.stringify(told) + "\n");
    process.exit(0);
  });
