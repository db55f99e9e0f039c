// What an operator may ask of the daemon from here: the same requests as the command line's, and none that it refuses.
const SPANS = [["15m", "15 minutes"], ["30m", "30 minutes"], ["1h", "1 hour"], ["2h", "2 hours"], ["4h", "4 hours"]];
async function request(name, what, fields = {}) {
  const answer = await fetch(`/api/v1/gateways/${encodeURIComponent(name)}/${what}`, { method: "POST", body: new URLSearchParams(fields), signal: AbortSignal.timeout(LATE * 3) });
  const said = (await answer.text()).trim();
  if (!answer.ok) throw new Error(said || `refused: ${answer.status}`);
  return said;
}
// A button that opens what it needs to know; Escape closes it again.
function Action({ name, what, label, done, children, explain, fields }) {
  const [open, set] = useState(false), button = useRef(null), form = useRef(null);
  const close = () => { set(false); button.current.focus(); };
  useLayoutEffect(() => { if (open) form.current.querySelector("select, input, button").focus(); }, [open]);
  const send = async (event) => {
    event.preventDefault();
    const given = { ...fields, ...Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value)) };
    close();
    try { done(await request(name, what, given) || `${label}: done`); } catch (error) { done(`${label}: ${error.message}`, true); }
    look();
  };
  return html`<div class="action"><button type="button" ref=${button} aria-expanded=${String(open)} onClick=${() => set(!open)}>${label}</button>
    ${open && html`<form ref=${form} class="ask" aria-label=${label} onSubmit=${send} onKeyDown=${(event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } }}>
      <p>${explain}</p>${children}
      <div class="buttons"><button class="primary">${label}</button><button type="button" onClick=${close}>Cancel</button></div></form>`}</div>`;
}
const For = ({ endless }) => html`<label>for <select name="for">${endless && html`<option value="">until resumed</option>`}${SPANS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`;
// The step of recovery that waits for a person's word.
const waiting = (gateway) => gateway.recovery?.proposal && !gateway.recovery.proposal.approved_by ? gateway.recovery.proposal : null;
const regressed = (gateway) => gateway.gate?.reasons?.some((one) => one.reason === "order_id_regressed");

function Actions({ gateway }) {
  const [said, set] = useState(null), done = (text, fault) => set({ text, fault });
  const maintained = gateway.windows.some((w) => w.name === "maintenance" && w.active), paused = gateway.status === "stopped", common = { name: gateway.name, done };
  const offers = [
    waiting(gateway) && ["approve", html`<${Action} ...${common} what="approve" fields=${{ rung: waiting(gateway).rung }} label="Approve ${words(waiting(gateway).rung)}" explain=${waiting(gateway).text} />`],
    regressed(gateway) && ["confirm-ids", html`<${Action} ...${common} what="confirm-ids" label="Confirm order ids" explain="Your word that the lower order ids are meant: the gate opens again." />`],
    (gateway.reauth.required || gateway.reauth.assumed) && ["confirm-login", html`<${Action} ...${common} what="confirm-login" label="Confirm login" explain="Your word that the weekly login of this gateway was done." />`],
    paused ? ["resume", html`<${Action} ...${common} what="resume" label="Resume" explain="The daemon connects again, with client id ${gateway.client_id}." />`]
      : ["pause", html`<${Action} ...${common} what="pause" label="Pause" explain="The client id is released and nothing is tried. A pause is no outage."><${For} endless=${true} /></${Action}>`],
    maintained ? ["maintenance", html`<${Action} ...${common} what="maintenance" label="End maintenance" fields=${{ end: "true" }} explain="From now on, what breaks is unplanned again." />`]
      : ["maintenance", html`<${Action} ...${common} what="maintenance" label="Maintenance" explain="Until its end, what breaks is planned."><${For} /><label>why <input name="reason" maxlength="200" placeholder="new disks" /></label></${Action}>`],
    gateway.recovery?.rungs.length && ["recover", html`<${Action} ...${common} what="recover" label="Recover" explain="Takes this step now, if its conditions allow it."><label>step <select name="rung">${gateway.recovery.rungs.map((each) => html`<option value=${each.rung}>${words(each.rung)}</option>`)}</select></label></${Action}>`],
  ].filter((offer) => offer && ASKS.has(offer[0]));
  return html`<div class="actions">${offers.map(([, button]) => button)}
    ${!ASKS.size && html`<p class="quiet">Pause, maintenance and the like are for clients on the daemon's machine, or who have given a password.</p>`}
    <p role="status" class=${said?.fault ? "fault" : ""}>${said?.text ?? ""}</p></div>`;
}
