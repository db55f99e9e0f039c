// Outages: a line each, which opens to all that is known of it.
const AROUND = 120e3;
function Told({ outage }) {
  const [found, set] = useState(null);
  useEffect(() => {
    const since = new Date(instant(outage.began) - AROUND).toISOString(), until = new Date((outage.ended ? instant(outage.ended) : now()) + AROUND).toISOString();
    asked("/api/v1/history", { gateway: outage.gateway, since, until, include: "said,events", limit: 40 }).then(set, (error) => set({ fault: error.message }));
  }, [keyOf(outage), outage.ended]);
  if (!found) return html`<p class="quiet">asking …</p>`;
  if (found.fault) return html`<p class="quiet">${found.fault}</p>`;
  const said = found.said.filter((one) => instant(one.last) >= instant(outage.began) - AROUND);
  return html`
    ${said.length > 0 && html`<h3>What the gateway said</h3><ul class="said">${said.map((one) => html`<li><b>${one.code}</b> ${one.text}${one.times > 1 ? html` <span class="quiet">${one.times} times</span>` : ""}</li>`)}</ul>`}
    ${found.events.length > 0 && html`<h3>What happened</h3><${EventList} events=${[...found.events].reverse()} brief=${true} />`}
    ${!said.length && !found.events.length && html`<p class="quiet">The journal has nothing more of this time.</p>`}`;
}
function Outage({ outage, open, toggle }) {
  const node = useRef(null), other = outage.zone && outage.zone !== zone.name;
  useEffect(() => { if (open === "shown") { node.current.scrollIntoView({ block: "nearest" }); node.current.querySelector("summary").focus(); } }, [open]);
  const [cause, ...rest] = parted(outage.words);
  return html`<li><details ref=${node} class="outage" open=${Boolean(open)} onToggle=${(event) => { if (event.currentTarget.open !== Boolean(open)) toggle(event.currentTarget.open); }}>
    <summary><i class="o-${tone(outage)}" /><time datetime=${outage.began}>${moment(outage.began)}</time><b>${span(outage.seconds)}</b><span>no ${outage.cause}</span><span class="kind">${outage.planned ? "planned" : "unplanned"}${outage.ended ? "" : ", goes on"}</span><span class="why">${cause}</span></summary>
    ${open && html`<div class="more">
      <p>${outage.words || "No likely cause was known."}</p>
      <dl class="pairs">
        <dt>began</dt><dd>${exact(outage.began)}${other ? html`<br /><span class="quiet">${exact(outage.began, outage.zone)}</span>` : ""}</dd>
        <dt>ended</dt><dd>${outage.ended ? exact(outage.ended) : "goes on"}${outage.ended && other ? html`<br /><span class="quiet">${exact(outage.ended, outage.zone)}</span>` : ""}</dd>
        <dt>lasted</dt><dd>${span(outage.seconds)}${outage.ended && Math.abs((instant(outage.ended) - instant(outage.began)) / 1000 - outage.seconds) > 1 ? " without gaps in which all was up" : ""}</dd>
        <dt>end</dt><dd>${outage.recovered ? "every layer up again" : outage.ended ? "closed by a pause" : "not yet"}</dd>
      </dl>
      <${Told} outage=${outage} /></div>`}
  </details></li>`;
}
function Outages({ outages, open, setOpen, none }) {
  if (!outages.length) return html`<p class="quiet none">${none}</p>`;
  return html`<ul class="outages">${outages.map((outage) => html`<${Outage} key=${keyOf(outage)} outage=${outage} open=${open?.key === keyOf(outage) ? (open.shown ? "shown" : "open") : ""}
    toggle=${(is) => setOpen(is ? { key: keyOf(outage) } : null)} />`)}</ul>`;
}
