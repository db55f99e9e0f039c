// Everything begins here.
function Title() {
  const { gateways } = useDaemon();
  useEffect(() => {
    if (PAGE.gateway) return;
    const up = gateways.filter((gateway) => gateway.status === "up").length;
    if (daemon.away) document.title = "no answer · ib-supervisor";
    else if (daemon.heard) document.title = `${up}/${gateways.length} up · ib-supervisor`;
  });
  return null;
}
render(html`<${Title} />${PAGE.gateway ? html`<${Gateway} name=${PAGE.gateway} />` : html`<${Overview} />`}`, document.getElementById("app"));
setInterval(tick, 1000);
setInterval(look, POLL);
setInterval(refresh, HISTORY / 4);
look();
remember();
begin();
