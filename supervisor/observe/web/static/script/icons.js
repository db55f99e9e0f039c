// Signs, drawn in lines: never the only thing that tells a status.
const ICONS = {
  up: ["M3 8.6l3.3 3.3L13 4.6"], degraded: ["M8 2.2L14.6 13.6H1.4z", "M8 6.4v3.2", "M8 11.6v.1"], maintenance: ["M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8z", "M8 4.8V8l2.3 1.7"],
  reauth_required: ["M5.2 7.2a3 3 0 100 5.9 3 3 0 000-5.9z", "M7.4 8l6-5.8", "M10.6 5l2.2 2"], down: ["M4 4l8 8", "M12 4l-8 8"], stopped: ["M5.2 3.5v9", "M10.8 3.5v9"],
  ok: ["M3 8.6l3.3 3.3L13 4.6"], broken: ["M4 4l8 8", "M12 4l-8 8"], inactive: ["M3.5 8h9"], connecting: ["M3 8h.1", "M8 8h.1", "M13 8h.1"], unknown: ["M8 4.2a3.8 3.8 0 100 7.6 3.8 3.8 0 000-7.6z"],
  info: ["M8 7.5v4.5", "M8 4.2v.1"], warning: ["M8 2.2L14.6 13.6H1.4z", "M8 6.4v3.2", "M8 11.6v.1"], error: ["M4 4l8 8", "M12 4l-8 8"], next: ["M8 8h.1"],
  open: ["M4 7h8v6.4H4z", "M5.6 7V4.800a2.4 2.4 0 014.7-.6"], closed: ["M4 7h8v6.4H4z", "M5.6 7V4.800a2.4 2.4 0 014.8 0V7"],
  search: ["M7 2.800a4.2 4.2 0 100 8.4 4.2 4.2 0 000-8.400z", "M10.2 10.200l3.6 3.6"], back: ["M10 3L5 8l5 5"], forward: ["M6 3l5 5-5 5"],
};
const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${(ICONS[name] ?? ICONS.unknown).map((d) => html`<path d=${d} />`)}</svg>`;
