// What the daemon said last, and the three ways of asking it: a question every few seconds, the stream of events, and
// what happened before. Whoever draws is called when something changed.
const POLL = 3000, HISTORY = 60000, LATE = 4000, KEPT = 400, OPENED = Date.now();
const daemon = { gateways: [], version: null, heard: 0, offset: 0, away: false, past: null, events: [], newest: null, announced: "" };
const drawers = new Set(), tickers = new Set(), listeners = new Set();
const now = () => Date.now() + daemon.offset;
const changed = () => { for (const draw of drawers) draw(); };
const joined = (set) => (what) => { set.add(what); return () => set.delete(what); };
const onTick = joined(tickers), onEvent = joined(listeners);

function useDaemon() {
  const [, draw] = useState(0);
  useEffect(() => joined(drawers)(() => draw((n) => n + 1)), []);
  return daemon;
}
async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(LATE * 3), cache: "no-store" });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `${path}: ${answer.status}`);
  return answer.json();
}
const asked = (path, fields) => ask(`${path}?${new URLSearchParams(fields)}`);

// What stayed as it was stays the same object, so that it is not drawn again.
const lasting = ({ heartbeat_seconds, last_message, gate, ...rest }) => JSON.stringify([rest, gate && [gate.open, gate.reasons]]);
function take(gateways) {
  const before = new Map(daemon.gateways.map((gateway) => [gateway.name, gateway]));
  daemon.gateways = gateways.map((gateway) => {
    const known = before.get(gateway.name);
    if (known && known.status !== gateway.status && known.status !== "unknown") daemon.announced = `${gateway.name} is ${words(gateway.status)}`;
    return known && lasting(known) === lasting(gateway) ? Object.assign(known, gateway, { gate: gateway.gate }) : gateway;
  });
}
let asking = false, again = false;
// One question at a time; what happens meanwhile is asked for once more after it.
async function look() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const found = await ask("/api/v1/status");
    if (found.version !== PAGE.version) { location.reload(); return; }
    daemon.heard = Date.now(); daemon.offset = Date.parse(found.now) - daemon.heard; daemon.version = found.version;
    take(found.gateways);
    reach(true);
    changed();
  } catch { reach(false); }
  asking = false;
  if (again) { again = false; setTimeout(look, 150); }
}
// Of a gateway whose daemon is silent nothing is known but what does not change, and what was so when it was last heard.
// A daemon that ends stops every session: what it says then of a gateway that nobody paused is no news of that gateway.
const unknown = ({ name, host, port, client_id, labels, account_mode, windows, reauth, status, since, cause, paused_until }) => ({
  name, host, port, client_id, labels, account_mode, reauth, windows: windows.filter((w) => !w.active), status: "unknown", farms: [], layers: Object.fromEntries(LADDER.map((layer) => [layer, null])), upstream: { up: null },
  before: status === "stopped" && !cause ? null : { status, since, cause, paused_until },
});
function reach(answers) {
  if (daemon.away === !answers) return;
  daemon.away = !answers;
  if (!answers) daemon.gateways = daemon.gateways.map(unknown);
  if (answers) { daemon.announced = "the daemon answers again"; remember(); }
  changed();
}
let remembering = 0, later = 0, remembered = 0;
// What goes on has another length each time.
const refresh = () => { if (Date.now() - remembered > HISTORY || daemon.gateways.some((gateway) => SICK.has(gateway.status))) remember(); };
async function remember() {
  const turn = ++remembering;
  remembered = Date.now();
  const fields = PAGE.gateway ? { since: "24h", gateway: PAGE.gateway } : { since: "24h" };
  try {
    const found = await asked("/api/v1/history", fields);
    if (turn !== remembering) return;
    const mine = new Map(found.gateways.map((known) => [known.name, { ...known, since: found.since, until: found.until, outages: [] }]));
    for (const outage of found.outages) mine.get(outage.gateway)?.outages.push(outage);
    daemon.past = mine;
    changed();
  } catch { /* the next look tells */ }
}
function hear(record, fresh) {
  if (daemon.newest !== null && record.id <= daemon.newest) return;
  daemon.newest = record.id;
  if (record.level === "debug") return;
  daemon.events = [{ ...record, fresh }, ...daemon.events].slice(0, KEPT);
  for (const listener of listeners) listener(record);
}
const TURNING = new Set(["outage_closed", "status", "window", "reloaded"]);
function listen() {
  const source = new EventSource(`/api/v1/events/stream${daemon.newest === null ? "" : `?since=${daemon.newest}`}`);
  source.onmessage = (message) => {
    const record = JSON.parse(message.data);
    hear(record, true);
    changed();
    look();
    if (TURNING.has(record.kind)) { clearTimeout(later); later = setTimeout(remember, 400); }
  };
  source.onopen = look;
  source.onerror = () => { look(); if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL); };
}
async function begin() {
  try { for (const record of (await ask("/api/v1/events?limit=200")).events) hear(record, false); } catch { setTimeout(begin, POLL); return; }
  changed();
  listen();
}
function tick() {
  if (daemon.heard && Date.now() - daemon.heard > LATE + POLL) reach(false);
  for (const ticker of tickers) ticker();
}
