// One gateway: what is so now, ninety days by day, and what happened in them.
const FIGURES = [["24 h", 1], ["7 days", 7], ["30 days", 30], ["90 days", 90]];
const BOOKS = ["observed_seconds", "unobserved_seconds", "planned_seconds", "unplanned_seconds", "planned_outages", "unplanned_outages"];
function together(days) {
  const sum = Object.fromEntries(BOOKS.map((book) => [book, days.reduce((all, day) => all + day[book], 0)])), expected = sum.observed_seconds - sum.planned_seconds;
  return { ...sum, availability: expected > 0 ? (expected - sum.unplanned_seconds) / expected : null };
}
function useHistory(name, events) {
  const [found, set] = useState({});
  useEffect(() => {
    let turn = 0, timer = 0;
    const get = async () => {
      const mine = ++turn;
      try { const answer = await asked("/api/v1/history", { gateway: name, since: "90d", include: "days,sessions,restarts", timezone: zone.name, limit: 300 }); if (mine === turn) set({ ...answer, known: answer.gateways[0] }); }
      catch (error) { if (mine === turn) set((before) => before.known ? before : { fault: error.message }); }
    };
    get();
    const every = setInterval(get, 5 * HISTORY), heard = onEvent((record) => { if (record.gateway === name && events.has(record.kind)) { clearTimeout(timer); timer = setTimeout(get, 1500); } });
    return () => { turn = -1; clearInterval(every); clearTimeout(timer); heard(); };
  }, [name, zone.name]);
  return found;
}
const REMEMBERED = new Set(["outage_closed", "session_ready", "session_lost", "restart", "status"]);

