// A gateway in three sizes: a card for what needs a person, a brief one for what is planned, a tile for what works.
const Badge = ({ status }) => html`<span class="badge ${status}"><${Icon} name=${status} />${words(status)}</span>`;
const Since = ({ gateway }) => gateway.status === "unknown" ? `since ${seconds(daemon.heard)} ${zoneShort()}` : gateway.since ? html`<${Timer} at=${gateway.since} run="since" />` : "not yet known";
const Labels = ({ gateway }) => labelsOf(gateway).map((label) => html`<span class="label">${label}</span>`);
const Meta = ({ gateway, all }) => html`<p class="meta"><span>${address(gateway)}</span><span>client id ${gateway.client_id}</span>${gateway.account_mode !== "any" && html`<span>${gateway.account_mode} account</span>`}${all && gateway.server_version && html`<span>server version ${gateway.server_version}</span>`}<${Labels} gateway=${gateway} /></p>`;

function Beat({ gateway }) {
  const [, draw] = useState(0);
  useEffect(() => joined(drawers)(() => draw((n) => n + 1)), []);
  return html`<span class="beat" title="heartbeat: the gateway's last answer took this long">${beat(gateway)}</span>`;
}
const layerWord = (gateway, layer, lowest) => gateway.layers[layer] === null ? ["", "unknown"] : gateway.layers[layer] ? ["on", "up"] : layer === lowest ? ["off", "broken"] : ["", "not reached"];
function Ladder({ gateway }) {
  const lowest = LADDER.find((layer) => !gateway.layers[layer]);
  return html`<ol class="ladder" aria-label="layers, from the bottom">${LADDER.map((layer) => {
    const [kind, word] = layerWord(gateway, layer, lowest);
    return html`<li class=${kind}><span>${layer}${hidden(` ${word}`)}</span></li>`;
  })}</ol>`;
}
const Before = ({ before }) => html`<div class="why-box"><p>Before that it was <b>${words(before.status)}</b>, since ${moment(before.since)} ${zoneShort()}.${before.cause ? ` ${before.cause}` : ""}${before.paused_until ? ` The pause ends ${moment(before.paused_until)}.` : ""}</p></div>`;
const Why = ({ gateway }) => gateway.status === "unknown" ? gateway.before?.since && html`<${Before} before=${gateway.before} />` : gateway.cause && html`<div class="why-box"><p>${gateway.cause}</p>${gateway.cure && html`<p class="quiet">${gateway.cure}</p>`}</div>`;
function notes(gateway) {
  const broken = gateway.farms.filter((farm) => farm.state === "broken"), window = gateway.windows.find((w) => w.active);
  return [
    gateway.status === "up" && gateway.suspect && html`<span class="note degraded">suspect: a ping is not answered</span>`,
    broken.length > 0 && html`<span class="note">${count(broken.length, "farm")} broken: ${broken.slice(0, 4).map((farm) => farm.name).join(", ")}${broken.length > 4 ? " …" : ""}</span>`,
    window && html`<span class="note maintenance">${words(window.name)} <${Timer} at=${window.end} run="left" /></span>`,
    gateway.paused_until && html`<span class="note">paused, goes on <${Timer} at=${gateway.paused_until} run="until" /></span>`,
    gateway.next_attempt && html`<span class="note">next attempt <${Timer} at=${gateway.next_attempt} run="until" /></span>`,
    gateway.status === "up" && gateWord(gateway) === "closed" && html`<span class="note degraded">gate closed: ${words(gateway.gate.reasons[0].reason)}</span>`,
    gateway.login_state && loginWord(gateway) !== "logged in" && html`<span class="note">login: ${loginWord(gateway)}</span>`,
    gateway.canary?.some((each) => each.state === "dead") && html`<span class="note degraded">connected, but no market data</span>`,
    waiting(gateway) && html`<span class="note degraded">recovery waits for approval</span>`,
  ].filter(Boolean);
}
// A gate that is not open and has no reason is one whose lease is over: the daemon's loop has not decided lately.
const gateWord = (gateway) => !gateway.gate ? "" : gateway.gate.open ? "open" : gateway.gate.reasons.length ? "closed" : "unknown";
const loginWord = (gateway) => words(gateway.login_state);
function Past({ known, bare }) {
  if (!known) return html`<div class="past"><div class="strip" /></div>`;
  const figure = availability(known), end = now();
  return html`<div class="past"><${Strip} known=${known} begin=${end - DAY} end=${end} />${!bare && html`<p class=${figure.known ? "" : "quiet"}><b>${figure.text}</b><span class="quiet"> in 24 h${known.unplanned_outages ? `, ${count(known.unplanned_outages, "unplanned outage")}, ${span(known.unplanned_seconds)}` : ""}</span></p>`}</div>`;
}
function Card({ gateway, known, size }) {
  return useMemo(() => html`<article class="card is-${gateway.status} ${size}" aria-labelledby="g-${gateway.name}">
    <div class="head"><h3 id="g-${gateway.name}"><a href=${pageOf(gateway.name)}>${gateway.name}</a></h3><${Badge} status=${gateway.status} /><span class="since"><${Since} gateway=${gateway} /></span></div>
    <${Meta} gateway=${gateway} />
    ${size !== "same" && html`<${Why} gateway=${gateway} />`}
    ${size !== "brief" && size !== "same" && html`<${Ladder} gateway=${gateway} />`}
    ${notes(gateway).length > 0 && html`<p class="notes">${notes(gateway)}</p>`}
    <${Past} known=${known} bare=${size === "same"} />
  </article>`, [gateway, known, size, zone.name]);
}
function Tile({ gateway, known }) {
  return useMemo(() => html`<a class="tile" href=${pageOf(gateway.name)}>
    <span class="name"><${Icon} name="up" />${hidden("up: ")}<b>${gateway.name}</b><${Beat} gateway=${gateway} /></span>
    <span class="meta"><span>${address(gateway)}</span><span>id ${gateway.client_id}</span></span>${labelsOf(gateway).length > 0 && html`<span class="meta labels">${labelsOf(gateway).join("  ")}</span>`}
    ${notes(gateway).length > 0 && html`<span class="notes">${notes(gateway)}</span>`}
    <${Past} known=${known} bare=${true} />
    <span class="figure ${availability(known).known ? "" : "quiet"}">${availability(known).text}</span>
  </a>`, [gateway, known, zone.name]);
}
const KINDS = { market_data: "market data", historical: "historical", sec_def: "definitions" };
function Farms({ gateway }) {
  const kinds = Object.entries(KINDS).map(([kind, name]) => [name, gateway.farms.filter((farm) => farm.kind === kind)]).filter(([, found]) => found.length);
  if (!kinds.length) return html`<p class="quiet none">No farm was told of yet.</p>`;
  return html`<dl class="farms">${kinds.map(([name, found]) => html`<dt>${name}</dt><dd>${found.map((farm) => html`<span class="farm ${farm.state} ${farm.required ? "" : "optional"}" title="${farm.state} since ${exact(farm.since)}, ${farm.required ? "required" : "not required"}"><${Icon} name=${farm.state} />${farm.name}${hidden(` ${farm.state}`)}</span>`)}</dd>`)}</dl>`;
}
function Windows({ gateway, theirs, most = 6 }) {
  const rows = gateway.windows.filter((w) => w.at && instant(w.end) > now()).sort((a, b) => a.at < b.at ? -1 : 1).slice(0, most), other = theirs && theirs !== zone.name;
  if (gateway.reauth.due) rows.push({ name: gateway.reauth.assumed ? "login due (the last is assumed)" : "login due", at: gateway.reauth.due, login: true });
  if (!rows.length) return html`<p class="quiet none">No window is configured.</p>`;
  return html`<ul class="windows">${rows.map((w) => html`<li class=${w.active ? "now" : w.login && gateway.reauth.required ? "due" : ""}><b>${words(w.name)}</b><span>${w.active ? html`<${Timer} at=${w.end} run="left" />` : html`<${Timer} at=${w.at} run="until" />`}</span>
    <span class="quiet">${weekday(w.at)} ${zoneShort(instant(w.at))}${other ? `, at the gateway ${weekday(w.at, theirs)} ${zoneShort(instant(w.at), theirs)}` : ""}</span></li>`)}</ul>`;
}
