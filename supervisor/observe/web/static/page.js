// The status page: asks its own daemon, draws what it says, and says so when it says nothing.
// Nothing here is kept: a reload of the page costs nothing. No text ever becomes markup.
const LADDER = ["port", "handshake", "session", "heartbeat", "upstream", "farms"];
const KINDS = { market_data: "market data", historical: "historical", sec_def: "definitions" };
const ICONS = {
  up: ["M3 8.6l3.3 3.3L13 4.6"], degraded: ["M8 2.2L14.6 13.6H1.4z", "M8 6.4v3.2", "M8 11.6v.1"], maintenance: ["M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8z", "M8 4.8V8l2.3 1.7"],
  reauth_required: ["M5.2 7.2a3 3 0 100 5.9 3 3 0 000-5.900z", "M7.4 8L13.4 2.2", "M10.6 5l2.200 2"], down: ["M4 4l8 8", "M12 4l-8 8"], stopped: ["M5.2 3.5v9", "M10.800 3.5v9"],
  ok: ["M3 8.6l3.3 3.3L13 4.6"], broken: ["M4 4l8 8", "M12 4l-8 8"], inactive: ["M3.500 8h9"], connecting: ["M3 8h.1", "M8 8h.1", "M13 8h.1"], unknown: ["M8 4.200a3.800 3.800 0 100 7.600 3.800 3.800 0 000-7.600z"],
  debug: ["M8 8h.1"], info: ["M8 7.500v4.500", "M8 4.200v.1"], warning: ["M8 2.2L14.6 13.6H1.4z", "M8 6.4v3.2", "M8 11.6v.1"], error: ["M4 4l8 8", "M12 4l-8 8"], next: ["M8 8h.1"],
};
const DAY = 86400e3, POLL = 3000, HISTORY = 60000, SHOWN = 80, LATE = 4000;
const $ = (id) => document.getElementById(id);
const SVG = $("patterns").namespaceURI;
let offset = 0, heard = 0, version = null, gateways = [], past = null, lastId = null, source = null, away = false, asking = false, again = false;
const cards = new Map(), said = new Map();

function make(space, name, given, children) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(given ?? {})) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const el = (name, given, ...children) => make(null, name, given, children);
const svg = (name, given, ...children) => make(SVG, name, given, children);
const icon = (name) => svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, ...(ICONS[name] ?? ICONS.unknown).map((d) => svg("path", { d })));
const words = (name) => name.replaceAll("_", " ");
const now = () => Date.now() + offset;
const clock = (at, zone, seconds) => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23", timeZone: zone }).format(at);
const day = (at, zone) => new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(at);
const zoneName = (at, zone) => new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "short" }).formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";

function span(seconds) {
  if (seconds > 0 && seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  const whole = Math.max(0, Math.round(seconds));
  for (const [unit, length, smaller, part] of [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]])
    if (whole >= length) { const rest = Math.floor((whole % length) / part); return `${Math.floor(whole / length)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`; }
  return `${whole} s`;
}
// What a countdown or an age says now; `tick` says it again each second.
function running(node) {
  const at = Date.parse(node.dataset.at), gap = Math.round(Math.abs(at - now()) / 1000);
  const text = { since: `for ${span(gap)}`, left: `${span(gap)} left`, until: at > now() ? `in ${span(gap)}` : "now" }[node.dataset.run];
  if (node.textContent !== text) node.textContent = text;
  return node;
}
const timer = (at, run) => running(el("time", { datetime: at, "data-at": at, "data-run": run }));

