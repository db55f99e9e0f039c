// Availability in words. A figure of too little time says less than nothing, so none is given.
const ENOUGH = 3600;
const percent = (part) => part === 1 ? "100 %" : `${(Math.floor(part * 1e5) / 1e3).toFixed(3)} %`;
function availability(totals) {
  if (!totals) return { text: "…", known: false };
  if (totals.availability === null || totals.observed_seconds < ENOUGH)
    return { text: totals.observed_seconds >= 1 ? `too little observed: ${span(totals.observed_seconds)}` : "not observed", known: false };
  return { text: percent(totals.availability), known: true };
}
const lostTime = (totals) => [
  [totals.unplanned_outages, totals.unplanned_seconds, "unplanned"], [totals.planned_outages, totals.planned_seconds, "planned"],
].filter(([number]) => number).map(([number, length, kind]) => `${number} ${kind}, ${span(length)}`).join("; ") || "no outage";
const unseen = (totals) => totals.unobserved_seconds > 300 ? `${span(totals.unobserved_seconds)} not observed` : "";
const beat = (gateway) => gateway.heartbeat_seconds === null ? "–" : `${Math.max(1, Math.round(gateway.heartbeat_seconds * 1000))} ms`;
// How bad a day was, in four steps.
function grade(day) {
  if (day.observed_seconds < Math.min(ENOUGH, (instant(day.end) - instant(day.start)) / 2000)) return day.observed_seconds >= 1 ? "little" : "none";
  const lost = day.unplanned_seconds;
  return lost <= 0 ? "good" : lost < 60 ? "slight" : lost < 900 ? "bad" : "worst";
}
