// All gateways: what is sick first, then what is planned or paused, then the many that work.
const MANY = 12, ALIKE = 3, FEW = 3;
const filter = (() => {
  const said = new URLSearchParams(location.search);
  return { text: said.get("q") ?? "", statuses: new Set(said.getAll("status")), labels: new Set(said.getAll("label")) };
})();
function filtered() {
  const said = new URLSearchParams();
  if (filter.text) said.set("q", filter.text);
  for (const status of filter.statuses) said.append("status", status);
  for (const label of filter.labels) said.append("label", label);
  if (!PAGE.gateway) history.replaceState(null, "", said.size ? `/?${said}` : "/");
  changed();
}
const flip = (set, value) => { if (!set.delete(value)) set.add(value); filtered(); };
function clear() { filter.text = ""; filter.statuses.clear(); filter.labels.clear(); filtered(); }
function haystack(gateway) {
  const broken = gateway.farms.filter((farm) => farm.state === "broken").map((farm) => farm.name);
  return [gateway.name, address(gateway), `id ${gateway.client_id}`, words(gateway.status), gateway.account_mode, ...labelsOf(gateway), gateway.cause ?? "", ...broken].join(" ").toLowerCase();
}
function fits(gateway) {
  if (filter.statuses.size && !filter.statuses.has(gateway.status) && gateway.status !== "unknown") return false;
  if (filter.labels.size && !labelsOf(gateway).some((label) => filter.labels.has(label))) return false;
  return filter.text.toLowerCase().split(/\s+/).every((word) => haystack(gateway).includes(word));
}
const ranked = (gateways) => gateways.map((gateway, n) => [SICK_FIRST.indexOf(gateway.status), n, gateway]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , gateway]) => gateway);
// Many gateways that say the same, but for their address and name, say it once.
const general = (gateway, text) => (text ?? "").replaceAll(address(gateway), "its address").replaceAll(`port ${gateway.port}`, "its port").replace(/^its/, "Its");
const alike = (gateway) => general(gateway, gateway.cause);
function grouped(sick) {
  const groups = new Map();
  for (const gateway of sick) { const key = `${gateway.status} ${alike(gateway)}`; groups.set(key, [...(groups.get(key) ?? []), gateway]); }
  const same = [...groups.values()].filter((group) => group.length >= ALIKE && group[0].cause), together = new Set(same.flat());
  return [same, sick.filter((gateway) => !together.has(gateway))];
}
function summary(gateways) {
  if (daemon.away) return "Nothing is known";
  if (!daemon.heard) return "Asking the daemon";
  const up = gateways.filter((gateway) => gateway.status === "up").length;
  return gateways.length === 1 ? `1 gateway: ${words(gateways[0].status)}` : up === gateways.length ? `All ${up} gateways up` : `${up} of ${gateways.length} up`;
}
function Search() {
  const field = useRef(null);
  useEffect(() => {
    const onKey = (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      field.current.focus();
      field.current.select();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const onKeyDown = (event) => {
    if (event.key === "Escape") { filter.text = ""; filtered(); field.current.blur(); }
    if (event.key !== "Enter") return;
    const found = ranked(daemon.gateways.filter(fits)), named = found.find((gateway) => gateway.name === filter.text) ?? (found.length === 1 ? found[0] : null);
    if (named) location.href = pageOf(named.name);
    else if (PAGE.gateway) location.href = `/?${new URLSearchParams({ q: filter.text })}`;
    else document.querySelector("main a")?.focus();
  };
  return html`<label class="search"><${Icon} name="search" />${hidden(PAGE.gateway ? "go to a gateway" : "search gateways by name, address, client id, label or cause")}
    <input ref=${field} type="search" placeholder=${PAGE.gateway ? "go to a gateway" : "name, host, label, cause"} value=${filter.text} aria-keyshortcuts="/" onInput=${(event) => { filter.text = event.target.value; filtered(); }} onKeyDown=${onKeyDown} /><kbd aria-hidden="true">/</kbd></label>`;
}
function Zones() {
  const theirs = [...(daemon.past?.values() ?? [])].map((known) => known.timezone).filter(Boolean), all = [...new Set([HERE, "UTC", ...theirs, zone.name])];
  return html`<label class="zone">${hidden("times in")}<select value=${zone.name} title="times are shown in this zone" onChange=${(event) => chooseZone(event.target.value)}>
    ${all.map((name) => html`<option value=${name} selected=${name === zone.name}>${name.replaceAll("_", " ")}${name === "UTC" ? "" : `, ${zoneShort(now(), name)}`}${name === HERE ? " (here)" : ""}</option>`)}</select></label>`;
}
function Connection() {
  const [, draw] = useState(0);
  useEffect(() => onTick(() => draw((n) => n + 1)), []);
  const text = daemon.away ? `no answer for ${span(Math.round((Date.now() - (daemon.heard || OPENED)) / 1000))}` : daemon.heard ? `as of ${seconds(now())} ${zoneShort()}` : "connecting";
  return html`<p class="connection" id="link"><i />${text}</p>`;
}
function Chips({ gateways }) {
  const statuses = ["unknown", ...SICK_FIRST].map((status) => [status, gateways.filter((gateway) => gateway.status === status).length]).filter(([status, number]) => number || filter.statuses.has(status));
  const labels = new Map();
  for (const gateway of gateways) for (const label of labelsOf(gateway)) labels.set(label, (labels.get(label) ?? 0) + 1);
  const some = [...labels].filter(([label, number]) => number < gateways.length || filter.labels.has(label)).sort();
  return html`<div class="chips" role="group" aria-label="show only">
    ${statuses.map(([status, number]) => html`<button type="button" key=${status} class="chip ${status}" aria-pressed=${String(filter.statuses.has(status))} onClick=${() => flip(filter.statuses, status)}><${Icon} name=${status} /><b>${number}</b> ${words(status)}</button>`)}
    ${some.slice(0, 24).map(([label, number]) => html`<button type="button" key=${label} class="chip" aria-pressed=${String(filter.labels.has(label))} onClick=${() => flip(filter.labels, label)}>${label} <span class="quiet">${number}</span></button>`)}
  </div>`;
}
function Bar({ children }) {
  return html`<header><a class="brand" href="/">ib-supervisor</a>${children}<${Search} /><${Zones} /><${Connection} /></header>
    <div role="alert">${daemon.away && html`<p class="alarm">${daemon.heard ? `The daemon does not answer. Nothing is known since ${seconds(daemon.heard)} ${zoneShort()}.` : `The daemon does not answer since this page was opened at ${seconds(OPENED)} ${zoneShort()}.`}</p>`}</div>
    <div class="hidden" aria-live="polite">${daemon.announced}</div>`;
}
function Section({ title, gateways, children, kind }) {
  if (!gateways.length) return null;
  const id = `s-${kind}`;
  return html`<section aria-labelledby=${id}><h2 id=${id}>${title} <span class="quiet">${gateways.length}</span></h2>${children}</section>`;
}
const cards = (gateways, size) => html`<div class="cards ${size}">${gateways.map((gateway) => html`<${Card} key=${gateway.name} gateway=${gateway} known=${daemon.past?.get(gateway.name)} size=${size} />`)}</div>`;
function Few({ gateway }) {
  const known = daemon.past?.get(gateway.name), end = now(), past = useHistory(gateway.name, REMEMBERED), days = past.known?.days;
  return html`<article class="card whole is-${gateway.status}" aria-labelledby="g-${gateway.name}">
    <div><div class="head"><h2 id="g-${gateway.name}"><a href=${pageOf(gateway.name)}>${gateway.name}</a></h2><${Badge} status=${gateway.status} /><span class="since"><${Since} gateway=${gateway} /></span></div>
      <${Meta} gateway=${gateway} all=${true} /><${Why} gateway=${gateway} /><${Ladder} gateway=${gateway} /><p class="notes">${gateway.layers.heartbeat && html`<span class="note">heartbeat <${Beat} gateway=${gateway} /></span>`}${notes(gateway)}</p>
      ${gateway.status !== "unknown" && html`<h3>Data farms</h3><${Farms} gateway=${gateway} />`}</div>
    <div><h3>Last 24 hours</h3>${known ? html`<p class="big ${availability(known).known ? "" : "quiet"}">${availability(known).text}</p><${Line} known=${known} begin=${end - DAY} end=${end} /><p class="quiet small">${lostTime(known)}${unseen(known) ? `; ${unseen(known)}` : ""}</p>` : html`<p class="quiet">asking …</p>`}
      <h3>90 days</h3>${days ? html`<${Calendar} days=${days} choose=${(day) => { location.href = `${pageOf(gateway.name)}#${day}`; }} />` : html`<p class="quiet">asking …</p>`}</div>
    <div><h3>Coming</h3><${Windows} gateway=${gateway} theirs=${known?.timezone} most=${4} /></div>
  </article>`;
}
function Overview() {
  const { gateways } = useDaemon(), shown = ranked(gateways.filter(fits)), of = (test) => shown.filter((gateway) => test(gateway.status));
  const sick = of((status) => SICK.has(status)), calm = of((status) => status === "maintenance" || status === "stopped"), up = of((status) => status === "up"), lost = of((status) => status === "unknown");
  const [same, apart] = sick.length > MANY || sick.length >= ALIKE ? grouped(sick) : [[], sick], few = gateways.length <= FEW;
  const restricted = shown.length < gateways.length;
  return html`<a class="skip hidden" href="#gateways">to the gateways</a>
    <${Bar}><h1 id="summary">${summary(gateways)}</h1><${Chips} gateways=${gateways} /></${Bar}>
    <main>
      <div id="gateways" tabindex="-1">
        ${restricted && html`<p class="restricted">${count(shown.length, "gateway")} of ${gateways.length} ${shown.length === 1 ? "fits" : "fit"} <button type="button" class="plain" onClick=${clear}>show all</button></p>`}
        ${few ? shown.map((gateway) => html`<${Few} key=${gateway.name} gateway=${gateway} />`) : html`
        <${Section} title="Not known" gateways=${lost} kind="unknown">${cards(lost, "brief")}</${Section}>
        <${Section} title="Needs a look" gateways=${sick} kind="sick">
          <div class="blocks">
          ${apart.length > 0 && html`<div class=${apart.length > 2 || !same.length ? "all" : ""}>${cards(apart, apart.length > MANY ? "brief" : "sick")}</div>`}
          ${same.map((group) => html`<div class="group is-${group[0].status}" role="group" aria-label=${`${group.length} alike`}><div class="group-head"><${Badge} status=${group[0].status} /><p><b>${count(group.length, "gateway")} say the same.</b> ${alike(group[0])} <span class="quiet">${general(group[0], group[0].cure)}</span></p></div>${cards(group, "same")}</div>`)}
          </div>
        </${Section}>
        <${Section} title="Planned or paused" gateways=${calm} kind="calm">${cards(calm, "brief")}</${Section}>
        <${Section} title="Up" gateways=${up} kind="up"><div class="tiles">${up.map((gateway) => html`<${Tile} key=${gateway.name} gateway=${gateway} known=${daemon.past?.get(gateway.name)} />`)}</div></${Section}>`}
        ${daemon.heard > 0 && !gateways.length && html`<p class="quiet none">No gateway is configured.</p>`}
        ${gateways.length > 0 && html`<${StripKey} />`}
      </div>
      <section class="panel" id="events" aria-labelledby="events-title"><div class="over"><h2 id="events-title">Recent events</h2><span class="quiet">times in ${zoneShort()}</span></div>
        ${daemon.events.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="list of events"><${EventList} events=${daemon.events.filter((record) => !restricted || shown.some((gateway) => gateway.name === record.gateway)).slice(0, 120)} /></div>` : html`<p class="quiet none">nothing yet</p>`}</section>
    </main><${Foot} />`;
}
const StripKey = () => html`<ul class="key" aria-label="colours of the last 24 hours">${KEY.filter(([kind]) => kind !== "window").map(([kind, text]) => html`<li><i class=${kind} />${text}</li>`)}<li>each strip is the last 24 hours</li></ul>`;
const LINKS = [["/metrics", "metrics"], ["/api/v1/status", "status as JSON"], ["/api/v1/events", "events as JSON"], ["/api/v1/history", "history as JSON"], ["/api/v1/openapi.json", "OpenAPI"], ["/-/ready", "ready?"], ["/-/healthy", "healthy?"]];
const Foot = () => html`<footer><nav aria-label="more">${LINKS.map(([to, text]) => html`<a href=${to}>${text}</a>`)}</nav><span>version ${daemon.version ?? PAGE.version}</span></footer>`;