// -- one gateway ----------------------------------------------------------------------------------------------------
function ladder(gateway) {
  const lowest = LADDER.findIndex((layer) => !gateway.layers[layer]);
  return el("ol", { class: "ladder", "aria-label": "layers, from the bottom" }, ...LADDER.map((layer, i) => {
    const [kind, mark, word] = gateway.layers[layer] === null ? ["", "next", "unknown"] : gateway.layers[layer] ? ["on", "up", "up"] : i === lowest ? ["off", "down", "broken"] : ["", "next", "not reached"];
    return el("li", { class: kind }, el("span", {}, icon(mark)), layer, el("span", { class: "hidden" }, ` ${word}`));
  }));
}
function farms(gateway) {
  const kinds = Object.entries(KINDS).map(([kind, name]) => [name, gateway.farms.filter((farm) => farm.kind === kind)]).filter(([, found]) => found.length);
  if (!kinds.length) return null;
  return el("section", {}, el("h3", {}, "Data farms"), el("dl", { class: "farms" }, ...kinds.flatMap(([name, found]) => [el("dt", {}, name), el("dd", {}, ...found.map((farm) =>
    el("span", { class: `farm ${farm.state}${farm.required ? "" : " optional"}`, title: `${farm.state}, ${farm.required ? "required" : "not required"}` }, icon(farm.state), farm.name, el("span", { class: "hidden" }, ` ${farm.state}`))))])));
}
function figures(gateway) {
  const up = gateway.upstream.up, hand = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const login = gateway.reauth.required ? "now" : gateway.reauth.due ? timer(gateway.reauth.due, "until") : "none known";
  return el("dl", { class: "figures" },
    hand("heartbeat", el("span", { "data-beat": "" }, beat(gateway))), hand("IBKR's servers", up === null ? "unknown" : up ? "connected" : "lost"),
    gateway.next_attempt ? hand("next attempt", timer(gateway.next_attempt, "until")) : hand("session", gateway.layers.session ? `no. ${gateway.epoch}` : "none"),
    hand(gateway.reauth.assumed ? "login due (assumed)" : "login due", login));
}
const beat = (gateway) => gateway.heartbeat_seconds === null ? "none" : `${Math.max(1, Math.round(gateway.heartbeat_seconds * 1000))} ms`;
function windows(gateway) {
  const zone = of(gateway.name)?.timezone ?? undefined, rows = gateway.windows.filter((w) => w.start && Date.parse(w.end) > now()).sort((a, b) => a.start < b.start ? -1 : 1).slice(0, 4);
  if (gateway.reauth.due) rows.push({ name: "login due", start: gateway.reauth.due, login: true });
  if (!rows.length) return null;
  return el("section", {}, el("h3", {}, "Coming windows"), el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "window"), el("th", { scope: "col" }, "here"), zone ? el("th", { scope: "col" }, `gateway, ${zoneName(now(), zone)}`) : null, el("th", { scope: "col" }, el("span", { class: "hidden" }, "when")))),
    el("tbody", {}, ...rows.map((w) => el("tr", { class: w.active ? "now" : w.login && gateway.reauth.required ? "due" : "" }, el("td", {}, words(w.name)), el("td", {}, day(Date.parse(w.start))), zone ? el("td", {}, day(Date.parse(w.start), zone)) : null,
      el("td", {}, w.active ? timer(w.end, "left") : timer(w.start, "until")))))));
}
const of = (name) => past?.gateways.find((found) => found.name === name);

