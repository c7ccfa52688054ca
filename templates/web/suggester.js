// A select whose options come from the app while a person types.
import { el } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { t } from "./words.js";

const PAUSE_MS = 200;

export function suggester(place, changed) {
  const { element, surface, blockId } = place;
  const results = el("div", { class: "suggestions", hidden: true });
  let pause = 0;
  let question = 0;
  // Whoever types on, chooses or presses Escape wants no answer to what was asked before.
  const dropQuestion = () => {
    clearTimeout(pause);
    question += 1;
  };
  const ask = async () => {
    const own = question;
    const answer = await surface.suggest(blockId, element, input.value);
    if (own !== question) return;
    const options = answer.ok ? answer.options : [];
    results.replaceChildren(...(options.length ? options.map(optionButton) : [el("span", { class: "muted" }, t("nothingFound"))]));
    results.hidden = false;
  };
  const optionButton = (option) =>
    el("button", { type: "button", data: { option: option.value }, onclick: () => choose(option) }, plainText(option.text.text));
  const choose = (option) => {
    dropQuestion();
    input.value = plainText(option.text.text);
    surface.write(blockId, element, input.value);
    results.hidden = true;
    changed(place, option.value);
  };
  const input = el("input", {
    class: "field",
    type: "search",
    data: { actionId: element.action_id, blockId },
    "aria-label": place.label,
    placeholder: element.placeholder?.text ?? t("search"),
    value: surface.written(blockId, element) ?? element.initial_option?.text.text ?? "",
    oninput: () => {
      dropQuestion();
      surface.write(blockId, element, input.value);
      if (input.value.length >= (element.min_query_length ?? 3)) pause = setTimeout(ask, PAUSE_MS);
    },
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      dropQuestion();
      results.hidden = true;
    },
  });
  return el("span", { class: "suggester" }, input, results);
}