function useDay({ name, day }) {
  const [found, set] = useState(null);
  useEffect(() => {
    if (!day) return undefined;
    let mine = true;
    set(null);
    asked("/api/v1/history", { gateway: name, since: day.start, until: day.end }).then((answer) => mine && set({ ...answer.gateways[0], outages: answer.outages, until: answer.until }), () => mine && set(null));
    return () => { mine = false; };
  }, [name, day?.day, day?.end]);
  return day ? found : null;
}
function Availability({ gateway, past, open, setOpen, chosen, choose, dayPast }) {
  const known = daemon.past?.get(gateway.name), days = past.known?.days, day = days?.find((one) => one.day === chosen), n = days?.indexOf(day) ?? -1;
  const end = now(), shown = day ? dayPast : known, [from, to] = day ? [instant(day.start), instant(day.start) + Math.max(DAY, instant(day.end) - instant(day.start))] : [end - DAY, end];
  const figures = FIGURES.map(([text, length]) => [text, length === 1 ? known : days && together(days.slice(-length))]);
  return html`<section class="panel" aria-labelledby="availability-title">
    <div class="over"><h2 id="availability-title">Availability</h2><span class="quiet">of the time that was observed and not planned away</span></div>
    <dl class="figures">${figures.map(([text, totals]) => html`<div><dt>${text}</dt><dd class=${availability(totals).known ? "" : "quiet"}>${availability(totals).text}</dd><dd class="quiet small">${totals ? lostTime(totals) : ""}</dd></div>`)}</dl>
    <div class="over"><h3>${day ? longDay(day.day) : "Last 24 hours"}</h3>
      <span class="quiet">${day ? `${availability(day).text}, ${lostTime(day)}${unseen(day) ? `, ${unseen(day)}` : ""}; ` : known && unseen(known) ? `${unseen(known)}; ` : ""}times in ${zone.name.replaceAll("_", " ")}</span>
      ${days && html`<span class="turn"><button type="button" class="plain" disabled=${n === 0} aria-label="the day before" onClick=${() => choose(days[(n < 0 ? days.length : n) - 1].day)}><${Icon} name="back" /></button><button type="button" class="plain" disabled=${n < 0} aria-label="the day after" onClick=${() => choose(days[n + 1]?.day ?? null)}><${Icon} name="forward" /></button>${day && html`<button type="button" class="plain" onClick=${() => choose(null)}>last 24 hours</button>`}</span>`}</div>
    ${shown ? html`<${Line} known=${shown} begin=${from} end=${to} pick=${(outage) => setOpen({ key: keyOf(outage), shown: true })} />` : html`<div class="line"><div class="strip large" /></div>`}
    <${LineKey} />
    <h3>90 days</h3>
    ${past.fault ? html`<p class="quiet">${past.fault}</p>` : days?.length ? html`<${Calendar} days=${days} chosen=${chosen} choose=${choose} /><${CalendarKey} />` : html`<p class="quiet">asking …</p>`}
  </section>`;
}
function PastOutages({ gateway, past, day, dayPast, choose, open, setOpen }) {
  const [kind, setKind] = useState(""), theirs = past.known?.timezone;
  if (!past.known) return null;
  const all = (day ? dayPast?.outages ?? [] : past.outages), shown = all.filter((outage) => !kind || outage.planned === (kind === "planned")).map((outage) => ({ ...outage, zone: theirs })).reverse();
  const picked = open?.shown && !shown.some((outage) => keyOf(outage) === open.key) && all.some((outage) => keyOf(outage) === open.key);
  useEffect(() => { if (picked) setKind(""); }, [picked]);
  const number = (planned) => all.filter((outage) => outage.planned === planned).length;
  return html`<section class="panel" aria-labelledby="outages-title">
    <div class="over"><h2 id="outages-title">Outages</h2><span class="quiet">${day ? longDay(day) : "90 days"}, times in ${zoneShort()}</span>${day && html`<button type="button" class="plain" onClick=${() => choose(null)}>all 90 days</button>`}</div>
    <div class="filters"><div class="chips" role="group" aria-label="kind of outage">${[["", "all", all.length], ["unplanned", "unplanned", number(false)], ["planned", "planned", number(true)]].map(([value, text, many]) => html`<button type="button" class="chip" aria-pressed=${String(kind === value)} onClick=${() => setKind(value)}>${text} <span class="quiet">${many}</span></button>`)}</div></div>
    <div class="scroll" tabindex="0" role="region" aria-label="list of outages"><${Outages} outages=${shown} open=${open} setOpen=${setOpen} none=${`No outage${kind ? ` that was ${kind}` : ""} ${day ? "on this day" : "in 90 days"}.`} /></div></section>`;
}
function Sessions({ gateway, past }) {
  if (!past.sessions) return null;
  return html`<section class="panel" aria-labelledby="sessions-title"><div class="over"><h2 id="sessions-title">Sessions</h2><span class="quiet">of the daemon</span></div>
    ${past.sessions.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="list of sessions"><table class="rows"><thead><tr><th scope="col">ready, ${zoneShort()}</th><th scope="col">lasted</th><th scope="col">end</th></tr></thead><tbody>
      ${past.sessions.slice(0, 100).map((session, n) => { const current = !n && !session.lost && gateway.layers.session; return html`<tr class=${current ? "now" : ""}><td>${moment(session.ready)}</td><td>${session.lost ? span((instant(session.lost) - instant(session.ready)) / 1000) : current ? html`<${Timer} at=${session.ready} run="lasted" />` : ""}</td><td>${session.lost ? `${words(session.reason ?? "lost")}${session.planned ? ", planned" : ""}` : current ? "ready now" : "not recorded"}</td></tr>`; })}</tbody></table></div>` : html`<p class="quiet none">No session in 90 days.</p>`}</section>`;
}
const RESULTS = { in_time: "up", overdue: "down", not_seen: "degraded" };
function Restarts({ past }) {
  if (!past.restarts) return null;
  return html`<section class="panel" aria-labelledby="restarts-title"><div class="over"><h2 id="restarts-title">Restarts</h2><span class="quiet">scheduled ones, 90 days</span></div>
    ${past.restarts.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="list of restarts"><table class="rows"><thead><tr><th scope="col">window ended, ${zoneShort()}</th><th scope="col">result</th></tr></thead><tbody>
      ${past.restarts.slice(0, 120).map((one) => html`<tr><td>${moment(one.time)}</td><td title=${one.text}><span class="result ${RESULTS[one.result] ?? ""}">${words(one.result)}</span></td></tr>`)}</tbody></table></div>` : html`<p class="quiet none">No restart window has ended in 90 days.</p>`}</section>`;
}
const GATES = { open: "up", closed: "down", unknown: "stopped" };
function Gate({ gateway }) {
  const gate = gateway.gate, word = gateWord(gateway);
  if (!gate) return null;
  return html`<section class="panel" aria-labelledby="gate-title"><div class="over"><h2 id="gate-title">Gate for orders</h2><span class="badge ${GATES[word]}"><${Icon} name=${word === "open" ? "open" : "closed"} />${word}</span></div>
    ${word === "unknown" && html`<p>The daemon's last word is too old: its loop has not looked at this gateway for two seconds.</p>`}
    ${gate.reasons.length > 0 && html`<ul class="reasons">${gate.reasons.map((one) => html`<li><b>${words(one.reason)}</b> ${one.text}</li>`)}</ul>`}
    ${gate.next_restart && html`<p>next restart <${Timer} at=${gate.next_restart} run="until" />, ${moment(gate.next_restart)} ${zoneShort()}</p>`}
    <p class="quiet small">The gate cannot know whether IBKR accepts an order, nor whether your program's own session is alive. Its epoch, ${gate.epoch}, is the daemon's session.</p></section>`;
}
const COSTS = { never: "no login", maybe: "may cost a login", yes: "costs a login" };
function Recovery({ gateway }) {
  const recovery = gateway.recovery;
  if (!recovery) return null;
  const { proposal, deed } = recovery;
  return html`<section class="panel" aria-labelledby="recovery-title"><div class="over"><h2 id="recovery-title">Recovery</h2>${waiting(gateway) && html`<span class="badge degraded"><${Icon} name="degraded" />waits for approval</span>`}${recovery.dry_run && html`<span class="quiet">dry run: nothing is done</span>`}</div>
    ${proposal && html`<p>${proposal.text}${proposal.approved_by ? html` <span class="quiet">approved by ${proposal.approved_by}, until ${clock(proposal.approved_until)} ${zoneShort()}</span>` : ""}</p>`}
    <ul class="windows">${recovery.rungs.map((each) => html`<li><b>${words(each.rung)}</b><span>${each.remaining} of ${each.budget} left today</span><span class="quiet">${COSTS[each.needs_login] ?? each.needs_login}${each.why ? `; ${each.why}` : each.due ? html`; due <${Timer} at=${each.due} run="until" />` : ""}</span></li>`)}</ul>
    ${deed && html`<p class="small"><b>${words(deed.rung)}</b> <span class="quiet">${moment(deed.at)} ${zoneShort()}${deed.by ? ` by ${deed.by}` : ""}:</span> ${words(deed.result ?? "under way")}${deed.words ? html` <span class="quiet">${deed.words}</span>` : ""}</p>`}</section>`;
}
const CANARY = { alive: "up", dead: "down" };
function Canary({ gateway }) {
  if (!gateway.canary) return null;
  return html`<section class="panel" aria-labelledby="canary-title"><div class="over"><h2 id="canary-title">Canary</h2><span class="quiet">does market data arrive?</span></div>
    <ul class="windows">${gateway.canary.map((each) => html`<li><b>${each.name}</b><span class="result ${CANARY[each.state] ?? ""}">${words(each.state)}</span><span class="quiet">${[each.data_type && words(each.data_type), each.why && words(each.why), each.last_update && `last tick ${moment(each.last_update)} ${zoneShort()}`].filter(Boolean).join("; ") || "no tick yet"}</span></li>`)}</ul></section>`;
}
function Now({ gateway, theirs }) {
  const upstream = gateway.upstream, login = gateway.reauth;
  const rows = [
    ["heartbeat", html`<${Beat} gateway=${gateway} />${gateway.suspect ? ", suspect" : ""}`],
    ["last message", gateway.last_message ? html`<${Last} gateway=${gateway} />` : "none"],
    ["IBKR's servers", upstream.up === null ? "unknown" : html`${upstream.up ? "connected" : "lost"}${upstream.since ? html` <span class="quiet"><${Timer} at=${upstream.since} run="since" /></span>` : ""}`],
    ["session", gateway.layers.session ? `no. ${gateway.epoch}` : `none, ${words(gateway.phase)}`],
    gateway.next_attempt && ["next attempt", html`<${Timer} at=${gateway.next_attempt} run="until" />`],
    gateway.paused_until && ["paused until", `${moment(gateway.paused_until)} ${zoneShort()}`],
    gateway.login_state && ["login state", html`${loginWord(gateway)}${gateway.login_state_since ? html` <span class="quiet"><${Timer} at=${gateway.login_state_since} run="since" /></span>` : ""}`],
    gateway.kernel && ["sockets", gateway.kernel],
    ["weekly login", login.required ? "required now" : login.due ? html`due <${Timer} at=${login.due} run="until" />${login.assumed ? html` <span class="quiet">the last one is assumed</span>` : ""}` : "none known"],
    ["server version", gateway.server_version ?? "unknown"],
    ["gateway's zone", theirs ? `${theirs.replaceAll("_", " ")}, ${zoneShort(now(), theirs)}` : "not configured"],
  ].filter(Boolean);
  return html`<section class="panel" aria-labelledby="now-title"><h2 id="now-title">Now</h2><dl class="pairs">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}
