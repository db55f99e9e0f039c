// Instants in the zone that was chosen, durations in words, and clocks that run.
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const formats = new Map();
const zone = { name: HERE };
try { zone.name = localStorage.getItem("zone") ?? HERE; new Intl.DateTimeFormat("en", { timeZone: zone.name }); } catch { zone.name = HERE; }

function chooseZone(name) {
  zone.name = name;
  try { localStorage.setItem("zone", name); } catch { /* a browser that keeps nothing */ }
  changed();
}
function format(at, how, where = zone.name) {
  const key = JSON.stringify([how, where]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(undefined, { hourCycle: "h23", timeZone: where, ...how }));
  return formats.get(key).format(at);
}
const instant = (at) => typeof at === "string" ? Date.parse(at) : at;
const clock = (at, where) => format(instant(at), { hour: "2-digit", minute: "2-digit" }, where);
const seconds = (at) => format(instant(at), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const weekday = (at, where) => format(instant(at), { weekday: "short", hour: "2-digit", minute: "2-digit" }, where);
const date = (at) => format(instant(at), { weekday: "short", day: "numeric", month: "short" });
const moment = (at) => format(instant(at), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const exact = (at, where = zone.name) => `${format(instant(at), { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }, where)} ${zoneShort(instant(at), where)}`;
const NAMING = [undefined, "en-GB", "en-US", "en-AU"];  // each knows the short names of its own part of the world
function zoneShort(at = now(), where = zone.name) {
  const names = NAMING.map((locale) => new Intl.DateTimeFormat(locale, { timeZone: where, timeZoneName: "short" }).formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "");
  return names.find((name) => !/^(GMT|UTC)[+\u2212-]/.test(name)) ?? names[0];
}
const dayKey = (at) => new Intl.DateTimeFormat("en-CA", { timeZone: zone.name, year: "numeric", month: "2-digit", day: "2-digit" }).format(instant(at));

function span(length) {
  if (length > 0 && length < 10 && !Number.isInteger(length)) return `${length.toFixed(1)} s`;
  const whole = Math.max(0, Math.round(length));
  for (const [unit, size, smaller, part] of [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]])
    if (whole >= size) { const rest = Math.floor((whole % size) / part); return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`; }
  return `${whole} s`;
}
const RUNS = {
  since: (gap) => `for ${span(gap)}`, lasted: span, ago: (gap) => `${span(gap)} ago`, left: (gap) => `${span(gap)} left`, until: (gap, ahead) => ahead ? `in ${span(gap)}` : "now",
};
// An age or a countdown: says itself again each second.
function Timer({ at, run }) {
  const said = () => RUNS[run](Math.round(Math.abs(instant(at) - now()) / 1000), instant(at) > now());
  const [text, say] = useState(said);
  useEffect(() => { say(said); return onTick(() => daemon.away || say(said)); }, [at, run]);
  return html`<time datetime=${at} title=${exact(at)}>${text}</time>`;
}
