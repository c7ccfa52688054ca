// The list of messages.
import { avatar, byId, el } from "./dom.js";
import { blockNodes } from "./blocks.js";
import { toast } from "./dialogs.js";
import { dayName, formatDate, mrkdwn } from "./mrkdwn.js";
import { post, sentence } from "./server.js";
import { surfaceOf } from "./surface.js";
import { currentLanguage, t } from "./words.js";

const instantOf = (ts) => new Date(Number(ts) * 1000);
const NEAR_THE_END = 80;

function messageNode(message, state, context) {
  const author = message.notice
    ? { id: "system", real_name: t("system"), is_bot: false }
    : (context.users.get(message.user) ?? { id: message.user, real_name: message.user });
  const surface = surfaceOf({ channel: state.channel, ts: message.ts }, state.me, `${state.channel}/${message.ts}`);
  const instant = instantOf(message.ts);
  const head = el(
    "div",
    { class: "message-head" },
    el("span", { class: "author" }, author.real_name),
    author.is_bot && el("span", { class: "badge" }, t("app")),
    el("time", { dateTime: instant.toISOString() }, formatDate(instant, { hour: "2-digit", minute: "2-digit" }, context)),
    message.edited && el("span", { class: "muted" }, t("edited")),
    !message.ephemeral && !message.notice && shortcutNodes(message, state),
  );
  const privately = message.ephemeral && el("p", { class: "only-you" }, el("span", { "aria-hidden": "true" }, "◔ "), t("onlyYou"));
  const content = message.blocks.length
    ? el("div", { class: "blocks" }, blockNodes(message.blocks, { surface, context }))
    : el("div", { class: "words" }, mrkdwn(message.text, context));
  const files = (message.files ?? []).map((file) =>
    el(
      "a",
      { class: "file", href: `/files/${encodeURIComponent(file.id)}`, download: file.name, data: { testid: "file" } },
      `${file.title || file.name} · ${Math.ceil(file.size / 1024)} kB`,
    ),
  );
  const kind = `${message.ephemeral ? "ephemeral" : ""} ${message.notice ? "notice" : ""}`;
  return el(
    "article",
    { class: `message ${kind}`, data: { testid: "message", ts: message.ts, user: message.user } },
    avatar(author),
    el("div", { class: "message-body" }, privately, head, content, files),
  );
}

// What an app offers in the menu of a message.
function shortcutNodes(message, state) {
  return (state.shortcuts ?? []).map((shortcut) => {
    const choose = async () => {
      const place = { user: state.me, channel: state.channel, ts: message.ts };
      const outcome = await post("shortcut", { ...place, callback_id: shortcut.callback_id });
      if (!outcome.ok) toast(sentence(outcome), "error");
    };
    const data = { testid: "shortcut", shortcut: shortcut.callback_id };
    return el("button", { type: "button", class: "shortcut", title: shortcut.description, data, onclick: choose }, shortcut.name);
  });
}

function dayNode(instant, context) {
  const long = formatDate(instant, { weekday: "long", day: "numeric", month: "long", year: "numeric" }, context);
  return el("div", { class: "day", role: "separator" }, el("span", {}, dayName(instant, context) ?? long));
}

// Replies are shown under their message.
function inOrder(messages) {
  const replies = Map.groupBy(messages.filter((m) => m.thread_ts && m.thread_ts !== m.ts), (m) => m.thread_ts);
  const known = new Set(messages.map((m) => m.ts));
  return messages
    .filter((m) => !m.thread_ts || m.thread_ts === m.ts || !known.has(m.thread_ts))
    .flatMap((m) => [{ message: m, depth: 0 }, ...(replies.get(m.ts) ?? []).map((reply) => ({ message: reply, depth: 1 }))]);
}

const shown = new Map();
let shownPlace = "";

function nodeFor(message, depth, state, context, frame) {
  const signature = JSON.stringify([message, frame]);
  const kept = shown.get(message.ts);
  if (kept?.signature === signature) return kept.node;
  const node = messageNode(message, state, context);
  node.classList.toggle("reply", depth > 0);
  shown.set(message.ts, { signature, node });
  return node;
}

export function showMessages(state, context) {
  const list = byId("messages");
  const place = `${state.me}/${state.channel}`;
  const isNew = place !== shownPlace;
  const wasAtEnd = isNew || list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_THE_END;
  if (isNew) shown.clear();
  shownPlace = place;
  const frame = [currentLanguage(), context.timeZone, dayKey(context)];
  const nodes = [];
  let day = "";
  for (const { message, depth } of inOrder(state.messages)) {
    const instant = instantOf(message.ts);
    const its = formatDate(instant, { dateStyle: "short" }, context);
    if (its !== day && depth === 0) {
      nodes.push(dayNode(instant, context));
      day = its;
    }
    nodes.push(nodeFor(message, depth, state, context, frame));
  }
  if (!nodes.length) nodes.push(el("p", { class: "nothing" }, t("empty")));
  arrange(list, nodes);
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

const dayKey = (context) => formatDate(context.now, { dateStyle: "short" }, context);

// Moves only what has changed, so that an open select or a focused button stays as it is.
function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}
