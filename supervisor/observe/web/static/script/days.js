// Ninety days as a calendar: a column a week, a row a day of the week. Arrow keys move in it.
const WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const dayOf = (day) => new Date(`${day}T12:00:00Z`);
const rowOf = (day) => (dayOf(day).getUTCDay() + 6) % 7;
const dayName = (day, how) => new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...how }).format(dayOf(day));
const longDay = (day) => dayName(day, { weekday: "long", day: "numeric", month: "long" });
const GRADES = [["good", "no unplanned outage"], ["slight", "under 1 min"], ["bad", "under 15 min"], ["worst", "longer"], ["none", "not or too little observed"]];

function Calendar({ days, chosen, choose }) {
  const grid = useRef(null), [at, move] = useState(days.length - 1);
  const first = rowOf(days[0].day), columns = Math.ceil((first + days.length) / 7);
  const cell = (row, column) => column * 7 + row - first;
  const keys = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1, Home: -999, End: 999 };
  const onKeyDown = (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(days.length - 1, at + keys[event.key]));
    move(next);
    grid.current.querySelector(`[data-n="${next}"]`)?.focus();
  };
  const months = [...Array(columns).keys()].map((column) => {
    const day = days[Math.max(0, cell(0, column))]?.day, before = days[Math.max(0, cell(0, column - 1))]?.day;
    return column && day && day.slice(0, 7) !== before?.slice(0, 7) || (!column && Number(day.slice(8)) < 20) ? dayName(day, { month: "short" }) : "";
  });
  return html`<table class="calendar" ref=${grid} onKeyDown=${onKeyDown}>
    <caption class="hidden">availability by day, a column a week; arrow keys move, Enter opens a day</caption>
    <thead aria-hidden="true"><tr><td></td>${months.map((month) => html`<td>${month}</td>`)}</tr></thead>
    <tbody>${WEEK.map((name, row) => html`<tr><th scope="row">${name}</th>${[...Array(columns).keys()].map((column) => {
      const n = cell(row, column), day = days[n];
      if (!day) return html`<td></td>`;
      const lost = day.unplanned_outages, text = `${longDay(day.day)}: ${availability(day).text}${day.observed_seconds ? `, ${lostTime(day)}` : ""}`;
      return html`<td><button type="button" class="day ${grade(day)} ${day.planned_outages ? "with-planned" : ""}" data-n=${n} tabindex=${n === at ? 0 : -1} title=${text} aria-label=${text}
        aria-pressed=${String(chosen === day.day)} onClick=${() => { move(n); choose(chosen === day.day ? null : day.day); }}>${lost ? (lost > 9 ? "9+" : lost) : ""}</button></td>`;
    })}</tr>`)}</tbody></table>`;
}
const CalendarKey = () => html`<ul class="key" aria-label="colours of the days">${GRADES.map(([kind, text]) => html`<li><i class="day ${kind}" />${text}</li>`)}<li><i class="day good with-planned" />with a planned one</li></ul>`;
