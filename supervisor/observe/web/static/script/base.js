// The status page: asks its own daemon, draws what it says, and says so when it says nothing.
// These files are one script, in the order of pages/shell.py. No text ever becomes markup.
const { h, render } = preact;
const { useEffect, useLayoutEffect, useMemo, useRef, useState } = preactHooks;
const html = htm.bind(h);

const PAGE = document.body.dataset;
const ASKS = new Set(PAGE.asks.split(" ").filter(Boolean));
const LADDER = ["port", "handshake", "session", "heartbeat", "upstream", "farms"];
const SICK_FIRST = ["reauth_required", "down", "degraded", "maintenance", "stopped", "up"];
const SICK = new Set(["reauth_required", "down", "degraded"]);
const DAY = 86400e3;

const words = (name) => name.replaceAll("_", " ");
const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const address = (gateway) => `${gateway.host.includes(":") ? `[${gateway.host}]` : gateway.host}:${gateway.port}`;
const pageOf = (name) => `/gateways/${encodeURIComponent(name)}`;
const labelsOf = (gateway) => Object.entries(gateway.labels ?? {}).map(([name, value]) => `${name}=${value}`);
const hidden = (text) => html`<span class="hidden">${text}</span>`;
