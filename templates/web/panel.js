// The controls at the side of the page, such as "One day passes".
import { byId, el, refill } from "./dom.js";
import { toast } from "./dialogs.js";
import { post, sentence } from "./server.js";
import { currentLanguage, t } from "./words.js";

const entered = new Map();

function choiceNode(control, choice, language) {
  const key = `${control.id}/${choice.id}`;
  const value = entered.get(key) ?? choice.initial;
  // With every key, because the form is drawn once more with each sentence a run says.
  const keep = (event) => entered.set(key, event.target.value);
  const common = { id: `choice-${control.id}-${choice.id}`, class: "field", name: choice.id, oninput: keep };
  const field =
    choice.kind === "select"
      ? el("select", common, choice.options.map((o) => el("option", { value: o.value, selected: o.value === value }, o[language])))
      : el("input", { ...common, type: choice.kind === "date" ? "date" : "text", value });
  return el("label", {}, choice.label[language], field);
}

function statusNode(run, language) {
  if (!run) return null;
  const sentence = run.sentence[language] ?? run.sentence;
  const words = run.status === "running" ? sentence || t("running") : sentence;
  return el("p", { class: `status ${run.status}`, role: "status", data: { testid: "control-status", status: run.status } }, words);
}

function controlNode(control, language) {
  const start = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget));
    const outcome = await post("control", { control_id: control.id, values });
    if (!outcome.ok) toast(sentence(outcome), "error");
  };
  const running = control.run?.status === "running";
  return el(
    "form",
    { class: "control", onsubmit: start, data: { testid: "control", controlId: control.id } },
    control.description[language] && el("p", { class: "muted" }, control.description[language]),
    control.choices.map((choice) => choiceNode(control, choice, language)),
    el("button", { id: `run-${control.id}`, class: "button wide", disabled: running, "aria-busy": String(running), data: { controlId: control.id } }, control.label[language]),
    statusNode(control.run, language),
  );
}

export function showPanel(state) {
  const language = currentLanguage();
  byId("time").hidden = !state.controls.length;
  refill(byId("controls"), [state.controls, language], () => state.controls.map((control) => controlNode(control, language)));
}
