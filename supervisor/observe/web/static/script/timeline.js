// A period as a line: what was observed, windows above it, outages in it.
const tone = (outage) => outage.planned ? "planned" : outage.cause === "upstream" || outage.cause === "farms" ? "partial" : "lost";
const keyOf = (outage) => `${outage.gateway} ${outage.began}`;
const told = (outage) => `${outage.planned ? "planned" : "unplanned"}: no ${outage.cause} for ${span(outage.seconds)} from ${moment(outage.began)}`;

function Strip({ known, begin, end, large, pick }) {
  const place = (from, to) => {
    const left = Math.max(0, (instant(from) - begin) / (end - begin)), right = Math.min(1, (instant(to) - begin) / (end - begin));
    return right > left || (right === left && left > 0) ? { left: `min(${(left * 100).toFixed(3)}%, calc(100% - 3px))`, width: `${((right - left) * 100).toFixed(3)}%` } : null;
  };
  const bar = (from, to, kind, title, act) => { const style = place(from, to); return style && html`<i class=${kind} style=${style} title=${title} onClick=${act} />`; };
  const last = instant(known.until), lasts = (to) => instant(to) >= last - 15e3 && end > last ? end : to;
  const label = `${large ? "" : "last 24 hours: "}${availability(known).text}; ${lostTime(known)}; ${unseen(known) || "observed throughout"}`;
  return html`<div class="strip ${large ? "large" : ""}" role="img" aria-label=${label}>
    ${known.watched.map(([from, to]) => bar(from, lasts(to), "seen"))}
    ${large && known.windows.map((w) => bar(w.start, w.end, "window", `${words(w.name)} window, ${clock(w.start)} to ${clock(w.end)} ${zoneShort()}`))}
    ${known.outages.map((outage) => bar(outage.began, outage.ended ?? end, `o-${tone(outage)}`, told(outage), pick && (() => pick(outage))))}
  </div>`;
}
// Hours below a long line.
function Hours({ begin, end }) {
  const found = [], first = new Date(begin);
  first.setMinutes(0, 0, 0);
  for (let at = first.getTime(); at < end; at += 36e5) {
    const part = (at - begin) / (end - begin), hour = Number(format(at, { hour: "2-digit" }));
    if (part > .02 && part < .98 && hour % 3 === 0) found.push(html`<span class=${hour % 6 ? "odd" : ""} style=${{ left: `${(part * 100).toFixed(2)}%` }}>${clock(at)}</span>`);
  }
  return html`<div class="hours" aria-hidden="true">${found}</div>`;
}
function Line({ known, begin, end, pick }) {
  return html`<div class="line"><${Strip} known=${known} begin=${begin} end=${end} large=${true} pick=${pick} /><${Hours} begin=${begin} end=${end} /></div>`;
}
const KEY = [["seen", "up"], ["o-lost", "unplanned, no session"], ["o-partial", "unplanned, IBKR or farms"], ["o-planned", "planned"], ["window", "window"], ["unseen", "not observed"]];
const LineKey = () => html`<ul class="key" aria-label="colours">${KEY.map(([kind, text]) => html`<li><i class=${kind} />${text}</li>`)}</ul>`;
