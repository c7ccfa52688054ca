// The message box: slash commands are completed, Enter sends. No answer of the server changes what has been written
// in the box since.
import { byId, el } from "./dom.js";
import { toast } from "./dialogs.js";
import { post, sentence } from "./server.js";
import { t } from "./words.js";

let commands = [];
let target = { user: "", channel: "" };
let marked = 0;
let unanswered = 0;
// By conversation: what is written and not sent yet.
const drafts = new Map();
// Lines that were sent and not taken, until the writer sends them again or drops them.
const unsent = new Set();

const text = () => byId("composer-text");
const list = () => byId("completions");
const keyOf = ({ user, channel }) => `${user}/${channel}`;
const draft = (key) => drafts.get(key) ?? "";

export function showComposer(state) {
  commands = state.commands;
}

// The writer opens another conversation: from now on they write there, also while the page still shows the old one.
export function moveComposer(next) {
  if (keyOf(next) === keyOf(target)) return;
  drafts.set(keyOf(target), text().value);
  target = next;
  fill(draft(keyOf(target)));
}

// The server says where the writer is: when the page has just been loaded, and when they may not see the
// conversation they were to be shown. What they have written meanwhile goes along.
export function landComposer(next) {
  if (keyOf(next) === keyOf(target)) return;
  target = next;
  fill([draft(keyOf(target)), text().value].filter(Boolean).join("\n"));
}

function fill(words) {
  text().value = words;
  grow();
  complete();
  showUnsent();
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

function countUnanswered(change) {
  unanswered += change;
  if (unanswered) byId("composer").setAttribute("aria-busy", "true");
  else byId("composer").removeAttribute("aria-busy");
}

function send() {
  const words = text().value.trim();
  // Until the server has said who the writer is and where, the words stay in the box.
  if (!words || !target.user) return;
  fill("");
  deliver({ target, words });
}

async function deliver(line) {
  countUnanswered(1);
  byId("messages").scrollTop = byId("messages").scrollHeight;
  const { target: place, words } = line;
  const outcome = await post(words.startsWith("/") ? "command" : "say", { ...place, text: words });
  countUnanswered(-1);
  // Where the workspace says in the conversation what became of a line, it was sent.
  if (outcome.ok || (outcome.message && outcome.error !== "bad_request")) return;
  toast(sentence(outcome), "error");
  unsent.add(line);
  showUnsent();
}

// Above the box, which belongs to the writer: they may have typed on.
function showUnsent() {
  const here = [...unsent].filter((line) => keyOf(line.target) === keyOf(target));
  byId("unsent").hidden = !here.length;
  byId("unsent").replaceChildren(...here.map(unsentNode));
}

function unsentNode(line) {
  const take = (next) => () => {
    unsent.delete(line);
    showUnsent();
    text().focus();
    next?.(line);
  };
  return el(
    "li",
    { data: { testid: "unsent" } },
    el("span", {}, line.words),
    el("button", { type: "button", class: "button", data: { testid: "send-again" }, onclick: take(deliver) }, t("sendAgain")),
    el("button", { type: "button", class: "icon", "aria-label": t("drop"), title: t("drop"), onclick: take() }, "×"),
  );
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
