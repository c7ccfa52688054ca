// Modals and the Home tab.
import { byId, el, refill } from "./dom.js";
import { blockNodes } from "./blocks.js";
import { toast } from "./dialogs.js";
import { sentence } from "./server.js";
import { textObject } from "./mrkdwn.js";
import { surfaceOf } from "./surface.js";
import { currentLanguage, t } from "./words.js";

let open = null;

function build(view, state, context) {
  const surface = surfaceOf({ view_id: view.id }, state.me, view.id);
  const { spec } = view;
  const busy = (on) => dialog.toggleAttribute("aria-busy", on);
  const submit = async (event) => {
    event.preventDefault();
    if (dialog.hasAttribute("aria-busy")) return;
    busy(true);
    const outcome = await surface.submit();
    busy(false);
    if (!outcome.ok && !Object.keys(outcome.errors ?? {}).length) toast(sentence(outcome), "error");
  };
  const close = () => surface.close();
  const words = (object, fallback) => (object ? textObject(object, context) : fallback);
  const dialog = el(
    "dialog",
    { class: "modal", "aria-labelledby": "modal-title", data: { testid: "modal", viewId: view.id, callbackId: spec.callback_id } },
    el(
      "form",
      { onsubmit: submit, novalidate: true },
      el(
        "header",
        {},
        el("h2", { id: "modal-title" }, words(spec.title, "")),
        el("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: close }, "×"),
      ),
      el("div", { class: "toast-place" }),
      el("div", { class: "modal-body blocks" }, blockNodes(spec.blocks, { surface, context, errors: view.errors })),
      el(
        "footer",
        {},
        el("button", { type: "button", class: "button", onclick: close, data: { testid: "modal-close" } }, words(spec.close, t("cancel"))),
        spec.submit &&
          el("button", { type: "submit", class: "button primary", data: { testid: "modal-submit" } }, words(spec.submit, t("submit"))),
      ),
    ),
  );
  // Escape asks the server, which tells the bot; the answer closes the dialog.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  return dialog;
}

export function showModal(state, context) {
  const view = state.view;
  const signature = view && JSON.stringify([view, state.me, currentLanguage()]);
  if (open?.signature === signature || (!open && !view)) return;
  const sameView = open && view && open.id === view.id;
  const focused = sameView ? document.activeElement?.dataset.actionId : undefined;
  open?.dialog.remove();
  open = null;
  if (!view) {
    byId("composer-text").focus({ preventScroll: true });
    return;
  }
  const dialog = build(view, state, context);
  document.body.append(dialog);
  dialog.showModal();
  const wrong = dialog.querySelector("[aria-invalid]");
  const wanted = [...dialog.querySelectorAll("[data-action-id]")].find((node) => node.dataset.actionId === focused);
  (wrong ?? wanted ?? dialog.querySelector(".modal-body .field, .modal-body input") ?? dialog).focus();
  open = { dialog, signature, id: view.id };
}

export function showHome(state, context) {
  const home = byId("home");
  refill(home, [state.home, state.me, currentLanguage()], () => {
    if (!state.home) return [el("p", { class: "nothing" }, t("homeEmpty"))];
    const surface = surfaceOf({ view_id: state.home.id }, state.me, state.home.id);
    return [el("div", { class: "blocks" }, blockNodes(state.home.spec.blocks, { surface, context }))];
  });
}
