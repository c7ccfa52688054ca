// DOM nodes are built here, never from strings of markup: data can never become markup.
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, definedOnly(value));
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function definedOnly(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

export const byId = (id) => document.getElementById(id);

// Puts new children in place only when `signature` differs, so that focus and half-typed text survive a refresh.
export function refill(node, signature, build) {
  const text = JSON.stringify(signature);
  if (node.signature === text) return;
  node.signature = text;
  const focused = node.contains(document.activeElement) ? document.activeElement.id : "";
  node.replaceChildren(...build());
  if (focused) byId(focused)?.focus();
}

export function initials(name) {
  const han = name.match(/\p{Script=Han}+/u);
  if (han) return han[0].slice(-1);
  const words = name.split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

export function avatar(user, size = "") {
  if (user.is_bot) {
    return el("img", { class: `avatar ${size}`, src: "/assets/mark.svg", alt: "" });
  }
  const hue = [...user.id].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 997, 7) % 6;
  return el("span", { class: `avatar tile-${hue} ${size}`, "aria-hidden": "true" }, initials(user.real_name));
}