function Last({ gateway }) {
  const [, draw] = useState(0);
  useEffect(() => onTick(() => draw((n) => n + 1)), []);
  return html`<span title=${exact(gateway.last_message)}>${span(Math.max(0, Math.round((now() - instant(gateway.last_message)) / 1000)))} ago</span>`;
}
function Gateway({ name }) {
  const { gateways } = useDaemon(), gateway = gateways.find((one) => one.name === name), past = useHistory(name, REMEMBERED);
  const [chosen, setChosen] = useState(/^#\d{4}-\d\d-\d\d$/.test(location.hash) ? location.hash.slice(1) : null), [open, setOpen] = useState(null), day = past.known?.days.find((one) => one.day === chosen);
  const choose = (day) => { setChosen(day); history.replaceState(null, "", day ? `#${day}` : location.pathname); };
  const dayPast = useDay({ name, day }), theirs = past.known?.timezone;
  useEffect(() => { if (gateway) document.title = `${name} ${daemon.away ? "not known" : words(gateway.status)} · ib-supervisor`; });
  const up = gateways.filter((one) => one.status === "up").length;
  return html`<a class="skip hidden" href="#gateway">to the gateway</a>
    <${Bar}><nav class="crumbs" aria-label="where"><a href="/">all gateways</a> <span class="quiet">${daemon.away ? "" : gateways.length ? `${up} of ${gateways.length} up` : ""}</span></nav><span class="sticky-name"><b>${name}</b> ${gateway && html`<${Badge} status=${gateway.status} />`}</span></${Bar}>
    <main class="one-gateway" id="gateway" tabindex="-1">${!gateway ? html`<h1>${name}</h1><p class="quiet none">${daemon.heard && !daemon.away ? "This gateway is not in the config any more." : "asking the daemon …"}</p>` : html`
      <section class="hero is-${gateway.status}" aria-labelledby="name">
        <div class="head"><h1 id="name">${name}</h1><${Badge} status=${gateway.status} /><span class="since"><${Since} gateway=${gateway} /></span></div>
        <${Meta} gateway=${gateway} /><${Why} gateway=${gateway} /><${Ladder} gateway=${gateway} />
        ${notes(gateway).length > 0 && html`<p class="notes">${notes(gateway)}</p>`}${gateway.status !== "unknown" && html`<${Actions} gateway=${gateway} />`}</section>
      <div class="main-column"><${Availability} gateway=${gateway} past=${past} open=${open} setOpen=${setOpen} chosen=${chosen} choose=${choose} dayPast=${dayPast} />
        <${PastOutages} gateway=${gateway} past=${past} day=${day ? chosen : null} dayPast=${dayPast} choose=${choose} open=${open} setOpen=${setOpen} /></div>
      <div class="event-column"><${GatewayEvents} name=${name} /></div>
      <div class="side-column"><${Gate} gateway=${gateway} /><${Recovery} gateway=${gateway} /><${Canary} gateway=${gateway} />
        ${gateway.status !== "unknown" && html`<${Now} gateway=${gateway} theirs=${theirs} />
        <section class="panel" aria-labelledby="farms-title"><h2 id="farms-title">Data farms</h2><${Farms} gateway=${gateway} /></section>`}
        <section class="panel" aria-labelledby="coming-title"><h2 id="coming-title">Coming windows</h2><${Windows} gateway=${gateway} theirs=${theirs} /></section>
        <${Restarts} past=${past} /><${Sessions} gateway=${gateway} past=${past} /></div>`}
    </main><${Foot} />`;
}