function timeline(gateway, width) {
  const known = of(gateway.name);
  if (!known) return null;
  const end = now(), begin = end - DAY, high = 30, x = (at) => Math.max(0, Math.min(width, (at - begin) / DAY * width)), parts = [];
  const bar = (from, to, given, title, least = 0) => { const a = x(from), wide = Math.max(least, x(to) - a); if (wide > 0) parts.push(svg("rect", { x: Math.min(a, width - wide), width: wide, ...given }, title ? svg("title", {}, title) : null)); };
  const mine = past.outages.filter((o) => o.gateway === gateway.name && (o.ended === null || Date.parse(o.ended) > begin)), until = Date.parse(past.until);
  bar(begin, end, { y: 6, height: high, class: "unseen" });
  for (const [from, to] of known.watched) bar(Date.parse(from), Date.parse(to) >= until - 15e3 ? end : Date.parse(to), { y: 6, height: high, class: "seen" });
  for (const w of known.windows) { const title = `${words(w.name)} window, ${clock(Date.parse(w.start))} to ${clock(Date.parse(w.end))}`; bar(Date.parse(w.start), Date.parse(w.end), { y: 0, height: high + 6, class: "window" }, title); bar(Date.parse(w.start), Date.parse(w.end), { y: 0, height: 3, class: "edge" }, null, 2); }
  for (const o of mine) bar(Date.parse(o.began), o.ended ? Date.parse(o.ended) : end, { y: o.planned ? 6 + high / 2 : 6, height: o.planned ? high / 2 : high, class: `c-${o.cause}` }, `${o.planned ? "planned" : "unplanned"}: ${o.cause} from ${clock(Date.parse(o.began), undefined, true)} for ${span(o.seconds)}`, 3);
  parts.push(svg("rect", { x: .5, y: 6.5, width: width - 1, height: high - 1, rx: 3, class: "frame" }));
  const step = (width < 360 ? 6 : 3) * 36e5, first = new Date(begin); first.setMinutes(0, 0, 0);
  while (first.getHours() % (step / 36e5)) first.setHours(first.getHours() + 1);
  for (let at = first.getTime(); at < end; at += step) if (at > begin && x(at) > 14 && x(at) < width - 14) parts.push(svg("line", { x1: x(at), x2: x(at), y1: high + 6, y2: high + 10, class: "tick" }), svg("text", { x: x(at), y: high + 21, "text-anchor": "middle" }, clock(at)));
  const told = `last 24 hours: ${known.unplanned_outages} unplanned outages, ${span(known.unplanned_seconds)}; ${known.planned_outages} planned, ${span(known.planned_seconds)}; not observed for ${span(known.unobserved_seconds)}`;
  const part = known.availability, percent = part === null ? "not observed" : `${part < 1 ? (Math.floor(part * 1e5) / 1e3).toFixed(3) : "100"} % available`;
  const unseen = part !== null && known.unobserved_seconds > 300 ? `, ${span(known.unobserved_seconds)} not observed` : "";
  return el("section", {}, el("div", { class: "over" }, el("h3", {}, "Last 24 hours"), el("p", {}, el("b", {}, percent), unseen)), svg("svg", { class: "line", role: "img", "aria-label": told, viewBox: `0 0 ${width} 56`, width, height: 56 }, ...parts), outages(mine));
}
function outages(mine) {
  if (!mine.length) return el("p", { class: "past quiet" }, "no outage");
  const shown = mine.slice(-4).reverse(), more = mine.length - shown.length;
  return el("ul", { class: "past" }, ...shown.map((o) => el("li", {}, el("i", { class: `c-${o.cause}${o.planned ? " half" : ""}` }), el("time", { datetime: o.began }, clock(Date.parse(o.began))), el("b", {}, o.cause), el("span", {}, span(o.seconds)), el("span", { class: "quiet" }, `${o.planned ? "planned" : "unplanned"}${o.ended ? "" : ", goes on"}`))),
    more ? el("li", { class: "quiet" }, el("span", {}), el("span", {}, `${more} more`)) : null);
}
function card(gateway) {
  const id = `g-${gateway.name}`, width = Math.max(200, Math.floor(cardWidth()));
  return el("article", { class: `is-${gateway.status}`, id: `card-${gateway.name}`, "aria-labelledby": id },
    el("div", { class: "head" }, el("h2", { id }, gateway.name), el("span", { class: `badge ${gateway.status}` }, icon(gateway.status), words(gateway.status)),
      el("p", { class: "since" }, gateway.since ? timer(gateway.since, "since") : "not yet known", gateway.server_version ? ` · server version ${gateway.server_version}` : "", gateway.account_mode === "any" ? "" : ` · ${gateway.account_mode}`)),
    gateway.cause ? el("div", { class: "cause" }, el("p", {}, gateway.cause), gateway.cure ? el("p", {}, gateway.cure) : null) : null,
    ladder(gateway), figures(gateway), timeline(gateway, width), farms(gateway), windows(gateway));
}
function cardWidth() {
  const some = $("gateways").querySelector("article");
  if (some) { const style = getComputedStyle(some); return some.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight); }
  return Math.min(520, innerWidth - 60);
}

