// Interactive elements of Block Kit, each built for a place (a block of a surface).
import { el } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { plainText, textObject } from "./mrkdwn.js";
import { suggester } from "./suggester.js";
import { t } from "./words.js";
import { withEmoji } from "./emoji.js";

// What every control carries for browser tests and for screen readers.
const hooks = (place) => ({
  data: { actionId: place.element.action_id, blockId: place.blockId, value: place.element.value },
  "aria-label": place.label,
});

// `place.sends` is false in an input block, whose content waits for the submission.
async function changed(place, value) {
  place.surface.enter(place.blockId, place.element, value);
  if (place.sends && (await confirmed(place.element.confirm, place.context))) {
    await place.surface.act(place.blockId, place.element, value);
  }
}

async function pressed(node, place, value) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (!(await confirmed(place.element.confirm, place.context))) return;
  node.setAttribute("aria-busy", "true");
  await place.surface.act(place.blockId, place.element, value);
  node.removeAttribute("aria-busy");
}

function button(place) {
  const { element, context } = place;
  const common = { ...hooks(place), class: `button ${element.style ?? ""}`, "aria-label": element.accessibility_label };
  const words = textObject(element.text, context);
  if (element.url && /^https?:/i.test(element.url)) {
    const press = () => pressed(node, place, element.value);
    const node = el("a", { ...common, href: element.url, target: "_blank", rel: "noopener noreferrer", onclick: press }, words, " ↗");
    return node;
  }
  const node = el("button", { ...common, type: "button", onclick: () => pressed(node, place, element.value) }, words);
  // The value is data, not the form value of the button.
  return node;
}

const optionNode = (option, chosen) =>
  el("option", { value: option.value, selected: chosen.includes(option.value) }, plainText(option.text.text));

function chooser(place, choices, initial, several = false) {
  const held = place.surface.held(place.blockId, place.element) ?? initial;
  const chosen = several ? held : [held];
  const empty = el("option", { value: "", selected: !held, disabled: place.sends }, place.element.placeholder?.text ?? t("choose"));
  const node = el(
    "select",
    {
      ...hooks(place),
      class: "field",
      multiple: several,
      onchange: () => changed(place, several ? [...node.selectedOptions].map((option) => option.value) : node.value || null),
    },
    several ? [] : empty,
    choices(chosen),
  );
  return node;
}

const staticChoices = (element) => (chosen) => [
  (element.options ?? []).map((option) => optionNode(option, chosen)),
  (element.option_groups ?? []).map((group) =>
    el("optgroup", { label: withEmoji(group.label.text) }, group.options.map((option) => optionNode(option, chosen))),
  ),
];

const peopleChoices = (context) => (chosen) =>
  [...context.users.values()]
    .filter((user) => !user.is_bot)
    .map((user) => el("option", { value: user.id, selected: chosen.includes(user.id) }, user.real_name));

const channelChoices = (context) => (chosen) =>
  Object.entries(context.channelNames).map(([id, name]) =>
    el("option", { value: id, selected: chosen.includes(id) }, `# ${name}`),
  );

function typed(place, type, initial, extra = {}) {
  const { element, surface, blockId } = place;
  const value = surface.held(blockId, element) ?? initial ?? "";
  const tag = extra.multiline ? "textarea" : "input";
  const node = el(tag, {
    ...hooks(place),
    class: "field",
    ...(extra.multiline ? { rows: 4 } : { type }),
    value,
    placeholder: withEmoji(element.placeholder?.text ?? ""),
    maxLength: element.max_length,
    ...extra.properties,
    oninput: () => surface.enter(blockId, element, node.value),
    onchange: () => extra.sendsOnChange && changed(place, node.value || null),
    onkeydown: (event) => {
      if (event.key === "Enter" && place.sends && !extra.sendsOnChange && !extra.multiline) changed(place, node.value);
    },
  });
  return node;
}

function localInstant(place, initial) {
  const pad = (seconds) => {
    const date = new Date(seconds * 1000);
    return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  };
  const held = place.surface.held(place.blockId, place.element) ?? initial;
  const node = el("input", {
    ...hooks(place),
    class: "field",
    type: "datetime-local",
    value: held ? pad(held) : "",
    onchange: () => changed(place, node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null),
  });
  return node;
}

