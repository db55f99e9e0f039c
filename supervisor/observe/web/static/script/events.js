// Events, newest first. What is said again is counted, and advice that was just given is not repeated.
function parted(text) {
  const at = (text ?? "").search(/[.!?] (?=[A-Z])/);
  return at < 0 ? [text ?? "", ""] : [text.slice(0, at + 1), text.slice(at + 2)];
}
function folded(events) {
  const rows = [], advised = new Map();
  for (const record of events) {
    const [said, advice] = parted(record.text), last = rows.at(-1), times = record.times ?? 1;
    if (last && last.gateway === record.gateway && last.said === said) { last.times += times; last.first = record.time; continue; }
    const given = advised.get(record.gateway) ?? new Set();
    rows.push({ ...record, said, advice: given.has(advice) ? "" : advice, times });
    advised.set(record.gateway, given.add(advice));
  }
  return rows;
}
// A day is told once, above its events; the list of one outage, which is short, has none.
function EventList({ events, brief, one }) {
  let day = brief ? null : dayKey(now());
  return html`<ol class="events">${folded(events).flatMap((record) => {
    const turned = !brief && dayKey(record.time) !== day;
    if (turned) day = dayKey(record.time);
    const mark = turned && html`<li key=${`day ${day}`} class="day-mark">${date(record.time)}</li>`, loud = record.level !== "info";
    return [mark, html`<li key=${record.id} class="${record.level} ${record.fresh ? "fresh" : ""}">
    <time datetime=${record.time} title=${exact(record.time)}>${seconds(record.time)}</time>
    <p>${loud && html`<${Icon} name=${record.level} />${hidden(`${record.level}: `)}`}${!one && !brief && (record.gateway ? html`<a href=${pageOf(record.gateway)}>${record.gateway}</a> ` : html`<b>daemon</b> `)}${record.said}${record.times > 1 ? html` <span class="times" title=${record.first ? `since ${exact(record.first)}` : null}>×${record.times}</span>` : ""}
      ${record.advice && html` <span class="quiet">${record.advice}</span>`}</p></li>`].filter(Boolean);
  })}</ol>`;
}
const LEVELS = [["info", "all"], ["warning", "warnings"], ["error", "errors"]];
function GatewayEvents({ name }) {
  const [level, setLevel] = useState("info"), [kind, setKind] = useState(""), [text, setText] = useState("");
  const [found, set] = useState(null), [older, setOlder] = useState(false), [fault, setFault] = useState("");
  const fetched = (until) => asked("/api/v1/history", { gateway: name, since: "90d", ...(until ? { until } : {}), include: "events", level, limit: 200 });
  useEffect(() => {
    let mine = true;
    fetched().then((answer) => { if (mine) { set(answer.events); setOlder(answer.events.length === 200); setFault(""); } }, (error) => mine && setFault(error.message));
    return () => { mine = false; };
  }, [name, level]);
  useEffect(() => onEvent((record) => { if (record.gateway === name && LEVELS.findIndex(([l]) => l === record.level) >= LEVELS.findIndex(([l]) => l === level)) set((all) => [{ ...record, fresh: true }, ...(all ?? [])]); }), [name, level]);
  const more = async () => {
    const answer = await fetched(new Date(instant(found.at(-1).time) + 1).toISOString()), known = new Set(found.map((record) => record.id)), news = answer.events.filter((record) => !known.has(record.id));
    set([...found, ...news]); setOlder(news.length > 0 && answer.events.length === 200);
  };
  const kinds = [...new Set((found ?? []).map((record) => record.kind))].sort();
  const unique = [...new Map((found ?? []).map((record) => [record.id, record])).values()];
  const shown = unique.filter((record) => (!kind || record.kind === kind) && text.toLowerCase().split(/\s+/).every((word) => `${record.kind} ${record.text}`.toLowerCase().includes(word)));
  return html`<section class="panel events-panel" aria-labelledby="events-title">
    <div class="over"><h2 id="events-title">Events</h2><span class="quiet">90 days, times in ${zoneShort()}</span></div>
    <div class="filters">
      <div class="chips" role="group" aria-label="level">${LEVELS.map(([value, label]) => html`<button type="button" class="chip" aria-pressed=${String(level === value)} onClick=${() => setLevel(value)}>${label}</button>`)}</div>
      <select aria-label="kind" value=${kind} onChange=${(event) => setKind(event.target.value)}><option value="">every kind</option>${kinds.map((k) => html`<option value=${k}>${words(k)}</option>`)}</select>
      <input type="search" placeholder="words" aria-label="words in events" value=${text} onInput=${(event) => setText(event.target.value)} />
    </div>
    ${fault ? html`<p class="quiet">${fault}</p>` : !found ? html`<p class="quiet">asking …</p>` : shown.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="list of events"><${EventList} events=${shown} one=${true} />
      ${older && html`<button type="button" class="plain" onClick=${more}>older events</button>`}</div>` : html`<p class="quiet none">no event${level !== "info" || kind || text ? " fits" : ""}</p>`}
  </section>`;
}