// -- the whole page -------------------------------------------------------------------------------------------------
function draw(force) {
  const names = new Set(gateways.map((gateway) => gateway.name));
  for (const [name, found] of cards) if (!names.has(name)) { found.node.remove(); cards.delete(name); }
  gateways.forEach((gateway, i) => {
    const key = JSON.stringify({ ...gateway, heartbeat_seconds: 0, last_message: 0 }), found = cards.get(gateway.name);
    if (found && found.key === key && !force) { const node = found.node.querySelector("[data-beat]"); if (node) node.textContent = beat(gateway); return; }
    const node = card(gateway);
    if (found) found.node.replaceWith(node); else $("gateways").insertBefore(node, $("gateways").children[i] ?? null);
    cards.set(gateway.name, { node, key });
    const before = said.get(gateway.name);
    if (before && before !== gateway.status) $("announce").textContent = `${gateway.name} is ${words(gateway.status)}`;
    said.set(gateway.name, gateway.status);
  });
  const up = gateways.filter((gateway) => gateway.status === "up").length, counts = new Map();
  for (const gateway of gateways) counts.set(gateway.status, (counts.get(gateway.status) ?? 0) + 1);
  $("summary").textContent = up === gateways.length ? `All ${up} up` : `${up} of ${gateways.length} up`;
  if (gateways.length === 1) $("summary").textContent = `${gateways[0].name} is ${words(gateways[0].status)}`;
  document.title = `${up}/${gateways.length} up · ib-supervisor`;
  $("counts").replaceChildren(...[...counts].map(([status, count]) => el("li", {}, el("a", { class: `badge ${status}`, href: `#card-${gateways.find((gateway) => gateway.status === status).name}` }, icon(status), `${count} ${words(status)}`))));
  $("version").textContent = version ? `version ${version}` : "";
}
function tick() {
  if (!away) for (const node of document.querySelectorAll("[data-run]")) running(node);
  const lost = heard && Date.now() - heard > LATE + POLL;
  if (lost && !away) reach(false);
  if (away) {
    const since = new Date(heard || opened);
    $("alarm").hidden = false;
    $("summary").textContent = "Nothing is known";
    document.title = "no answer · ib-supervisor";
    $("alarm-text").textContent = heard ? `The daemon does not answer. Nothing is known since ${clock(since, undefined, true)}; what is shown is what was known then.` : `The daemon does not answer since this page was opened at ${clock(since, undefined, true)}.`;
    $("link").textContent = `no answer for ${span(Math.round((Date.now() - since) / 1000))}`;
  } else if (heard) $("link").textContent = `live, ${clock(now(), undefined, true)}`;
}
const opened = Date.now();
function reach(answers) {
  if (away === !answers) return;
  away = !answers;
  document.body.classList.toggle("away", away);
  if (!away) { $("alarm").hidden = true; draw(false); $("announce").textContent = "the daemon answers again"; remember(); }
  tick();
}
async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(LATE), cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
// One question at a time; what happens meanwhile is asked for once more after it.
async function look() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const found = await ask("/api/v1/status");
    if (version !== null && version !== found.version) location.reload();
    heard = Date.now(); offset = Date.parse(found.now) - heard; version = found.version; gateways = found.gateways;
    if (away) reach(true); else draw(false); tick();
  } catch { reach(false); }
  asking = false;
  if (again) { again = false; setTimeout(look, 150); }
}
let remembering = 0;
async function remember() {
  const turn = ++remembering;
  try { const found = await ask("/api/v1/history?since=24h"); if (turn === remembering) { past = found; draw(true); } } catch { /* the next look tells */ }
}
function event(record, fresh) {
  if (lastId !== null && record.id <= lastId && fresh) return;
  lastId = Math.max(lastId ?? 0, record.id);
  if (record.level === "debug") return;
  const at = new Date(record.time), list = $("list"), top = list.scrollTop === 0;
  list.prepend(el("li", { class: `${record.level}${fresh ? " fresh" : ""}` }, el("time", { datetime: record.time, title: at.toLocaleString() }, clock(at, undefined, true)), el("span", {}, icon(record.level), el("span", { class: "hidden" }, record.level)), el("b", {}, record.gateway || "daemon"), el("p", {}, record.text)));
  while (list.children.length > SHOWN) list.lastChild.remove();
  if (top) list.scrollTop = 0;
}
async function begin() {
  try {
    for (const record of (await ask(`/api/v1/events?limit=${SHOWN * 2}`)).events) event(record, false);
  } catch { setTimeout(begin, POLL); return; }
  listen();
}
let later = 0;
function listen() {
  source = new EventSource(`/api/v1/events/stream${lastId === null ? "" : `?since=${lastId}`}`);
  source.onmessage = (message) => {
    const record = JSON.parse(message.data);
    event(record, true);
    look();
    if (["outage_closed", "status", "window", "reloaded"].includes(record.kind)) { clearTimeout(later); later = setTimeout(remember, 400); }
  };
  source.onopen = look;
  source.onerror = () => { look(); if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL); };
}
let drawn = 0;
new ResizeObserver(() => { const width = cardWidth(); if (Math.abs(width - drawn) > 1) { drawn = width; draw(true); } }).observe($("gateways"));
setInterval(tick, 1000); setInterval(look, POLL); setInterval(remember, HISTORY);
look(); remember(); begin();
