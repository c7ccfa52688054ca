// The message box: slash commands are completed, Enter sends.
import { byId, el } from "./dom.js";
import { toast } from "./dialogs.js";
import { post, sentence } from "./server.js";

let commands = [];
let target = { user: "", channel: "" };
let marked = 0;
const drafts = new Map();

const text = () => byId("composer-text");
const list = () => byId("completions");
const draftKey = () => `${target.user}/${target.channel}`;

export function showComposer(state) {
  commands = state.commands;
  const next = { user: state.me, channel: state.channel };
  if (next.user !== target.user || next.channel !== target.channel) {
    drafts.set(draftKey(), text().value);
    target = next;
    text().value = drafts.get(draftKey()) ?? "";
    grow();
    complete();
  }
}

function matching() {
  const typed = text().value;
  if (!typed.startsWith("/") || typed.includes("\n")) return [];
  const [name] = typed.split(" ");
  return commands.filter((command) => (typed.includes(" ") ? command.name === name : command.name.startsWith(name)));
}

function complete() {
  const found = matching();
  marked = Math.min(marked, Math.max(found.length - 1, 0));
  list().hidden = !found.length;
  text().setAttribute("aria-expanded", String(found.length > 0));
  list().replaceChildren(
    ...found.map((command, index) =>
      el(
        "li",
        {
          role: "option",
          id: `completion-${index}`,
          "aria-selected": String(index === marked),
          data: { testid: "completion", command: command.name },
          // mousedown comes before the box loses its focus.
          onmousedown: (event) => {
            event.preventDefault();
            take(command);
          },
        },
        el("span", { class: "command" }, command.name, " ", el("span", { class: "muted" }, command.usage_hint)),
        el("span", { class: "muted" }, command.description),
      ),
    ),
  );
  if (found.length) text().setAttribute("aria-activedescendant", `completion-${marked}`);
  else text().removeAttribute("aria-activedescendant");
}

function take(command) {
  text().value = `${command.name} `;
  complete();
  text().focus();
}

function grow() {
  text().style.height = "auto";
  text().style.height = `${Math.min(text().scrollHeight, 180)}px`;
}

async function send() {
  const words = text().value.trim();
  if (!words) return;
  text().value = "";
  grow();
  complete();
  byId("composer").setAttribute("aria-busy", "true");
  byId("messages").scrollTop = byId("messages").scrollHeight;
  const outcome = await post(words.startsWith("/") ? "command" : "say", { ...target, text: words });
  byId("composer").removeAttribute("aria-busy");
  if (!outcome.ok) {
    // A sentence of the workspace's own already stands in the conversation.
    if (!outcome.message) toast(sentence(outcome), "error");
    // What was not taken can be sent again.
    if (!text().value && outcome.error !== "invalid_response") text().value = words;
  }
}

function onKey(event) {
  const found = list().hidden ? [] : matching();
  const typing = !text().value.includes(" ");
  if (event.isComposing) return;
  if (found.length && typing && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    marked = (marked + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    complete();
  } else if (found.length && typing && (event.key === "Tab" || (event.key === "Enter" && text().value !== found[marked].name))) {
    event.preventDefault();
    take(found[marked]);
  } else if (event.key === "Escape") {
    list().hidden = true;
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  }
}

export function wireComposer() {
  text().addEventListener("keydown", onKey);
  text().addEventListener("input", () => {
    grow();
    complete();
  });
  text().addEventListener("blur", () => (list().hidden = true));
  text().addEventListener("focus", complete);
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}
