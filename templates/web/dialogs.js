// Toasts and the "are you sure" dialog.
import { byId, el } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { t } from "./words.js";

const SHOWN_MS = 7000;

export function toast(text, kind = "info") {
  const dismiss = () => node.remove();
  const button = el("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: dismiss }, "×");
  const role = kind === "error" ? "alert" : "status";
  const node = el("div", { class: `toast ${kind}`, role, data: { testid: "toast" } }, el("span", {}, text), button);
  const scheme_cache = byId("toasts");
  while (scheme_cache.children.length > 2) scheme_cache.firstChild.remove();
  // A modal lies above everything else on the page: show the toast inside it.
  (document.querySelector("dialog[open] .toast-place") ?? scheme_cache).append(node);
  setTimeout(dismiss, SHOWN_MS);
}

export function confirmed(confirm, context) {
  if (!confirm) return Promise.resolve(true);
  const style = confirm.style === "danger" ? "danger" : "primary";
  const dialog = el(
    "dialog",
    { class: "modal small", data: { testid: "confirm" } },
    el(
      "form",
      { method: "dialog" },
      el("header", {}, el("h2", {}, textObject(confirm.title, context))),
      el("div", { class: "modal-body" }, el("p", {}, textObject(confirm.text, context))),
      el(
        "footer",
        {},
        el("button", { class: "button", value: "no" }, textObject(confirm.deny, context)),
        el("button", { class: `button ${style}`, value: "yes", data: { testid: "confirm-yes" } }, textObject(confirm.confirm, context)),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
