// Switches for faults of Slack and the network, each with a count of how often it has struck.
import { byId, el, refill } from "./dom.js";
import { toast } from "./dialogs.js";
import { post, sentence } from "./server.js";
import { currentLanguage, t } from "./words.js";

function switchNode(fault, language) {
  const turn = async (event) => {
    const outcome = await post("fault", { fault_id: fault.id, on: event.currentTarget.checked });
    if (!outcome.ok) toast(sentence(outcome), "error");
  };
  const id = `fault-${fault.id}`;
  return el(
    "li",
    { class: fault.on ? "fault on" : "fault", data: { testid: "fault", faultId: fault.id } },
    el("input", { id, type: "checkbox", role: "switch", class: "switch", checked: fault.on, onchange: turn, "aria-describedby": `${id}-note` }),
    el("label", { htmlFor: id }, fault.label[language]),
    el("span", { class: fault.struck ? "struck some" : "struck", title: t("struck", { n: fault.struck }), data: { testid: "struck" } }, `${fault.struck}×`),
    el("p", { id: `${id}-note`, class: "muted" }, fault.note[language]),
  );
}

export function showFaults(state) {
  const { switches, stored, repeated } = state.faults;
  const language = currentLanguage();
  const on = switches.filter((fault) => fault.on).length;
  byId("faults-on").hidden = !on;
  byId("faults-on").textContent = String(on);
  byId("faults-on").title = t("faultsOn", { n: on });
  refill(byId("switches"), [switches, language], () => switches.map((fault) => switchNode(fault, language)));
  byId("kept").textContent = t("kept", { stored, repeated });
  byId("kept").classList.toggle("failed", repeated > 0);
}