function marks(place, type) {
  const { element, surface, blockId, context } = place;
  const several = type === "checkbox";
  const initial = several ? (element.initial_options ?? []).map((o) => o.value) : [element.initial_option?.value];
  const held = surface.held(blockId, element);
  const chosen = held === undefined ? initial : [held].flat();
  const group = `${surface.address.view_id ?? surface.address.ts}-${blockId}-${element.action_id}`;
  const node = el("div", { ...hooks(place), class: "marks", role: several ? "group" : "radiogroup" });
  const collect = () => {
    const values = [...node.querySelectorAll("input:checked")].map((input) => input.value);
    changed(place, several ? values : values[0]);
  };
  for (const option of element.options) {
    const input = el("input", { type, name: group, value: option.value, checked: chosen.includes(option.value), onchange: collect });
    const note = option.description && el("small", {}, textObject(option.description, context));
    node.append(el("label", {}, input, el("span", {}, textObject(option.text, context), note)));
  }
  return node;
}

function overflow(place) {
  const menu = el("div", { class: "menu", role: "menu", popover: "auto" });
  const opener = el("button", { ...hooks(place), type: "button", class: "button overflow", "aria-label": t("more"), "aria-haspopup": "menu" }, "⋯");
  opener.popoverTargetElement = menu;
  menu.addEventListener("toggle", () => {
    const spot = opener.getBoundingClientRect();
    menu.style.top = `${Math.min(spot.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
    menu.style.left = `${Math.max(8, Math.min(spot.left, innerWidth - menu.offsetWidth - 8))}px`;
  });
  for (const option of place.element.options) {
    const choose = () => {
      menu.hidePopover();
      pressed(opener, place, option.value);
      if (/^https?:/i.test(option.url ?? "")) open(option.url, "_blank", "noopener");
    };
    menu.append(el("button", { type: "button", role: "menuitem", data: { option: option.value }, onclick: choose }, textObject(option.text, place.context)));
  }
  return el("span", { class: "overflow-place" }, opener, menu);
}

const values = (options) => (options ?? []).map((option) => option.value);
const BUILDERS = {
  button,
  overflow,
  static_select: (p) => chooser(p, staticChoices(p.element), p.element.initial_option?.value),
  multi_static_select: (p) => chooser(p, staticChoices(p.element), values(p.element.initial_options), true),
  external_select: (p) => suggester(p, changed),
  users_select: (p) => chooser(p, peopleChoices(p.context), p.element.initial_user),
  multi_users_select: (p) => chooser(p, peopleChoices(p.context), p.element.initial_users ?? [], true),
  channels_select: (p) => chooser(p, channelChoices(p.context), p.element.initial_channel),
  conversations_select: (p) => chooser(p, channelChoices(p.context), p.element.initial_conversation),
  multi_channels_select: (p) => chooser(p, channelChoices(p.context), p.element.initial_channels ?? [], true),
  datepicker: (p) => typed(p, "date", p.element.initial_date, { sendsOnChange: true }),
  timepicker: (p) => typed(p, "time", p.element.initial_time, { sendsOnChange: true }),
  datetimepicker: (p) => localInstant(p, p.element.initial_date_time),
  plain_text_input: (p) => typed(p, "text", p.element.initial_value, { multiline: p.element.multiline }),
  email_text_input: (p) => typed(p, "email", p.element.initial_value),
  url_text_input: (p) => typed(p, "url", p.element.initial_value),
  number_input: (p) =>
    typed(p, "number", p.element.initial_value, {
      properties: { min: p.element.min_value, max: p.element.max_value, step: p.element.is_decimal_allowed ? "any" : "1" },
    }),
  checkboxes: (p) => marks(p, "checkbox"),
  radio_buttons: (p) => marks(p, "radio"),
};

export function elementNode(element, { blockId, surface, context, sends = true, label = undefined }) {
  const build = BUILDERS[element.type];
  const name = label ?? element.placeholder?.text;
  if (!build) return el("span", { class: "muted" }, `[${element.type}]`);
  return build({ element, blockId, surface, context, sends, label: name });
}
